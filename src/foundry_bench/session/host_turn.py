"""One benchmark at a time on a host, whoever asked for it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

from foundry_bench.session.file_lock import lock

_LOOK_S = 1.0


@contextlib.asynccontextmanager
async def host_turn(file: Path, waits: Callable[[], None]) -> AsyncIterator[None]:
    """Holds the host's ``file`` as long as the block lasts; a process that is gone holds nobody up.

    Args:
        file: the same for all benchmarks of this host; it stays, since whoever waits has it open.
        waits: is called once where another benchmark is under way.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    told = False
    with file.open("ab") as held:
        while not _locked(held):
            if not told:
                told = True
                waits()
            await asyncio.sleep(_LOOK_S)
        yield


def _locked(file: BinaryIO) -> bool:
    """Whether the file is ours now."""
    try:
        lock(file)
    except BlockingIOError:
        return False
    return True
