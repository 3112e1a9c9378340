"""How much memory this process could still take."""

import contextlib
import sys
from pathlib import Path

import psutil

from foundry_bench.values.fit import Room

CGROUP = Path("/sys/fs/cgroup")


def read_room(group: Path = CGROUP) -> Room:
    """The machine's memory, or where that is less its container's, and what RLIMIT_AS leaves of the address space.

    Args:
        group: the folder of a control group, version 2.
    """
    memory = psutil.virtual_memory()
    total, available = memory.total, memory.available
    limit = _container_limit(group)
    if limit:
        total, available = min(total, limit[0]), min(available, limit[0] - limit[1])
    return Room(total_mb=total / 1e6, available_mb=available / 1e6, address_mb=_address_mb())


def _container_limit(group: Path) -> tuple[int, int] | None:
    """Limit and use in bytes; None where there is no limit.

    Files that the system only remembers are no use: it gives their memory up where it is wanted. After a download they
    fill a container to its limit.
    """
    with contextlib.suppress(OSError, ValueError):  # another system, or "max"
        limit, used = (int((group / name).read_text()) for name in ("memory.max", "memory.current"))
        parts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        remembered = sum(int(parts.get(name, 0)) for name in ("active_file", "inactive_file"))
        return limit, max(0, used - remembered)
    return None


def _address_mb() -> float | None:
    if sys.platform == "win32":
        return None
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return None
    return max(0.0, (limit - int(psutil.Process().memory_info().vms)) / 1e6)
