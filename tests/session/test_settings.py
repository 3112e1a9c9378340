"""Which layer a setting's value comes from."""

import re
import sys
from pathlib import Path

import pytest

from factories import make_plan
from foundry_bench.session.fields import DEFAULTS, FIELDS
from foundry_bench.session.inputs import Endpoint, read_models, read_settings
from foundry_bench.session.paths import config_path
from foundry_bench.session.preferences import read_preference
from foundry_bench.session.settings import check_agreement, resolve, runs_folder
from foundry_bench.session.targets import find_target
from foundry_bench.tui.plan_form import check, texts
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import WORKSHOP_PROMPTS, Plan, Prompt, Runtime, Sweep


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def environ(here: Path) -> dict[str, str]:
    (here / "config.toml").write_text("rounds = 4\nwarmup = 4\nseed = 4\nmax_tokens = 4\n")
    (here / "plan.toml").write_text("models = ['a']\nrounds = 5\nwarmup = 5\nseed = 5\n")
    return {"FOUNDRY_BENCH_CONFIG": str(here / "config.toml"), "BENCH_ROUNDS": "6", "BENCH_MODELS": "b, c"}


def test_each_layer_goes_before_the_one_beneath(environ: dict[str, str]) -> None:
    settings = resolve({"models": ("d",), "seed": None, "json": True}, environ, Path("plan.toml"))
    assert settings.plan == Plan(models=("d",), rounds=6, warmup=5, seed=5, max_tokens=4)
    assert {name: settings.sources[name] for name in ("models", "rounds", "warmup", "max_tokens", "stream")} == {
        "models": "command line",
        "rounds": "environment BENCH_ROUNDS",
        "warmup": "plan.toml",
        "max_tokens": "config.toml",
        "stream": "default",
    }
    assert resolve({}, environ, Path("plan.toml")).plan.models == ("b", "c")
    assert resolve({"rounds": 9}, environ, Path("plan.toml")).plan.rounds == 9


def test_without_any_layer_the_plan_is_the_dataclass_s_own() -> None:
    settings = resolve({"models": ("a",)}, {"FOUNDRY_BENCH_CONFIG": " "})
    assert settings.plan == Plan(models=("a",))
    assert settings.plan.prompts == WORKSHOP_PROMPTS
    assert settings.out == Path("runs")
    assert settings.values == {**DEFAULTS, "models": ("a",)}
    assert set(settings.sources) == set(FIELDS)


def test_an_empty_variable_counts_as_unset(environ: dict[str, str]) -> None:
    settings = resolve({}, environ | {"BENCH_ROUNDS": " ", "BENCH_MODELS": ""}, Path("plan.toml"))
    assert (settings.plan.models, settings.plan.rounds) == (("a",), 5)


