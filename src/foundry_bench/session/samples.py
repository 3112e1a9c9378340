"""The file ``samples.jsonl`` of a run: one line a finished request, on disk before anyone is told of it."""

import contextlib
import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from foundry_bench.values.errors import InputError
from foundry_bench.values.record import Sample

_decoder = msgspec.json.Decoder(Sample)


class SampleLog:
    """Appends to the file, after mending what a killed process may have left unfinished at its end."""

    def __init__(self, path: Path) -> None:
        path.touch()
        _mend_end(path)
        self._file = path.open("ab", buffering=0)

    def append(self, sample: Sample) -> None:
        """Write a line; it is on disk when this returns.

        Raises:
            OSError: for instance where the disk is full; no part of the line stays in the file.
        """
        rest = memoryview(msgspec.json.encode(sample) + b"\n")
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


class SampleFile:
    """Reads the samples one by one, in the order in which they finished.

    Iterating raises an InputError that names the line which can't be read. Only the last line may be torn, where
    its process was killed: it is skipped, and ``torn`` is 1 once all are read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0

    def __iter__(self) -> Iterator[Sample]:
        self.torn = 0
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise InputError(f"{self.path}: {error.strerror}; a run keeps its samples there") from error
        with file:
            for number, line in enumerate(file, 1):
                try:
                    sample = _decoder.decode(line)
                except ValueError as error:
                    if isinstance(error, msgspec.ValidationError) or next(file, None) is not None:
                        raise InputError(f"{self.path}, line {number}: {error}; mend or remove it") from error
                    self.torn = 1
                else:
                    yield sample


def _mend_end(path: Path) -> None:
    """Cut a torn last line, or end a whole one, so that the next sample gets a line of its own."""
    with path.open("r+b") as file:
        for line in deque(file, maxlen=1):
            try:
                _decoder.decode(line)
            except ValueError:
                file.truncate(file.tell() - len(line))
            else:
                file.write(b"" if line.endswith(b"\n") else b"\n")
