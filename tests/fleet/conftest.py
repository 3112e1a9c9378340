"""A Dask cluster on loopback: a scheduler and workers, each a process of its own with a home of its own."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleet_cluster import ClusterOfProcesses


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterOfProcesses]:
    """Four hosts: ``lab1`` to ``lab4``; ``lab3`` has a tag and little memory, by Dask's own options."""
    with ClusterOfProcesses(tmp_path_factory.mktemp("cluster")) as found:
        found.start("lab1", "lab2", "lab4")
        found.start("lab3", "--memory-limit", "900MB", "--resources", "SMALL=1")
        found.wait("lab1", "lab2", "lab3", "lab4")
        yield found


@pytest.fixture
def foundry_bench(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command in a process of its own."""
    with contextlib.ExitStack() as started:

        def start(*arguments: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "foundry_bench", *arguments]
            process = started.enter_context(
                subprocess.Popen(
                    command,
                    cwd=tmp_path,
                    env=os.environ.copy(),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            started.callback(process.kill)
            return process

        yield start