def test_the_environment_s_words(environ: dict[str, str]) -> None:
    words = {"BENCH_PROMPT": "Hi", "BENCH_STREAM": "off", "FOUNDRY_LOCAL_ENDPOINT": "http://h:1"}
    runtime = {
        "FOUNDRY_BENCH_CATALOG_URL": "http://c",
        "FOUNDRY_BENCH_MODEL_CACHE": "cache",
        "FOUNDRY_BENCH_DATA": "data",
    }
    plan = resolve({}, environ | words | runtime).plan
    assert plan.prompts == (Prompt(id="prompt-1", prompt="Hi"),)
    assert (plan.stream, plan.endpoint) == (False, "http://h:1")
    assert plan.runtime == Runtime(catalog_url="http://c", model_cache_dir="cache", app_data_dir="data")


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
def test_a_flag_s_words(environ: dict[str, str], word: str) -> None:
    assert resolve({}, environ | {"BENCH_STREAM": word}).plan.stream


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("BENCH_ROUNDS", "many", "BENCH_ROUNDS must be a whole number of at least 1, not 'many'"),
        ("BENCH_ROUNDS", "3.7", "BENCH_ROUNDS must be a whole number of at least 1, not 3.7"),
        ("BENCH_STREAM", "maybe", "BENCH_STREAM must be true or false, not 'maybe'"),
        ("BENCH_MODELS", " , ", "BENCH_MODELS is an empty list; name at least one model"),
        ("BENCH_MODELS", "a,b,a", "BENCH_MODELS: 'a' is there twice; remove one"),
        ("FOUNDRY_LOCAL_ENDPOINT", "h:1", "FOUNDRY_LOCAL_ENDPOINT 'h:1' has no scheme; write http://h:1"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(environ: dict[str, str], name: str, value: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        resolve({}, environ | {name: value})
    assert str(error.value) == f"{message}; mend that variable, or unset it"


def test_without_a_model_the_refusal_says_how_to_name_one() -> None:
    nothing = {"FOUNDRY_BENCH_CONFIG": ""}
    with pytest.raises(InputError, match="no model is named; use -m NAME, BENCH_MODELS or a plan"):
        resolve({}, nothing)
    assert resolve({}, nothing, models_needed=False).plan.models == ()


def test_models_json_serves_as_a_plan(here: Path) -> None:
    (here / "models.JSON").write_text('{"a": {"capabilities": ["chat"]}}')
    settings = resolve({}, {}, Path("models.JSON"))
    assert settings.plan == Plan(models=("a",), capabilities={"a": ("chat",)})
    assert settings.sources["models"] == "models.JSON"


def test_a_plan_is_toml_or_json(here: Path) -> None:
    (here / "plan.yaml").touch()
    with pytest.raises(InputError, match=r"^plan.yaml: must be a .toml plan or a .json list of models$"):
        resolve({}, {}, Path("plan.yaml"))


def test_endpoints_of_a_plan_go_before_those_of_the_config(here: Path) -> None:
    (here / "config.toml").write_text("[endpoints]\nlab.url = 'http://a'\nmine.url = 'http://b'")
    (here / "plan.toml").write_text("models = ['lab:x']\n[endpoints]\nlab.url = 'http://c'")
    settings = resolve({}, {"FOUNDRY_BENCH_CONFIG": "config.toml"}, Path("plan.toml"))
    assert settings.endpoints == {"lab": Endpoint(url="http://c"), "mine": Endpoint(url="http://b")}


@pytest.mark.skipif(sys.platform != "linux", reason="only there the folder follows a variable")
def test_the_config_lives_in_the_user_s_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here))
    assert config_path({}) == here / "foundry-bench" / "config.toml"
    assert resolve({"models": ("a",)}, {}).plan.rounds == 3
    config_path({}).parent.mkdir()
    config_path({}).write_text("rounds = 7")
    assert resolve({"models": ("a",)}, {}).plan.rounds == 7


@pytest.mark.parametrize(
    ("options", "rounds"),
    [({}, 3), ({"until": "5%"}, 1000), ({"budget": 60.0}, 1000), ({"until": "5%", "rounds": 20}, 20)],
)
def test_a_rule_may_take_many_rounds_unless_they_are_said(options: dict[str, object], rounds: int) -> None:
    assert resolve({"models": ("a",), **options}, {}).plan.rounds == rounds


@pytest.mark.parametrize("options", [{"models": ("a", "b")}, {"models": ("a",), "order": "interleaved"}])
def test_models_are_told_apart_in_turns_only(options: dict[str, object]) -> None:
    settings = resolve({**options, "until": "separated"}, {})
    with pytest.raises(InputError, match="name two, and add --order interleaved"):
        check_agreement(settings.plan)


