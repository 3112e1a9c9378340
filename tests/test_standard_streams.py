"""The standard streams: closed from the start, full, or as wide as nothing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from factories import make_metrics, make_model, write_run
from foundry_bench.cli import main
from foundry_bench.commands.run import tell_results
from foundry_bench.session.store import load
from foundry_bench.values.errors import InputError
from foundry_bench.values.result import Counts, LevelResult
from recorded import record_run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the shell there closes no streams")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="no /dev/full")


def started(redirection: str, *argv: str) -> subprocess.CompletedProcess[str]:
    """Our command as a shell starts it with a redirection, its output buffered as usual."""
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "foundry_bench", *argv]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=buffered, timeout=60)


def test_a_closed_stdout_takes_what_is_printed_and_shows_nothing(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    done = started(">&-", "history", "--out", str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_told_beside_the_data_does_not_go_to_stdout_where_stderr_is_closed(tmp_path: Path) -> None:
    run = record_run(tmp_path)
    routing = tmp_path / "routing.json"
    done = started("2>&-", "rank", str(run), "--json", "--routing", str(routing))
    assert done.stdout.startswith("{")
    assert done.stdout.endswith("}\n")
    assert "wrote" not in done.stdout
    assert routing.is_file()


def test_a_closed_stdin_is_no_terminal() -> None:
    done = started("<&-")
    assert done.returncode == 2
    assert done.stderr.startswith("foundry-bench: the TUI needs a terminal")
    assert done.stderr.count("\n") == 1


@on_linux
def test_a_full_disk_below_stdout_is_refused_once(tmp_path: Path) -> None:
    write_run(tmp_path, "one")
    done = started(">/dev/full", "history", "--out", str(tmp_path))
    told = "foundry-bench: stdout: No space left on device; see to the disk and to who may write there\n"
    assert (done.returncode, done.stderr) == (2, told)


@on_linux
def test_a_full_disk_below_stderr_changes_no_exit_code(tmp_path: Path) -> None:
    assert started("2>/dev/full", "history", "--out", str(tmp_path)).returncode == 0
    assert started("2>/dev/full", "history", "--rounds").returncode == 2


@on_linux
def test_results_that_find_no_room_say_where_the_run_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_run(tmp_path, "one")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(InputError, match=f"stdout: No space left on device; the run itself is in {path}"):
            tell_results(path, load(path), "done", as_json=False)


def test_a_width_of_nothing_is_no_width(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    with pytest.raises(SystemExit):
        main(["models", "--help"])
    whole = capsys.readouterr().out
    assert "COLUMNS" not in os.environ
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["models", "--help"])
    assert capsys.readouterr().out == whole


def test_after_a_sweep_it_is_told_where_its_tables_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    level = LevelResult(
        level="concurrency=2",
        concurrency=2,
        prompt_tokens=20.0,
        counts=Counts(ok=3),
        metrics=make_metrics(),
        total_tokens_per_s=9.0,
        error=None,
    )
    path = write_run(tmp_path, "one", models=(make_model(sweep=(level,)),))
    assert tell_results(path, load(path), "done", as_json=False) == 0
    told = f"the sweep's tables are in the report: foundry-bench report {path}\n"
    assert capsys.readouterr().err.endswith(told)
