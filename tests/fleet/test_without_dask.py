"""What happens without the extra, and that nobody imports Dask unasked."""

import subprocess
import sys

import pytest

from foundry_bench.cli import main

_BLOCKED = """
import sys
sys.modules["distributed"] = sys.modules["dask"] = None
from foundry_bench.cli import main
sys.exit(main(sys.argv[1:]))
"""

_IMPORTS = """
import sys
import foundry_bench.session.serving, foundry_bench.session.hosting, foundry_bench.commands.run
import foundry_bench.commands.fleet, foundry_bench.commands.report, foundry_bench.commands.rank
print([name for name in ("dask", "distributed", "tornado") if name in sys.modules])
"""


def test_dask_is_imported_only_when_a_cluster_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", _IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [("run", "-m", "m"), ("fleet",)])
def test_without_the_extra_a_line_says_what_to_install(command: tuple[str, ...]) -> None:
    asked = [sys.executable, "-c", _BLOCKED, *command, "--cluster", "tcp://127.0.0.1:9"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'foundry-bench[fleet]'" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--spread", "2"), "name its scheduler with --cluster"),
        (("--on", "lab*"), "name its scheduler with --cluster"),
        (("--cluster", "lab:8786"), "write tcp://lab:8786"),
        (("--cluster", "http://lab:8786"), "a scheduler's address"),
        (("--cluster", "tcp://a:1", "--spread", "4"), "rounds 3 can't be divided among 4 hosts"),
        (("--cluster", "tcp://a:1", "--spread", "2"), "concurrency 1 can't be divided"),
        (("--cluster", "tcp://a:1", "--spread", "2", "--budget", "1m"), "leave out until, budget"),
        (("--cluster", "tcp://a:1", "--spread", "2", "--concurrency", "4"), "'m' has none; name it with -e"),
    ],
)
def test_what_can_not_be_is_refused_in_a_line(
    arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "-m", "m", *arguments]) == 2
    assert told in capsys.readouterr().err