def test_a_sweep_has_no_budget(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text('models = ["a"]\n[sweep]\nconcurrency = [1, 2]\nprompt_tokens = [64]\n')
    assert resolve({}, {}, plan).plan.sweep == Sweep(concurrency=(1, 2), prompt_tokens=(64,))
    with pytest.raises(InputError, match="leave out the budget, or the sweep"):
        check_agreement(resolve({"budget": 60.0}, {}, plan).plan)


def test_rules_that_do_not_agree_are_told_with_where_they_came_from(here: Path) -> None:
    (here / "config.toml").write_text("until = '5%'")
    environ = {"FOUNDRY_BENCH_CONFIG": "config.toml", "BENCH_ROUNDS": "3"}
    settings = resolve({"models": ("a",)}, environ)
    with pytest.raises(InputError, match=r"\(until from config.toml, rounds from environment BENCH_ROUNDS\)$"):
        check_agreement(settings.plan, settings.sources)


def test_a_form_refuses_a_load_that_its_hosts_cannot_share() -> None:
    plan = make_plan(models=("m",), rounds=4, concurrency=4, cluster="tcp://a:1", spread=4)
    assert check(plan, texts(plan, plan.models)).described == plan
    refused = check(plan, texts(plan, plan.models) | {"concurrency": "3"}).described
    assert "concurrency 3 can't be divided among 4 hosts" in str(refused)


@pytest.mark.parametrize(("table", "line"), [("keys", 'quit = "q"'), ("screen", "ascii = true")])
def test_a_plan_says_nothing_of_the_screen(here: Path, table: str, line: str) -> None:
    (here / "plan.toml").write_text(f'models = ["a"]\n[{table}]\n{line}\n')
    with pytest.raises(
        InputError, match=rf"plan\.toml: \[{table}\] says how the screen is used; it belongs in .*\.toml"
    ):
        resolve({}, {}, Path("plan.toml"))


def test_a_variable_that_cannot_be_used_keeps_nobody_from_recorded_runs() -> None:
    assert runs_folder({"out": "there"}, {"BENCH_ROUNDS": "x"}).out == Path("there")
    with pytest.raises(InputError, match=r"BENCH_ROUNDS must be .*; mend that variable, or unset it"):
        resolve({}, {"BENCH_ROUNDS": "x"}, models_needed=False)


def test_a_config_that_is_named_and_not_there_is_told_by_its_variable() -> None:
    told = "FOUNDRY_BENCH_CONFIG: no.toml: there is no such file; mend the variable, or unset it"
    with pytest.raises(InputError, match=f"^{re.escape(told)}$"):
        resolve({}, {"FOUNDRY_BENCH_CONFIG": "no.toml"}, models_needed=False)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[swep]\nconcurrency = [1]", "line 1: table 'swep' is not known; did you mean 'sweep'?"),
        ("rounds = 2\n[fondry]\na = 1", "line 2: table 'fondry' is not known; did you mean 'foundry'?"),
        ('[endpoint.lab]\nurl = "http://h"', "line 1: table 'endpoint' is not known; did you mean 'endpoints'?"),
        ('[endpoints.lab]\nurll = "http://h"', "line 2: endpoints.lab: key 'urll' is not known; did you mean 'url'?"),
    ],
)
def test_a_table_that_is_badly_written_is_told_with_its_line(here: Path, text: str, told: str) -> None:
    (here / "plan.toml").write_text(text)
    with pytest.raises(InputError, match=f"^plan.toml: {re.escape(told)}$"):
        read_settings(Path("plan.toml"))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'{"model": ["a"]}', "key 'model' is not known; did you mean 'models'?"),
        (b"{}", "names no model; write a list of names"),
        (b" ", "not valid JSON: it is empty; write its content"),
        ('["a"]'.encode("utf-16-le"), "looks like UTF-16; save it as UTF-8"),
    ],
)
def test_a_list_of_models_that_is_none(here: Path, content: bytes, told: str) -> None:
    (here / "models.json").write_bytes(content)
    with pytest.raises(InputError, match=re.escape(told)):
        read_models(Path("models.json"))


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("w.toml", "latncy = 1", "line 1: key 'latncy' is not known; did you mean 'latency'?"),
        ("w.json", '{\n "latency": -1}', "line 2: latency must be a number of at least 0, not -1"),
        ("w.toml", 'latency = 1\n[figures]\nlatncy = "ttft_s.p95"', "line 3: key 'latncy' is not known; did you mean"),
    ],
)
def test_a_file_of_weights_is_refused_with_its_line(here: Path, name: str, text: str, told: str) -> None:
    (here / name).write_text(text)
    with pytest.raises(InputError, match=re.escape(told)):
        read_preference(Path(name))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("labb:x", "no endpoint or adapter is named 'labb'; did you mean 'lab:x'?"),
        ("lab", "'lab' is an endpoint; write lab:MODEL"),
    ],
)
def test_an_endpoint_that_is_badly_named_is_no_model_of_the_catalog(name: str, told: str) -> None:
    known = {"lab": Endpoint(url="http://h")}
    with pytest.raises(InputError, match=re.escape(told)):
        find_target(name, None, known, {}, {})
    assert find_target(name, "http://there", known, {}, {}).url == "http://there"
    assert find_target("labb:2", None, known, {}, {}).backend == "foundry"
