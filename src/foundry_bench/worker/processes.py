"""Processes of ours: how one is started apart from its parent's terminal, named, and known again later."""

import os
import subprocess
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


def apart() -> dict[str, Any]:
    """Options for starting a child that a closed terminal and ^C don't reach: they are its parent's business."""
    # Windows has no sessions; there ^C reaches all processes of a console but those of a new group.
    return {"start_new_session": True, "creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
