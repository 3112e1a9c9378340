"""A tool's process: what it took, what others took meanwhile."""

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

_TIMEOUT_S = 600.0


def run_command(command: Sequence[str], folder: Path) -> tuple[float, float]:
    """Run a peer with ``folder`` for its home; the seconds it took, and the CPU seconds of its process tree.

    Raises:
        RuntimeError: it took too long, or failed.
    """
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"HOME": str(folder), "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "NO_COLOR": "1"}
    environment["XDG_CACHE_HOME"] = str(folder / ".cache")
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (
        (folder / "output.log").open("wb") as output,
        subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            code = process.wait(_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise RuntimeError(f"{command[0]} took more than {_TIMEOUT_S:g} s") from None
    wall_s, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if code:
        tail = (folder / "output.log").read_text("utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{command[0]} ended with {code}: {tail}")
    return wall_s, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def version(executable: str) -> str:
    """The version the peer's command tells, or "unknown"."""
    done = subprocess.run([executable, "--version"], capture_output=True, text=True, timeout=120, check=False)
    words = (done.stdout or done.stderr).split()
    return next((word for word in reversed(words) if word[:1].isdigit()), "unknown")


def others_cpu_s() -> float:
    """CPU seconds that all processes but this one and its children have taken since the machine started."""
    times = psutil.cpu_times()._asdict()
    parts = ("user", "nice", "system", "irq", "softirq", "steal")
    ours = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            ours += sum(child.cpu_times()[:2])
    return float(sum(times.get(part, 0.0) for part in parts) - ours)


async def await_quiet(patience_s: float) -> None:
    """Wait until other processes take less than a tenth of a core, but no longer than ``patience_s``."""
    until = time.perf_counter() + patience_s
    while time.perf_counter() < until:
        before, started = others_cpu_s(), time.perf_counter()
        await asyncio.sleep(2)
        if (others_cpu_s() - before) / (time.perf_counter() - started) < 0.1:
            return
