"""Whether this process is at rest: its threads neither compute nor wait for a processor that others have."""

import asyncio
import contextlib
import sys
import time
from pathlib import Path

_LOOK_S = 0.4
# Shares of a processor. Who computes takes more than the first even on a busy machine, as a rule. Where others leave
# nothing, one of its threads stands ready at any time; those that only look after things are ready now and then.
_COMPUTING = 0.05
_READY = 0.5
_TASKS = Path("/proc/self/task")


async def at_rest(limit_s: float) -> bool:
    """Wait for the process to come to rest, at most that long; returns whether it did.

    On Linux the time counts, too, for which its threads stood ready and got no processor.
    """
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        started, computed, before = time.monotonic(), time.process_time(), _ready_s()
        await asyncio.sleep(_LOOK_S)
        passed, now = time.monotonic() - started, _ready_s()
        ready = sum(seconds - before.get(thread, 0.0) for thread, seconds in now.items())
        if time.process_time() - computed < _COMPUTING * passed and ready < _READY * passed:
            return True
    return False


def _ready_s() -> dict[str, float]:
    """Seconds for which each thread ran or waited for a processor; nothing where the system doesn't tell.

    Source: Documentation/scheduler/sched-stats.rst of the Linux kernel.
    """
    found: dict[str, float] = {}
    if sys.platform == "linux":
        for thread in _TASKS.iterdir():
            with contextlib.suppress(OSError, ValueError):  # it has ended meanwhile, or its kernel keeps no such count
                ran, waited, _ = (thread / "schedstat").read_text("ascii").split()
                found[thread.name] = (int(ran) + int(waited)) / 1e9
    return found
