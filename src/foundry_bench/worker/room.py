"""How much memory this process could still take."""

import contextlib
import sys
from pathlib import Path

import psutil

from foundry_bench.values.fit import Room

_CGROUP = Path("/sys/fs/cgroup")


def read_room() -> Room:
    """The machine's memory, or where that is less its container's, and what RLIMIT_AS leaves of the address space."""
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    limit = _container_limit()
    if limit:
        total, available = min(total, limit[0]), min(available, limit[0] - limit[1])
    return Room(total_mb=total / 1e6, available_mb=available / 1e6, address_mb=_address_mb())


def _container_limit() -> tuple[int, int] | None:
    """Limit and use of a control group, version 2, in bytes; None where there is no limit."""
    with contextlib.suppress(OSError, ValueError):  # another system, or "max"
        limit = int((_CGROUP / "memory.max").read_text())
        return limit, int((_CGROUP / "memory.current").read_text())
    return None


def _address_mb() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    return max(0.0, (limit - int(psutil.Process().memory_info().vms)) / 1e6)
