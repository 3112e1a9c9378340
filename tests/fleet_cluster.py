"""Starts a Dask scheduler and workers as processes, as their users do by hand."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from foundry_bench.session.cluster import connected, hosts_from, workers_of
from waiting import waited

_READY_S = 60.0


class ClusterOfProcesses:
    """A scheduler at a free port of 127.0.0.1, and workers that are started later; all end with the block."""

    def __init__(self, folder: Path, address: str | None = None) -> None:
        self.folder = folder
        self.address = address or ""
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        listening = "tcp://127.0.0.1:0"
        file = self.folder / "scheduler.log"
        self._spawn("scheduler", "distributed.cli.dask_scheduler", "--host", listening, "--no-dashboard")
        process = self._processes["scheduler"]

        def address() -> str:
            assert process.poll() is None, file.read_text()
            lines = file.read_text().splitlines()
            return next((line.split("Scheduler at:")[1].strip() for line in lines if "Scheduler at:" in line), "")

        self.address = waited(address, "the scheduler has no address")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in reversed(self._processes):
            self.kill(name)

    def home(self, name: str) -> Path:
        """What is the host's own."""
        return self.folder / name

    def start(self, *arguments: str) -> None:
        """Start workers by these names; options of Dask's follow them."""
        names = [one for one in arguments if one.startswith("lab")]
        options = [one for one in arguments if one not in names]
        for name in names:
            self.home(name).mkdir(exist_ok=True)
            own = ["--name", name, "--no-nanny", "--nthreads", "1", "--no-dashboard", "--host", "127.0.0.1"]
            local = ["--local-directory", str(self.folder / "scratch")]
            self._spawn(name, "distributed.cli.dask_worker", self.address, *own, *local, *options)

    def wait(self, *names: str) -> None:
        """Until these are in the cluster."""
        asyncio.run(self._wait(set(names)))

    def kill(self, name: str) -> None:
        """End a process of ours without a word, as ``kill -9`` does."""
        process = self._processes[name]
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        process.wait(30)

    async def _wait(self, names: set[str]) -> None:
        async with connected(self.address) as client, asyncio.timeout(_READY_S):
            while True:
                workers = await workers_of(client)
                if names <= {host.name for host in hosts_from(workers)}:
                    return
                await client.wait_for_workers(len(workers) + 1)

    def _spawn(self, name: str, module: str, *arguments: str) -> None:
        environ = {**os.environ, "FOUNDRY_BENCH_HOME": str(self.home(name))}
        with (self.folder / f"{name}.log").open("wb") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", module, *arguments], env=environ, stdout=log, stderr=log, cwd=self.folder
            )
