"""Input files: what they are read into, and the one line that refuses each mistake."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.session.documents import line_of, parse_toml
from foundry_bench.session.fields import FIELDS, SCREEN
from foundry_bench.session.inputs import Endpoint, read_models, read_prompts, read_settings
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Prompt

SAMPLES = Path(__file__).parents[2] / "sample_configs"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(name: str, content: str | bytes) -> str:
    path = Path(name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    readers: dict[str, Any] = {"models.json": read_models, "prompts.json": read_prompts}
    with pytest.raises(InputError) as error:
        readers.get(name, read_settings)(path)
    return str(error.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        # Keys.
        ("ronds = 3", "plan.toml: line 1: key 'ronds' is not known; did you mean 'rounds'?"),
        ("theme = 'dark'", "plan.toml: line 1: key 'theme' is not known; did you mean 'screen.theme'?"),
        ("model_cache_dir = 'x'", "did you mean 'foundry.model_cache_dir'?"),
        ("max-tokens = 3", "plan.toml: line 1: key 'max-tokens' is not known; did you mean 'max_tokens'?"),
        (
            "[foundry]\ncatalog = 'x'",
            "plan.toml: line 2: key 'foundry.catalog' is not known; did you mean 'foundry.catalog_url'?",
        ),
        ("[endpoints.lab]\nuri = 'x'", "plan.toml: line 2: endpoints.lab: key 'uri' is not known; did you mean 'url'?"),
        # Numbers.
        ("\n\nrounds = 0", "plan.toml: line 3: rounds must be a whole number of at least 1, not 0"),
        ("rounds = true", "plan.toml: line 1: rounds must be a whole number of at least 1, not true"),
        ("rounds = 3.7", "plan.toml: line 1: rounds must be a whole number of at least 1, not 3.7"),
        ("rounds = '3'", "plan.toml: line 1: rounds must be a whole number of at least 1, not '3'"),
        (
            "rounds = 10000000000",
            "rounds must be a whole number of at least 1 and at most 1000000000, not a number that large",
        ),
        ("rounds = []", "plan.toml: line 1: rounds must be a whole number of at least 1, not a list"),
        ("warmup = -1", "plan.toml: line 1: warmup must be a whole number of at least 0, not -1"),
        ("max_tokens = 0", "plan.toml: line 1: max_tokens must be a whole number of at least 1, not 0"),
        ("seed = -1", "plan.toml: line 1: seed must be a whole number of at least 0, not -1"),
        ("concurrency = 257", "plan.toml: line 1: concurrency must be a whole number from 1 to 256, not 257"),
        ("temperature = 2.5", "plan.toml: line 1: temperature must be a number from 0 to 2, not 2.5"),
        ("temperature = nan", "plan.toml: line 1: temperature must be a number from 0 to 2, not nan"),
        ("temperature = false", "plan.toml: line 1: temperature must be a number from 0 to 2, not false"),
        ("timeout = 0", "plan.toml: line 1: timeout must be a number of seconds above 0, not 0"),
        (
            "timeout = inf",
            "plan.toml: line 1: timeout must be a number of seconds above 0 and at most 1000000000, not inf",
        ),
        ("timeout = 1979-05-27", "plan.toml: line 1: timeout must be a number of seconds above 0, not a date"),
        # Words.
        ("stream = 1", "plan.toml: line 1: stream must be true or false, not 1"),
        ("client = 'curl'", "plan.toml: line 1: client must be 'raw' or 'openai', not 'curl'"),
        ("via = 'http'", "plan.toml: line 1: via must be 'auto' or 'web' or 'session', not 'http'"),
        ("system = 7", "plan.toml: line 1: system must be text, not 7"),
        ("out = ' '", "plan.toml: line 1: out must be a path, not ' '"),
        # Models and prompts.
        ("models = 'phi-4-mini'", "plan.toml: line 1: models must be a list of names, not 'phi-4-mini'"),
        ("models = []", "plan.toml: line 1: models is an empty list; name at least one model"),
        ("models = ['a', ' ']", "plan.toml: line 1: models: item 2 must be a name of one line, not ' '"),
        ('models = ["a\\nb"]', "plan.toml: line 1: models: item 1 must be a name of one line, not 'a\\nb'"),
        ("models = ['a', 'b', ' a']", "plan.toml: line 1: models: 'a' is there twice; remove one"),
        ("prompts = []", "plan.toml: line 1: prompts is an empty list; write at least one prompt"),
        ("prompts = 7", "plan.toml: line 1: prompts must be a list of prompts, not 7"),
        ("prompts = ['a', '']", "plan.toml: line 1: prompt 2 is empty; give it some text or remove it"),
        ("rounds = 3\nprompts = 'no.json'", "plan.toml: line 2: no.json: there is no such file; mend the path"),
        # URLs.
        (
            "endpoint = 'localhost:5273'",
            "plan.toml: line 1: endpoint 'localhost:5273' has no scheme; write http://localhost:5273",
        ),
        ("endpoint = 'localhost'", "plan.toml: line 1: endpoint 'localhost' has no scheme; write http://localhost"),
        (
            "endpoint = 'ftp://h'",
            "plan.toml: line 1: endpoint must be an http or https URL with a host, such as http://localhost:5273, not 'ftp://h'",
        ),
        (
            "endpoint = 'http:///v1'",
            "plan.toml: line 1: endpoint must be an http or https URL with a host, such as http://localhost:5273, not 'http:///v1'",
        ),
        (
            "endpoint = 'http://h:99999'",
            "line 1: endpoint is not a URL: its host or port is malformed; write http://HOST:PORT",
        ),
        (
            "endpoint = 'http://[h'",
            "line 1: endpoint is not a URL: its host or port is malformed; write http://HOST:PORT",
        ),
        (
            "endpoint = 'http://me:secret@h'",
            "plan.toml: line 1: endpoint holds a user name or password; keys belong in the environment",
        ),
        (
            "endpoint = 'http://h/v1?key=secret'",
            "plan.toml: line 1: endpoint must end before the '?' or '#'; keys belong in the environment",
        ),
        ("endpoint = 'h/v1?key=secret'", "endpoint must end before the '?' or '#'; keys belong in the environment"),
        ("endpoint = 'me:secret@h'", "endpoint holds a user name or password; keys belong in the environment"),
        (
            "endpoint = 'http:/h'",
            "endpoint must be an http or https URL with a host, such as http://localhost:5273, not",
        ),
        ("endpoint = 7", "plan.toml: line 1: endpoint must be an http or https URL, not 7"),
        # Tables.
        ("foundry = 3", "plan.toml: foundry must be a table, not 3"),
        (
            "[foundry]\n\ncatalog_url = 'catalog.example'",
            "plan.toml: line 3: foundry.catalog_url 'catalog.example' has no scheme; write http://catalog.example",
        ),
        ("endpoints = 3", "plan.toml: line 1: endpoints must be a table, not 3"),
        ("[endpoints.lab]", "plan.toml: line 1: endpoints.lab has no url; give it one"),
        (
            "[endpoints]\nlab = 'x'",
            "plan.toml: line 1: endpoints.lab must be a table such as {url = \"http://lab:5273\"}, not 'x'",
        ),
        (
            "[endpoints.'a:b']\nurl = 'http://h'",
            "plan.toml: line 1: an endpoint's name must be made of letters, digits, '.', '_' and '-', not 'a:b'",
        ),
        (
            "[endpoints.lab]\nurl = 'http://h'\nkey_env = 'sk-secret'",
            "endpoints.lab: key_env must be the name of an environment variable, such as LAB_KEY, never the key itself",
        ),
        # TOML itself.
        ("a = 1\nb = x", "plan.toml: line 2 column 5: not valid TOML: Invalid value"),
        ("rounds = ", "plan.toml: "),
        ('out = "C:\\work"', "; write a Windows path in 'single quotes'"),
        ('out = "C:\\Users"', "; write a Windows path in 'single quotes'"),
        ('out = "C:\\new"', "out 'C:\\new' holds a control character; write a Windows path in 'single quotes'"),
        (
            "rounds = " + "9" * 5000,
            "plan.toml: not valid TOML: a number or date is out of range, or the nesting too deep",
        ),
        ("a = " + "[" * 5000, "plan.toml: not valid TOML: a number or date is out of range, or the nesting too deep"),
        (b"\xff\xfer\0o\0", "plan.toml: looks like UTF-16; save it as UTF-8"),
        (b"rounds = 3\nsystem = 'caf\xe9'", "plan.toml: is not UTF-8 text, see line 2; save it as UTF-8"),
    ],
)
def test_a_mistake_in_a_plan_is_refused_in_one_line(content: str | bytes, message: str) -> None:
    line = refused("plan.toml", content)
    assert message in line
    assert line.startswith("plan.toml: ")
    assert "\n" not in line
    assert "secret" not in line


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("7", 'the file must be a list of names, such as ["phi-4-mini"], or an object of models, not 7'),
        ("[]", "the file is an empty list; name at least one model"),
        ("{}", "names no model; write a list of names"),
        ("[7]", "the file: item 1 must be a name of one line, not 7"),
        ('["a", "a"]', "the file: 'a' is there twice; remove one"),
        ('["\\ud800"]', "the file: item 1 must be a name of one line, not '\\ud800'"),
        ('{"models": "a"}', "models must be a list of names, not 'a'"),
        ('{"models": null}', "models must be a list of names, not null"),
        ('{"models": ["a"], "promts": []}', "key 'promts' is not known; did you mean 'prompts'?"),
        ('{"models": ["a"], "prompts": [""]}', "prompt 1 is empty; give it some text or remove it"),
        ('{"a": {}, "a": {}}', "key 'a' is there twice; remove one"),
        ('{"a": []}', 'model \'a\' must be an object such as {"capabilities": ["chat"]}, not a list'),
        ('{"a": {"capabilites": []}}', "model 'a': key 'capabilites' is not known; did you mean 'capabilities'?"),
        ('{"a": {"capabilities": "chat"}}', "model 'a': capabilities must be a list of names, not 'chat'"),
        ('{"a": {"size_mb": "big"}}', "model 'a': size_mb must be a number of MB above 0, not 'big'"),
        (
            '{"a": {"size_mb": 1e999}}',
            "model 'a': size_mb must be a number of MB above 0 and at most 1000000000, not inf",
        ),
        ('{"a": {"size_mb": NaN}}', "NaN is no JSON number; remove it"),
        ('[\n"a",\n"b" "c"]', "line 3 column 5: not valid JSON: Expecting ',' delimiter"),
        ("", "not valid JSON: it is empty; write its content"),
        ("[" * 100_000, "not valid JSON: a number is too long, or the nesting too deep"),
        ("9" * 5000, "not valid JSON: a number is too long, or the nesting too deep"),
    ],
)
def test_a_mistake_in_models_is_refused_in_one_line(content: str, message: str) -> None:
    assert refused("models.json", content) == f"models.json: {message}"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"prompt": "a"}', "the file must be a list of prompts, not an object"),
        ("[]", "the file is an empty list; write at least one prompt"),
        ('["a", " "]', "prompt 2 is empty; give it some text or remove it"),
        ('["a", {"prompt": ""}]', "prompt 2 is empty; give it some text or remove it"),
        ('[{"id": "a"}]', "prompt 1 has no 'prompt'; give it some text"),
        ("[7]", 'prompt 1 must be text, or an object such as {"id": "sky", "prompt": "Why is it blue?"}, not 7'),
        ('[{"promt": "a"}]', "prompt 1: key 'promt' is not known; did you mean 'prompt'?"),
        ('[{"prompt": "a", "id": ""}]', "prompt 1: id must be a name of one line, not ''"),
        ('[{"prompt": "a", "max_tokens": 0}]', "prompt 1: max_tokens must be a whole number of at least 1, not 0"),
        ('[{"prompt": "a", "facets": "x"}]', "prompt 1: facets must be a list of names or objects, not 'x'"),
        ('["\\ud800"]', "prompt 1 holds half of a Unicode character; write it again"),
        ('[{"prompt": "a", "system": 1}]', "prompt 1: system must be text, not 1"),
        (
            '[{"prompt": "a", "id": "x"}, "b", {"prompt": "c", "id": "x"}]',
            "prompts 1 and 3 have the same id 'x'; change one",
        ),
        ('[{"prompt": "a", "id": "p2"}, "b"]', "prompts 1 and 2 have the same id 'p2'; change one"),
    ],
)
def test_a_mistake_in_prompts_is_refused_in_one_line(content: str, message: str) -> None:
    assert refused("prompts.json", content) == f"prompts.json: {message}"


@pytest.mark.skipif(sys.platform == "win32", reason="any name may have a home there")
def test_the_home_of_nobody_is_no_folder() -> None:
    message = "out '~nobody-here/x': there is no such home folder; write the path in full"
    assert refused("plan.toml", "out = '~nobody-here/x'") == f"plan.toml: line 1: {message}"


def test_a_file_that_cannot_be_opened_is_named(here: Path) -> None:
    (here / "folder.json").mkdir()
    for name, reason in (
        ("missing.json", "there is no such file; mend the path"),
        ("folder.json", "can't be read: it is a folder"),
        ("nul\0.json", "can't be read: not a path"),
        ("x" * 300, "can't be read: .+"),
    ):
        with pytest.raises(InputError, match=reason):
            read_models(Path(name))


def test_the_three_forms_of_models(here: Path) -> None:
    path = here / "models.json"
    path.write_bytes(b'\xef\xbb\xbf["a", " b "]')  # a byte order mark and space around a name are no mistakes
    assert read_models(path) == {"models": ("a", "b")}
    path.write_text('{"models": ["a"], "prompts": ["Hi"]}')
    assert read_models(path) == {"models": ("a",), "prompts": (Prompt(id="p1", prompt="Hi"),)}
    path.write_text('{"a": {"capabilities": ["chat"], "size_mb": 1.5}, "b": {}}')
    assert read_models(path) == {"models": ("a", "b"), "capabilities": {"a": ("chat",), "b": ()}}


def test_the_two_forms_of_prompts(here: Path) -> None:
    path = here / "prompts.json"
    full = {"id": "x", "prompt": " c\n", "system": "Be brief.", "facets": ["f"], "max_tokens": 9}
    path.write_text(json.dumps(["a", full, {"prompt": "d"}]))
    assert read_prompts(path) == (
        Prompt(id="p1", prompt="a"),
        Prompt(id="x", prompt=" c\n", system="Be brief.", facets=("f",), max_tokens=9),
        Prompt(id="p3", prompt="d"),
    )


def test_a_plan_finds_its_prompts_beside_itself(here: Path) -> None:
    (here / "plans").mkdir()
    (here / "plans" / "asked.json").write_text('["Hi"]')
    (here / "plans" / "plan.toml").write_text("\ufeffprompts = 'asked.json'\r\ntemperature = 1\r\n", encoding="utf-8")
    assert read_settings(Path("plans/plan.toml")) == {"prompts": (Prompt(id="p1", prompt="Hi"),), "temperature": 1.0}


def test_endpoints_and_the_runtime_are_tables(here: Path) -> None:
    path = here / "config.toml"
    path.write_text("[endpoints]\nlab = {url='http://h:1/v1', key_env='LAB'}\n[foundry]\ncatalog_url='https://c'\n")
    assert read_settings(path) == {
        "endpoints": {"lab": Endpoint(url="http://h:1/v1", key_env="LAB")},
        "foundry.catalog_url": "https://c",
    }


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("a = 1\nrounds = 2", "rounds", 2),
        ('s = """\nrounds = 1\n"""\nrounds = 2', "rounds", 4),
        ("m = [\n'x',\n]\n  rounds=2", "rounds", 4),
        ("[foundry]\ncatalog_url = 2", "foundry.catalog_url", 2),
        ("[endpoints.x]\nurl = 1\n[foundry]\nurl = 2", "foundry.url", 4),
        ("foundry.catalog_url = 2", "foundry.catalog_url", 1),
        ("foundry = {catalog_url = 2}", "foundry.catalog_url", None),
    ],
)
def test_the_line_of_a_key(text: str, key: str, line: int | None) -> None:
    assert parse_toml(text)
    assert line_of(text, key) == line


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir() if path.suffix in {".toml", ".json"}))
def test_every_sample_is_read(name: str) -> None:
    reader: Any = read_settings
    if name.endswith(".json"):
        reader = read_prompts if name.startswith("prompts") else read_models
    assert reader(SAMPLES / name) or name == "config.toml"  # of which nothing holds until a line is meant


def test_the_samples_show_every_key() -> None:
    for sample, names in (("plan.toml", set(FIELDS) - set(SCREEN)), ("config.toml", SCREEN)):
        text = (SAMPLES / sample).read_text(encoding="utf-8")
        assert [name for name in names if f"{name.rpartition('.')[2]} = " not in text] == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("concurrency = [1, 300]", "sweep.concurrency: item 2 must be a whole number from 1 to 256, not 300"),
        ("concurrency = 4", "sweep.concurrency must be a list of whole numbers, not 4"),
        ("prompt_tokens = [64, 64]", "sweep.prompt_tokens holds a number twice; remove one"),
    ],
)
def test_a_sweep_is_refused_with_its_place(line: str, said: str) -> None:
    assert refused("plan.toml", f'models = ["a"]\n[sweep]\n{line}\n') == f"plan.toml: line 3: {said}"


@pytest.mark.parametrize(
    ("budget", "seconds"), [("'90s'", 90.0), ("'10m'", 600.0), ("'1h30m'", 5400.0), ("45", 45.0), ("'2.5'", 2.5)]
)
def test_a_budget_is_a_time(budget: str, seconds: float) -> None:
    Path("plan.toml").write_text(f"budget = {budget}\n")
    assert read_settings(Path("plan.toml")) == {"budget": seconds}


@pytest.mark.parametrize("budget", ["''", "'soon'", "0", "true", "'-5m'", "[]"])
def test_what_is_no_time_is_refused(budget: str) -> None:
    assert "budget must be a time such as 90s, 10m or 1h30m" in refused("plan.toml", f"budget = {budget}\n")
