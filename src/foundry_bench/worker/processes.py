"""Names a process so that it is known again later, and tells whether it still runs."""

import os
from collections.abc import Mapping
from typing import Any

import psutil

# A machine's clock may be set between the start of a process and the question; an id isn't reused that fast.
_SAME_PROCESS_S = 60


def this_process() -> dict[str, float]:
    """The id of this process and when it started, in seconds of the system's clock: what ``is_alive`` takes."""
    return {"pid": os.getpid(), "started": psutil.Process().create_time()}


def is_alive(process: Mapping[str, Any] | None) -> bool:
    """Whether the process of that id and start still runs, on this machine; False for what names no process."""
    try:
        found = psutil.Process(int((process or {})["pid"]))
        same: bool = abs(found.create_time() - float((process or {})["started"])) < _SAME_PROCESS_S
        ended: bool = found.status() == psutil.STATUS_ZOMBIE
    except (psutil.Error, KeyError, TypeError, ValueError):
        return False
    return same and not ended
