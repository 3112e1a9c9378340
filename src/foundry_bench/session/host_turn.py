"""One benchmark at a time on a host, whoever asked for it."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec

from foundry_bench.worker.processes import is_alive, this_process

_LOOK_S = 1.0
_WRITTEN_S = 10.0


@contextlib.asynccontextmanager
async def host_turn(file: Path, waits: Callable[[], None]) -> AsyncIterator[None]:
    """Holds the host's ``file`` as long as the block lasts; a file whose process is gone holds nobody up.

    Args:
        file: the same for all benchmarks of this host.
        waits: is called once where another benchmark is under way.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    told = False
    while not (_taken(file) or _taken(file)):  # the first look may have found, and removed, what a killed process left
        if not told:
            told = True
            waits()
        await asyncio.sleep(_LOOK_S)
    try:
        yield
    finally:
        _give_back(file)


def _give_back(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()


def _taken(file: Path) -> bool:
    """Whether the file is ours now."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(msgspec.json.encode(this_process()))
    except FileExistsError:
        with contextlib.suppress(OSError, ValueError):
            if _left_behind(file):
                file.unlink()
        return False
    return True


def _left_behind(file: Path) -> bool:
    """Whether whoever made the file is gone; one that is empty has just been made, if it isn't old."""
    if holder := file.read_bytes():
        return not is_alive(msgspec.json.decode(holder))
    return time.time() - file.stat().st_mtime > _WRITTEN_S
