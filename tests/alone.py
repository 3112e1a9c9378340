"""A pytest plugin: tests marked ``alone`` have the machine to themselves, however many processes run the others.

Every other test holds a lock that many may hold, such a test one that excludes them. They come last, where what runs
beside them is short: it is waited for.
"""

import os
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "alone: it times something, so nothing else runs meanwhile")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_is_alone)


def _is_alone(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with ExitStack() as locks:
        if "PYTEST_XDIST_WORKER" in os.environ:
            # Each process has a folder of its own in the one of the run, which pytest clears away some runs later.
            _lock(Path(item.config.getoption("basetemp")).parent, locks, exclusive=_is_alone(item))
        return (yield)


def _lock(folder: Path, locks: ExitStack, *, exclusive: bool) -> None:
    try:
        import fcntl  # noqa: PLC0415 - POSIX alone has it; elsewhere tests run side by side, timed ones too
    except ImportError:
        return
    held = locks.enter_context((folder / "alone.lock").open("w"))
    # Whoever waits stands in the door: those who come later can't overtake a test that waits for all to be gone.
    with (folder / "alone.door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(held, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
