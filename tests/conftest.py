import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["alone"]

# Tests start hundreds of processes of ours; without byte code on disk each would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says something of the machine alone.
settings.register_profile("any pace", deadline=None)
settings.load_profile("any pace")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees, or writes to, what belongs to the person who runs it."""
    monkeypatch.setenv("FOUNDRY_BENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FOUNDRY_BENCH_CONFIG", str(_empty_config(tmp_path)))
    for name in ("BENCH_MODELS", "BENCH_ROUNDS", "BENCH_PROMPT", "BENCH_STREAM", "FOUNDRY_LOCAL_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)


def _empty_config(folder: Path) -> Path:
    config = folder / "config" / "config.toml"
    config.parent.mkdir()
    config.write_text("")
    return config


@pytest.fixture
def update_golden() -> bool:
    """Whether golden files are to be written anew: FOUNDRY_BENCH_GOLDEN=1 pytest."""
    return os.environ.get("FOUNDRY_BENCH_GOLDEN") == "1"


@pytest.fixture(scope="session")
def reference_server() -> Iterator[str]:
    """A server of known cadence in a process of its own, one for all tests of a process; its base URL."""
    command = [sys.executable, "-m", "foundry_bench.worker.reference_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate(timeout=10)
        assert process.returncode == 0


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("reliability", "how hard tests/reliability tries; docs/reliability.md has its counts")
    group.addoption("--kills", type=int, default=1, help="processes of each kind to kill")
    group.addoption("--fault-seed", type=int, default=1, help="where they hit; another seed, other places")
    group.addoption("--streams", type=int, default=200, help="streams to generate; every byte is cut from 1,000 on")
    group.addoption("--requests", type=int, default=300, help="requests of the long run")


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes a line with what was counted, printed at the end."""
    return functools.partial(record_property, "counted")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == "counted":
                terminalreporter.write_line(f"counted: {line}")
