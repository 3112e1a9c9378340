"""Holds an open file for one process alone; the hold ends with the process, however that ends."""

import contextlib
import os
import sys
import time
from typing import BinaryIO

# Windows keeps others from reading what is locked: a byte that no file of ours reaches, the last that can be named.
_BYTE = 0x7FFF_FFFE
_LOOK_S = 0.005
_HELD = "another process is writing it"


def lock(file: BinaryIO, wait_s: float = 0.0) -> None:
    """Hold the file until it is closed; where a file system knows no locks nothing is held.

    Args:
        file: open for writing.
        wait_s: how long to wait for another that holds it.

    Raises:
        BlockingIOError: another holds it, in this process or another.
    """
    until_s = time.monotonic() + wait_s
    while True:
        try:
            return _lock(file)
        except BlockingIOError:
            if time.monotonic() > until_s:
                raise
        time.sleep(_LOOK_S)


def _lock(file: BinaryIO) -> None:
    if sys.platform == "win32":
        with contextlib.suppress(ImportError):
            import msvcrt

            os.lseek(file.fileno(), _BYTE, os.SEEK_SET)
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError as error:
                raise BlockingIOError(error.errno, _HELD) from error
    else:
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BlockingIOError(error.errno, _HELD) from error
        except OSError:
            return
