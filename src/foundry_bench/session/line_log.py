"""A file of JSON lines: one record a line, on disk before anyone is told of it."""

import contextlib
import os
from collections import deque
from pathlib import Path

import msgspec

from foundry_bench.session.file_lock import lock
from foundry_bench.values.errors import InputError


class LineLog:
    """Appends to the file, after mending what a killed process may have left unfinished at its end.

    Raises:
        InputError: it is a link, which may lead anywhere.
        BlockingIOError: another process appends to it.
    """

    def __init__(self, path: Path) -> None:
        if path.is_symlink():
            raise InputError(f"{path}: it is a link to another place; put the file itself there, or measure anew")
        self._file = path.open("ab", buffering=0)
        try:
            lock(self._file)
            _mend_end(path)
        except OSError:
            self._file.close()
            raise

    def append(self, record: object) -> None:
        """Write a line; it is on disk when this returns.

        Raises:
            OSError: for instance where the disk is full; no part of the line stays in the file.
        """
        rest = memoryview(msgspec.json.encode(record) + b"\n")
        end = self._file.seek(0, os.SEEK_END)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                self._file.truncate(end)
            raise

    def close(self) -> None:
        """Append no more."""
        self._file.close()


def _mend_end(path: Path) -> None:
    """Cut a torn last line, or end a whole one, so that the next record gets a line of its own."""
    with path.open("r+b") as file:
        for line in deque(file, maxlen=1):
            try:
                msgspec.json.decode(line, type=dict)
            except (ValueError, RecursionError):
                file.truncate(file.tell() - len(line))
            else:
                file.write(b"" if line.endswith(b"\n") else b"\n")
