"""Reads the file ``samples.jsonl`` of a run: one line a finished request."""

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import msgspec

from foundry_bench.values.errors import InputError
from foundry_bench.values.record import Sample
from foundry_bench.worker.bounded import MOST_BYTES

_decoder = msgspec.json.Decoder(Sample)


class SampleFile:
    """Reads the samples one by one, in the order in which they finished.

    Iterating raises an InputError that names the line which can't be read. Only the last line may be torn, where
    its process was killed: it is skipped, and ``torn`` is 1 once all are read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.torn = 0

    @property
    def left_out(self) -> str | None:
        """That a torn last line is in no figure, once all are read; None where there was none."""
        return _left_out(self.path) if self.torn else None

    def __iter__(self) -> Iterator[Sample]:
        self.torn = 0
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise InputError(f"{self.path}: {error.strerror}; a run's samples belong there: restore them") from error
        with file:
            for number, line in enumerate(iter(lambda: file.readline(MOST_BYTES), b""), 1):
                try:
                    sample = _decoder.decode(line)
                except (ValueError, RecursionError) as error:
                    if isinstance(error, msgspec.ValidationError) or file.read(1):
                        raise InputError(f"{self.path}, line {number}: {error}; mend or remove it") from error
                    self.torn = 1
                else:
                    yield sample


def left_out(path: Path) -> str | None:
    """The same as ``SampleFile.left_out``, of a file of which no more than that is asked."""
    with path.open("rb") as file:
        for line in deque(file, maxlen=1):
            try:
                msgspec.json.decode(line)
            except (ValueError, RecursionError):
                return _left_out(path)
    return None


def _left_out(path: Path) -> str:
    return f"{path}: the last line is cut, and that request is left out; 'run --resume' measures it again"
