"""Which adapter a name stands for, and what is said where it can't be used."""

from pathlib import Path

import pytest

from foundry_bench.session.adapters import NamedAdapter, adapter_files, adapter_target
from foundry_bench.session.inputs import Endpoint, read_settings
from foundry_bench.session.settings import resolve
from foundry_bench.session.targets import find_target
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Target

PACKAGED = NamedAdapter(code="gguf")


def written(folder: Path, text: str) -> dict[str, NamedAdapter]:
    file = folder / "plan.toml"
    file.write_text(text)
    found: dict[str, NamedAdapter] = read_settings(file)["adapters"]
    return found


@pytest.fixture
def packaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package is installed that has an adapter ``packaged``."""
    info = tmp_path / "site" / "some-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[foundry_bench.adapters]\npackaged = some_module\n")
    monkeypatch.syspath_prepend(str(info.parent))


def test_paths_of_a_plan_are_beside_it(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    found = written(
        tmp_path,
        '[adapters.a]\npath = "a.py"\nweights = "weights"\nlicense = "mit"\ncapabilities = ["chat"]\n'
        '[adapters.b]\nentry_point = "gguf"\nweights = "org/model"\n',
    )
    assert found == {
        "a": NamedAdapter(
            code=str(tmp_path / "a.py"), weights=str(tmp_path / "weights"), license="mit", capabilities=("chat",)
        ),
        "b": NamedAdapter(code="gguf", weights="org/model"),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("adapters = 1", "line 1: adapters must be a table, not 1"),
        ("[adapters.a]", "line 1: adapters.a must have either path or entry_point; give it one of them"),
        ('[adapters.a]\npath = "a.py"\nentry_point = "b"', "line 1: adapters.a must have either path or entry_point"),
        (
            '[adapters.a]\npath = "a.txt"',
            "line 1: adapters.a.path must be a Python file, whose name ends in .py, not 'a.txt'",
        ),
        ('[adapters.a]\npth = "a.py"', "line 2: adapters.a: key 'pth' is not known; did you mean 'path'?"),
        ('[adapters."a:b"]\npath = "a.py"', "line 1: an adapter's name must be made of letters"),
        (
            '[adapters.a]\npath = "a.py"\ncapabilities = "chat"',
            "line 1: adapters.a: capabilities must be a list of names",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(InputError) as refused:
        written(tmp_path, text)
    assert str(refused.value).startswith(f"{tmp_path / 'plan.toml'}: {reason}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "weights", "model"),
    [
        ("gguf", None, "gguf"),
        ("gguf:", None, "gguf"),
        ("gguf:no/such.gguf", "no/such.gguf", "such.gguf"),
        (r"gguf:C:\models\such.gguf", r"C:\models\such.gguf", Path(r"C:\models\such.gguf").name),
        ("gguf:org/model:7b", "org/model:7b", "model:7b"),
    ],
)
def test_weights_follow_the_first_colon(name: str, weights: str | None, model: str) -> None:
    expected = Target(name=name, backend="adapter", model=model, path=weights, adapter="gguf")
    assert adapter_target(name, {"gguf": PACKAGED}) == expected


def test_weights_beside_the_command_are_handed_over_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.gguf").touch()
    target = adapter_target("gguf:m.gguf", {"gguf": PACKAGED})
    assert target is not None
    assert (target.path, target.model) == (str(tmp_path / "m.gguf"), "m.gguf")


@pytest.mark.usefixtures("packaged")
def test_an_installed_adapter_leaves_the_catalogs_names_alone() -> None:
    adapter = adapter_target("packaged:w", {})
    assert adapter is not None
    assert (adapter.adapter, adapter.path) == ("packaged", "w")
    for name in ("packaged", "phi-4-mini", "phi-4-mini-cpu:5", "packaged2:w", "C:\\packaged"):
        assert adapter_target(name, {}) is None


def test_a_named_endpoint_and_an_adapter_go_before_the_one_endpoint(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    endpoints = {"lab": Endpoint(url="http://lab")}
    adapters = {"a": NamedAdapter(code=str(tmp_path / "a.py")), "lab": PACKAGED}
    kinds = {
        name: (target.backend, target.url)
        for name in ("lab:x", "a", "a:x", "x", "b:x")
        for target in [find_target(name, "http://one", endpoints, adapters, {})]
    }
    assert kinds == {
        "lab:x": ("openai_http", "http://lab"),
        "a": ("adapter", None),
        "a:x": ("adapter", None),
        "x": ("openai_http", "http://one"),
        "b:x": ("openai_http", "http://one"),
    }


def test_a_missing_file_is_refused_only_where_it_is_meant(tmp_path: Path) -> None:
    adapters = {"a": NamedAdapter(code=str(tmp_path / "a.py"))}
    assert adapter_target("b", adapters) is None
    with pytest.raises(InputError, match=r"adapter 'a': there is no file .*a\.py; mend its path"):
        adapter_target("a:w", adapters)


def test_files_of_the_command_line_go_before_the_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = tmp_path / "plan.toml"
    plan.write_text('models = ["a"]\n[adapters.a]\npath = "other/a.py"\n[adapters.b]\npath = "b.py"\n')
    settings = resolve({"adapters": adapter_files(["a.py"], "--adapter")}, {}, plan)
    assert {name: adapter.code for name, adapter in settings.adapters.items()} == {
        "a": str(tmp_path / "a.py"),
        "b": str(tmp_path / "b.py"),
    }
    with pytest.raises(InputError, match=r"--adapter must be a Python file, whose name ends in \.py, not 'a'"):
        adapter_files(["a"], "--adapter")
