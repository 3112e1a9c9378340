"""The command line: what it hands to a command, what it refuses, and its exit codes."""

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from factories import make_plan
from foundry_bench.arguments import COMMANDS
from foundry_bench.cli import main
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.adapters import NamedAdapter
from foundry_bench.session.fields import FIELDS, SCREEN
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import StageProgressed, StageStarted
from foundry_bench.values.plan import Prompt, Runtime

Answer = Callable[[argparse.Namespace], int]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Answer], None]:
    """Puts a function in a command's place."""

    def put(module: str, answer: Answer) -> None:
        monkeypatch.setitem(sys.modules, f"foundry_bench.{module}", SimpleNamespace(main=answer))

    return put


@pytest.fixture
def arguments(command: Callable[[str, Answer], None]) -> Callable[..., dict[str, Any]]:
    """What a command is given for an argv."""

    def parse(*argv: str) -> dict[str, Any]:
        seen: list[argparse.Namespace] = []

        def keep(args: argparse.Namespace) -> int:
            seen.append(args)
            return 0

        name = "import_model" if argv[0] == "import" else argv[0]
        command(f"commands.{name}", keep)
        assert main(argv) == 0
        return vars(seen[0])

    return parse


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ("rnu", "command 'rnu' is not known; did you mean 'run'?"),
        ("frobnicate", "command 'frobnicate' is not known; see 'foundry-bench --help'"),
        ("--json", "option '--json' is not known; see 'foundry-bench --help'"),
        ("run --ronds 3", "option '--ronds' is not known; did you mean '--rounds'?"),
        ("run --round 3", "option '--round' is not known; did you mean '--rounds'?"),
        ("run --zzz=3", "option '--zzz' is not known; see 'foundry-bench run --help'"),
        ("run a.toml b.toml", "argument 'b.toml' is one too many; see 'foundry-bench run --help'"),
        ("run --model", "--model needs a value; one that begins with '-' is written --model=VALUE"),
        ("run --until -half", "--until needs a value; one that begins with '-' is written --until=VALUE"),
        ("run --stream=no", "--stream takes no value; write --stream or --no-stream alone, not --stream=no"),
        ("history --json=yes", "--json takes no value; write --json alone, not --json=yes"),
        (
            "run --rounds 99999999999999999999",
            "--rounds must be a whole number of at least 1 and at most 1000000000, not a number that large",
        ),
        ("run --until 0", "--until: '0' is no rule; write '5%', 'latency_s.mean within 5%' or 'separated'"),
        ("run --cluster tcp://h:99999", "--cluster 'tcp://h:99999': a port is at most 65535; Dask's own is 8786"),
        ("run --rounds 0", "--rounds must be a whole number of at least 1, not 0"),
        ("run --rounds x", "--rounds must be a whole number of at least 1, not 'x'"),
        ("run --rounds 3.0", "--rounds must be a whole number of at least 1, not 3.0"),
        ("run --warmup -1", "--warmup must be a whole number of at least 0, not -1"),
        ("run --temperature nan", "--temperature must be a number from 0 to 2, not nan"),
        (
            "run --sweep-prompt-tokens 1000001",
            "--sweep-prompt-tokens: item 1 must be a whole number from 1 to 1000000, not 1000001",
        ),
        ("run --concurrency 257", "--concurrency must be a whole number from 1 to 256, not 257"),
        ("run --timeout -1", "--timeout must be a number of seconds above 0, not -1"),
        ("run --client curl", "--client must be 'raw' or 'openai', not 'curl'"),
        ("run -e localhost:5273", "-e 'localhost:5273' has no scheme; write http://localhost:5273"),
        ("run -e http://a:secret@h", "-e holds a user name or password; keys belong in the environment"),
        ("run -m a:1 --adapter no.py", "--adapter {here}no.py: no model uses it; name one no, or leave it out"),
        (
            "probe a --adapter a.py --adapter no.py",
            "--adapter {here}no.py: no model uses it; name one no, or leave it out",
        ),
        ("run -m a -m a", "-m: 'a' is there twice; remove one"),
        ("run --prompts no.json", "no.json: there is no such file; mend the path"),
        ("report last", "no run 'last' in {here}runs; nothing is recorded there: see --out"),
        ("history --out nope", "nope is not there; choose another folder with --out"),
        (
            "run plan.toml --resume last",
            "--resume goes on with the recorded plan; leave out plan.toml, or begin a new run without it",
        ),
        (
            "compare a b --fail-on latency_s.mean>1e400",
            "gate 'latency_s.mean>1e400': no change is ever beyond that limit; write one that can be reached",
        ),
        (
            "run --prompt a --prompts b.json",
            "argument --prompts: not allowed with argument --prompt; see 'foundry-bench run --help'",
        ),
        ("import m --accuracy-level 5", "--accuracy-level must be a whole number from 0 to 4, not 5"),
        ("import m --precision int3", "--precision must be 'int4' or 'int8' or 'fp16' or 'fp32', not 'int3'"),
        ("import m --device npu", "--device must be 'cpu' or 'cuda' or 'dml' or 'webgpu', not 'npu'"),
        ("import m --context 0", "--context must be a whole number of at least 1, not 0"),
        ("probe", "the following arguments are required: MODEL; see 'foundry-bench probe --help'"),
        ("compare a", "the following arguments are required: NEW; see 'foundry-bench compare --help'"),
        (
            "compare a b --fail-on ttft_s.p95",
            "'ttft_s.p95' is no gate; write FIGURE>LIMIT or FIGURE<LIMIT, such as 'ttft_s.p95>10%'",
        ),
        ("rank last --weights no.toml", "no.toml: there is no such file; mend the path"),
        ("report", "the following arguments are required: RUN; see 'foundry-bench report --help'"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], argv: str, message: str
) -> None:
    assert main(argv.split()) == 2
    assert capsys.readouterr() == ("", f"foundry-bench: {message.replace('{here}', f'{here}{os.sep}')}\n")
    assert list(here.iterdir()) == []


