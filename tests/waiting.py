"""Waiting for what another process, or another thread, does; the event loop's own are waited for by its events."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")

LIMIT_S = 60
_LOOK_S = 0.01  # between two looks: the processor is for who is waited for


def waited(condition: Callable[[], Found], what: str) -> Found:
    """What the condition comes to, once that is true of it; an AssertionError with ``what`` where it doesn't."""
    deadline = time.monotonic() + LIMIT_S
    while not (found := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(_LOOK_S)
    return found
