"""What can be imported: the kind of it is found, all else is refused in a line that says what could be."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from foundry_bench.session.catalog import own_entries
from foundry_bench.session.importing import Choices, cache_mb, find_kind, import_model
from foundry_bench.session.own_models import list_own
from foundry_bench.values.errors import InputError
from tiny import tiny_gguf, tiny_model


def holding(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("{}", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("genai_config.json", "model.onnx"), "genai"),
        (("genai_config.json", "config.json"), "genai"),
        (("config.json", "model.safetensors"), "snapshot"),
        (("config.json", "model.gguf"), "snapshot"),
    ],
)
def test_a_folder_is_known_by_what_is_in_it(tmp_path: Path, names: tuple[str, ...], kind: str) -> None:
    assert find_kind(holding(tmp_path / "m", *names)) == kind


@pytest.mark.parametrize("name", ["m.gguf", "M.GGUF"])
def test_a_gguf_file_is_known_by_its_name(tmp_path: Path, name: str) -> None:
    assert find_kind(holding(tmp_path / "m", name) / name) == "gguf"


@pytest.mark.parametrize(
    ("names", "path", "text"),
    [
        ((), "nothing", "no such file or folder"),
        (("model.onnx",), ".", "no genai_config.json (ONNX Runtime GenAI) or config.json (Hugging Face) in it, and no"),
        (("b.gguf", "a.gguf"), ".", "a folder of GGUF files; name one of them, for example"),
        (("model.safetensors",), "model.safetensors", "the only kind of file to import; name its folder"),
        (("model.bin",), "model.bin", "not a .gguf file, the only kind of file to import"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, names: tuple[str, ...], path: str, text: str) -> None:
    with pytest.raises(InputError) as caught:
        find_kind(holding(tmp_path / "m", *names) / path)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "choices", "text"),
    [
        ("genai_config.json", Choices(context=9), "--context has no meaning for an ONNX Runtime GenAI folder"),
        ("genai_config.json", Choices(precision="int4"), "--precision has no meaning for an ONNX"),
        ("m.gguf", Choices(precision="int8"), "--precision has no meaning for a GGUF file"),
        ("m.gguf", Choices(device="cpu"), "--device has no meaning for a GGUF file"),
    ],
)
def test_a_choice_without_meaning_is_refused(tmp_path: Path, name: str, choices: Choices, text: str) -> None:
    folder = holding(tmp_path / "m", name)
    with pytest.raises(InputError, match=text):
        import_model(folder / name if name.endswith("gguf") else folder, None, choices)
    assert list_own() == {}


def test_a_folder_that_cannot_be_read_is_not_registered(tmp_path: Path) -> None:
    folder = holding(tmp_path / "m", "model.onnx")
    (folder / "genai_config.json").write_text('{"model": ')
    with pytest.raises(InputError, match=r"genai_config\.json: line 1 column 11: not valid JSON"):
        import_model(folder, None, Choices())
    assert list_own() == {}


def test_a_folder_without_a_graph_that_it_names_is_not_registered(tmp_path: Path) -> None:
    folder = holding(tmp_path / "m", "genai_config.json", "model.onnx")
    parts = [{"embeddings": {"filename": "embeddings.onnx"}}, {"head": {"filename": "model.onnx"}}]
    (folder / "genai_config.json").write_text(json.dumps({"model": {"decoder": {"pipeline": parts}}}))
    with pytest.raises(
        InputError, match=r"embeddings\.onnx is missing, and genai_config\.json names it; copy the whole"
    ):
        import_model(folder, None, Choices())
    (folder / "embeddings.onnx").touch()
    assert import_model(folder, None, Choices())[0] == "m"


def test_a_gguf_file_is_converted_once_and_replaced_by_force(tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "My Tiny.gguf")
    name, model = import_model(tmp_path / "My Tiny.gguf", None, Choices(context=64))
    assert (name, model.license, list_own()) == ("my-tiny", "mit", {"my-tiny": model})
    with pytest.raises(InputError, match="'my-tiny' was imported before"):
        import_model(tmp_path / "My Tiny.gguf", None, Choices())
    import_model(tmp_path / "My Tiny.gguf", None, Choices(context=32), replace=True)
    config = json.loads(Path(model.path, "genai_config.json").read_text())
    assert config["model"]["context_length"] == 32


def test_a_failed_replacement_leaves_the_old_model(tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "m.gguf")
    _, model = import_model(tmp_path / "m.gguf", "m", Choices(context=64))
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    with pytest.raises(InputError, match="truncated"):
        import_model(tmp_path / "m.gguf", "m", Choices(), replace=True)
    assert list_own() == {"m": model}
    assert Path(model.path, "model.onnx").is_file()


def test_a_folder_in_place_of_a_converted_model_leaves_none_of_that_on_the_disk(tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "m.gguf")
    _, converted = import_model(tmp_path / "m.gguf", "m", Choices(context=64))
    import_model(Path(converted.path), "m", Choices(), replace=True)
    assert Path(converted.path, "model.onnx").is_file()  # the very folder is registered
    _, model = import_model(holding(tmp_path / "mine", "genai_config.json"), "m", Choices(), replace=True)
    assert list_own() == {"m": model}
    assert not Path(converted.path).exists()
    assert Path(model.path, "genai_config.json").is_file()


@pytest.mark.parametrize("other", ["m.new", "m.old"])
def test_no_model_stands_in_the_way_of_another_s_conversion(tmp_path: Path, other: str) -> None:
    tiny_gguf(tmp_path / "m.gguf")
    _, model = import_model(tmp_path / "m.gguf", other, Choices(context=64))
    import_model(tmp_path / "m.gguf", "m", Choices(context=64))
    import_model(tmp_path / "m.gguf", "m", Choices(context=32), replace=True)
    assert Path(model.path, "model.onnx").is_file()
    assert sorted(path.name for path in Path(model.path).parent.iterdir()) == ["m", other, "registry.json"]


@pytest.mark.parametrize("replace", [False, True])
def test_names_differ_by_more_than_their_letters_case(tmp_path: Path, *, replace: bool) -> None:
    _, model = import_model(holding(tmp_path / "m", "genai_config.json"), "Phi", Choices())
    with pytest.raises(InputError, match="'phi' is 'Phi' in other letters"):
        import_model(holding(tmp_path / "n", "genai_config.json"), "phi", Choices(), replace=replace)
    assert list_own() == {"Phi": model}


def test_a_snapshot_in_the_hub_cache_takes_the_model_s_name(tmp_path: Path) -> None:
    folder = holding(tmp_path / "models--Owner--Some_Model-1B" / "snapshots" / "abc123", "genai_config.json")
    assert import_model(folder, None, Choices())[0] == "some_model-1b"


def test_the_cache_of_a_folder_is_layers_heads_and_context_in_floats(tmp_path: Path) -> None:
    assert cache_mb(tiny_model(tmp_path / "m")) == pytest.approx(2 * 4 * 2 * 2 * 16 * 4096 / 1e6)
    assert cache_mb(holding(tmp_path / "n", "genai_config.json")) is None


def test_an_imported_model_is_listed_with_the_size_of_its_folder_while_that_is_there(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "mine")
    import_model(folder, "mine", Choices())
    (entry,) = own_entries()
    size_mb = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    assert entry.id == "mine"
    assert entry.size_mb == pytest.approx(size_mb, abs=0.05)
    shutil.rmtree(folder)
    (entry,) = own_entries()
    assert entry.size_mb is None


def test_a_model_whose_folder_can_not_be_read_is_listed_without_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_model(tiny_model(tmp_path / "mine"), "mine", Choices())

    def refused(_path: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refused)
    (entry,) = own_entries()
    assert (entry.id, entry.size_mb) == ("mine", None)