def test_folders_that_a_resumed_run_has_in_full_may_be_given_as_they_were(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = make_plan(runtime=with_default_folders(Runtime(model_cache_dir="cache")))
    Run.create(here / "runs", plan, {}).close("interrupted")
    # What is refused next: nothing is to be measured here.
    assert main(["run", "-o", "runs", "--resume", "last", "--model-cache", "cache", "--adapter", "no.py"]) == 2
    assert "no model of that run uses it" in capsys.readouterr().err
    assert main(["run", "-o", "runs", "--resume", "last", "--model-cache", "other", "--adapter", "no.py"]) == 2
    assert "leave out --model-cache" in capsys.readouterr().err


def test_an_adapter_that_no_model_of_a_resumed_run_uses_is_refused(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Run.create(here / "runs", make_plan(), {}).close("interrupted")
    assert main(["run", "-o", "runs", "--resume", "last", "--adapter", "no.py"]) == 2
    told = f"foundry-bench: --adapter {here}{os.sep}no.py: no model of that run uses it; leave it out\n"
    assert capsys.readouterr() == ("", told)


@pytest.mark.parametrize(
    ("repeated", "changed"),
    [
        ("", "--model a --rounds 6"),
        ("--warmup 1 --timeout 120", "--rounds 6 --sweep-prompt-tokens 512"),
        ("", "--timeout 7 --model-cache elsewhere"),
    ],
)
def test_a_run_that_is_resumed_may_be_told_its_plan_again_but_no_other(
    here: Path, capsys: pytest.CaptureFixture[str], repeated: str, changed: str
) -> None:
    Run.create(here / "runs", make_plan(warmup=1), {}).close("interrupted")
    assert main(["run", "-o", "runs", "--resume", "last", *repeated.split(), *changed.split()]) == 2
    options = ", ".join(changed.split()[::2])
    told = f"--resume goes on with the recorded plan; leave out {options}, or begin a new run without it\n"
    assert capsys.readouterr() == ("", f"foundry-bench: {told}")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["probe", ""], "MODEL must be"),
        (["run", "--prompt", " "], "prompt 1"),
        (["models", "download", "a", ""], "NAME must be"),
        (["models", "load", ""], "NAME must be"),
        (["probe", "a", "--prompt", ""], "--prompt must be text with words in it, not ''"),
        (["run", "--resume", ""], "--resume must be a name of one line, not ''"),
        (["run", "-m", "a", "--prompts", ""], "--prompts must be a path, not ''"),
        (["run", "-m", "a", "--sweep-text", ""], "--sweep-text must be text with words in it, not ''"),
        (["run", ""], "PLAN must be a path, not ''"),
        (["report", "last", "-o", ""], "-o must be a path, not ''"),
        (["rank", "last", "--weights", ""], "--weights must be a path, not ''"),
        (["rate", "last", "--export", ""], "--export must be a path, not ''"),
        (["init", ""], "DIR must be a path, not ''"),
        (["import", ""], "PATH must be a path, not ''"),
    ],
)
def test_blank_arguments_are_refused(capsys: pytest.CaptureFixture[str], argv: list[str], message: str) -> None:
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith(f"foundry-bench: {message}")


