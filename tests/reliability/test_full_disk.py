"""Disks that are full, by a limit on the size of files: what was there stays whole, and one line says so."""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import read_samples

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")

MODEL = "reference?interval_ms=1&delay_ms=1"
MODULE = [sys.executable, "-m", "foundry_bench"]


def limited_to(size: int) -> Callable[[], None]:
    """For a child: no file may grow beyond ``size`` bytes."""

    def limit() -> None:
        import resource  # noqa: PLC0415 - POSIX alone has it
        import signal  # noqa: PLC0415 - in the child

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def foundry_bench(*arguments: str | Path, size: int) -> subprocess.CompletedProcess[str]:
    return on_a_disk_of(size, *MODULE, *map(str, arguments))


def on_a_disk_of(size: int, *command: str) -> subprocess.CompletedProcess[str]:
    """Run it where no file may grow beyond ``size`` bytes; Python, too, would leave cut byte code behind."""
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    # Between fork and exec the child only sets two limits.
    return subprocess.run(
        command, capture_output=True, text=True, preexec_fn=limited_to(size), env=environ, check=False
    )


def test_a_run_stops_wherever_the_disk_is_full_says_so_and_goes_on_later(
    reference_server: str, tmp_path: Path, kills: int, places: random.Random, tally: Callable[[str], None]
) -> None:
    options = ["-e", reference_server, "-m", MODEL, "--no-calibrate", "--rounds", "5", "--max-tokens", "6"]
    sizes = [100, 4000, *(places.randrange(12_000) for _ in range(min(kills, 50) - 1))]
    codes = Counter[int]()
    for number, size in enumerate(sizes):
        out = tmp_path / str(number)
        done = foundry_bench("run", *options, "--out", out, size=size)
        codes[done.returncode] += 1
        heads = list_runs(out)
        assert len(heads) == (done.returncode != 2)
        if done.returncode:
            *steps, told = done.stderr.splitlines()
            assert done.stdout == ""
            assert "File too large" in told
            assert all(line.startswith(f"{MODEL}: ") for line in steps)
        for head in heads:
            before = list(read_samples(head.path))
            again = foundry_bench("run", "--resume", head.id, "--out", out, size=1 << 30)
            assert again.returncode == 0, again.stderr
            after = list(read_samples(head.path))
            assert after[: len(before)] == before
            assert len({(one.prompt_id, one.round) for one in after if one.phase == "measure"}) == 20
    assert codes[1]
    assert codes[2]
    tally(
        f"{len(sizes)} disks full at a random size: {codes[2]} runs not begun, {codes[1]} stopped and finished later, "
        f"{codes[0]} that fitted; 0 samples lost"
    )


_WRITE = """
import sys
from pathlib import Path
from foundry_bench.session.config_file import save_config
from foundry_bench.session.own_models import OwnModel, register
from foundry_bench.session.store import Run, load
from foundry_bench.cli import main

out = Path(sys.argv[1])
big = "x" * 5000

def tried(write):
    try:
        write()
    except OSError:
        return True
    return False

failed = [
    tried(lambda: save_config(out / "config.toml", {"system": big})),
    tried(lambda: register("new", OwnModel(path=big, source=big))),
    main(["report", "last", "--out", str(out / "runs"), "-o", str(out / "report.html"), "--format", "html"]) == 2,
]
sys.exit(0 if all(failed) else 1)
"""


def test_what_is_replaced_is_replaced_whole_or_not_at_all(
    reference_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOUNDRY_BENCH_HOME", str(tmp_path / "home"))
    options = ["-e", reference_server, "-m", MODEL, "--no-calibrate", "--rounds", "1", "--max-tokens", "6"]
    assert foundry_bench("run", *options, "--out", tmp_path / "runs", size=1 << 30).returncode == 0
    registry = tmp_path / "home" / "models" / "registry.json"
    registry.parent.mkdir(parents=True, exist_ok=True)
    registry.write_text("{}")
    old = {tmp_path / "config.toml": "rounds = 3\n", tmp_path / "report.html": "old", registry: "{}"}
    for file, content in old.items():
        file.write_text(content)
    done = on_a_disk_of(3000, sys.executable, "-c", _WRITE, str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "report.html: File too large; choose another file with -o" in done.stderr
    assert {file: file.read_text() for file in old} == old
    assert [file.name for file in tmp_path.rglob("*.tmp")] == []
    assert json.loads(next((tmp_path / "runs").glob("*/run.json")).read_text())["status"] == "done"