@pytest.mark.parametrize("config", ['on = ["lab-*"]', 'until = "separated"', 'until = "5%"\nrounds = 3'])
def test_rules_of_a_run_that_do_not_agree_are_told_to_whoever_measures_alone(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, config: str
) -> None:
    (here / "config.toml").write_text(config)
    monkeypatch.setenv("FOUNDRY_BENCH_CONFIG", "config.toml")
    assert main(["history"]) == 0
    capsys.readouterr()
    assert main(["run", "-m", "a"]) == 2
    assert "from config.toml" in capsys.readouterr().err


def test_an_option_that_is_not_given_is_none(arguments: Callable[..., dict[str, Any]]) -> None:
    given = arguments("run")
    assert set(given) == {*FIELDS, "plan", "adapters", "resume", "json"} - set(SCREEN)
    assert {name for name, value in given.items() if value is not None} == {"json"}


def test_the_options_of_run(arguments: Callable[..., dict[str, Any]]) -> None:
    argv = (
        "run plan.toml -m a --model b,c -e http://h:1 --system S --rounds 5 --warmup 0 --max-tokens 9 --temperature 1 "
        "--seed 7 --concurrency 4 --no-stream --timeout 2.5 --stall 1 -o there --resume last --json --client openai "
        "--via web --no-calibrate --prefetch --no-fit-check --keep-warm 60 --catalog-url http://c --model-cache cache "
        "--data-dir data --prompt one --prompt two --adapter mine.py --watts 15 --price-per-kwh 0.3 --currency EUR "
        "--until 5% --budget 1m30s --order interleaved "
        "--sweep-concurrency 1,4 --sweep-prompt-tokens 64 --sweep-text words"
    )
    assert arguments(*argv.split()) == {
        "plan": Path("plan.toml"),
        "models": ("a", "b", "c"),
        "prompts": (Prompt(id="prompt-1", prompt="one"), Prompt(id="prompt-2", prompt="two")),
        "endpoint": "http://h:1",
        "system": "S",
        "rounds": 5,
        "warmup": 0,
        "max_tokens": 9,
        "temperature": 1.0,
        "seed": 7,
        "concurrency": 4,
        "stream": False,
        "timeout": 2.5,
        "stall": 1.0,
        "out": "there",
        "adapters": {"mine": NamedAdapter(code=str(Path("mine.py").absolute()))},
        "resume": "last",
        "json": True,
        "client": "openai",
        "via": "web",
        "calibrate": False,
        "prefetch": True,
        "fit_check": False,
        "keep_warm": 60.0,
        "watts": 15.0,
        "price_per_kwh": 0.3,
        "currency": "EUR",
        "foundry.catalog_url": "http://c",
        "until": "latency_s.mean within 5%",
        "budget": 90.0,
        "order": "interleaved",
        "sweep.concurrency": (1, 4),
        "sweep.prompt_tokens": (64,),
        "sweep.text": "words",
        "foundry.model_cache_dir": "cache",
        "foundry.app_data_dir": "data",
        "cluster": None,
        "on": None,
        "spread": None,
    }


def test_prompts_come_from_a_file(here: Path, arguments: Callable[..., dict[str, Any]]) -> None:
    (here / "asked.json").write_text('["Hi"]')
    assert arguments("run", "--prompts", "asked.json")["prompts"] == (Prompt(id="p1", prompt="Hi"),)


def test_the_options_of_the_other_commands(arguments: Callable[..., dict[str, Any]]) -> None:
    given = arguments("models", "--cached", "-e", "http://box:1")
    assert (given["filter"], given["cached"], given["json"], given["endpoint"]) == (None, True, False, "http://box:1")
    assert arguments("calibrate", "--json") == {"json": True}
    assert arguments("import", "my.gguf", "--name", "mine", "--context", "2048", "--force") == {
        "path": Path("my.gguf"),
        "name": "mine",
        "context": 2048,
        "accuracy_level": None,
        "precision": None,
        "device": None,
        "force": True,
    }
    probed = arguments("probe", "phi", "--prompt", "Hi", "--seed", "1")
    assert {name: value for name, value in probed.items() if value is not None} == {
        "model": "phi",
        "prompt": "Hi",
        "seed": 1,
        "json": False,
    }
    given = arguments("demo", "--headless", "--rounds", "2", "--ascii")
    assert {name: value for name, value in given.items() if value is not None} == {
        "headless": True,
        "rounds": 2,
        "screen.ascii": True,
        "json": False,
    }
    assert set(arguments("attach", "run-1")) == {"run", "json", *SCREEN}
    assert arguments("report", "a", "b", "--format", "csv", "-o", "x.csv") == {
        "runs": ["a", "b"],
        "format": "csv",
        "samples": False,
        "output": Path("x.csv"),
        "weights": None,
        "out": None,
    }
    compared = arguments("compare", "a", "b:phi", "--fail-on", "ttft_s.p95>10%", "--fail-on", "quality<-1", "--strict")
    assert (compared["base"], compared["new"], compared["strict"], compared["out"]) == ("a", "b:phi", True, None)
    assert [gate.figure for gate in compared["fail_on"]] == ["ttft_s.p95", "quality"]
    assert arguments("rank", "last", "--allow", "MIT", "--allow", "apache-2.0", "--weights", "w.toml", "--json") == {
        "run": "last",
        "weights": Path("w.toml"),
        "allow": ("MIT", "apache-2.0"),
        "capability": None,
        "accept_degenerate": False,
        "routing": None,
        "out": None,
        "json": True,
    }
    assert arguments("history", "-o", "there") == {"out": "there", "json": False}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str], name: str) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])
    assert f"foundry-bench {name}" in capsys.readouterr().out.partition("examples:")[2]


@pytest.mark.parametrize("columns", [80, 120])
def test_help_is_as_wide_as_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for name in (None, *COMMANDS):
        with pytest.raises(SystemExit):
            main([name, "--help"] if name else ["--help"])
        lines = capsys.readouterr().out.partition("\n\n")[2].splitlines()  # the usage before breaks where it may
        assert [line for line in lines if len(line) > columns] == []


def test_help_shows_the_defaults(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for default in ("(default: 3)", "(default: 128)", "(default: 120)", "(default: raw)", "(default: yes)"):
        assert default in text


def raises(error: BaseException) -> Answer:
    def answer(_args: argparse.Namespace) -> int:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (lambda _args: 0, 0, ""),
        (lambda _args: 1, 1, ""),
        (raises(InputError("where: what; mend")), 2, "foundry-bench: where: what; mend\n"),
        (raises(KeyboardInterrupt()), 130, ""),
    ],
)
def test_exit_codes(
    command: Callable[[str, Answer], None], capsys: pytest.CaptureFixture[str], answer: Answer, code: int, said: str
) -> None:
    command("commands.history", answer)
    assert main(["history"]) == code
    assert capsys.readouterr() == ("", said)


def test_without_a_terminal_there_is_no_tui(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "foundry-bench: the TUI needs a terminal; name a command to do without, see 'foundry-bench --help'\n"
    )


def test_on_a_terminal_the_tui_opens(command: Callable[[str, Answer], None], monkeypatch: pytest.MonkeyPatch) -> None:
    command("tui.start", lambda _args: 0)
    for stream in ("stdin", "stdout"):
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: True)
    assert main([]) == 0


def test_as_a_process(here: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "foundry_bench", "run", "--rounds", "0"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "foundry-bench: --rounds must be a whole number of at least 1, not 0\n"
    assert list(here.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is another error there")
def test_a_reader_that_leaves_is_no_traceback() -> None:
    program = (
        "import sys, types; from foundry_bench.cli import main\n"
        "def history(args): print('x' * 1_000_000); return 0\n"
        "sys.modules['foundry_bench.commands.history'] = types.SimpleNamespace(main=history)\n"
        "sys.exit(main(['history']))"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 130


def test_off_a_terminal_each_step_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    with StderrProgress() as progress:
        for model in ("a", "b", "a", "b"):
            progress.show(StageStarted(model=model, stage="measure", requests=2))
            progress.show(StageStarted(model=model, stage="unload"))
    assert capsys.readouterr().err == "a: measuring\nb: measuring\n"


def test_a_download_is_told_with_its_size_and_then_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    with StderrProgress() as progress:
        progress.show(StageStarted(model="phi-4", stage="download", size_mb=10_400.0))
        for fraction in (0.01, 0.11, 0.12, 0.5, 1.0):
            progress.show(StageProgressed(model="phi-4", stage="download", fraction=fraction))
    told = "phi-4: downloading 10.4 GB\nphi-4: 11 % downloaded\nphi-4: 50 % downloaded\nphi-4: 100 % downloaded\n"
    assert capsys.readouterr().err == told


def test_help_says_what_an_endpoint_is_to_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in (
        ("run", "service to measure"),
        ("probe", "service to ask"),
        ("models", "service whose models to list"),
        ("judge", "service that has the judge's model"),
    ):
        with pytest.raises(SystemExit):
            main([name, "--help"])
        assert f"OpenAI-compatible {words}" in " ".join(capsys.readouterr().out.split())


def test_a_home_that_cannot_be_used_is_told_by_its_variable(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "file").touch()
    monkeypatch.setenv("FOUNDRY_BENCH_HOME", str(here / "file"))
    assert main(["probe", "a"]) == 2
    assert capsys.readouterr().err.endswith(": Not a directory; mend FOUNDRY_BENCH_HOME, or unset it\n")
