"""Output whose reader may go away, by a closed terminal or a broken pipe, while the command goes on."""

import os
import sys
from collections.abc import Callable
from typing import Any, TextIO


class Lossy:
    """A stream that drops what nobody can read any more."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or drop."""
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        """Flush, or drop."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        """All else is the stream's own."""
        return getattr(self._stream, name)

    def _try(self, act: Callable[..., object], *args: str) -> None:
        try:
            act(*args)
        except OSError:
            _lead_nowhere(self._stream.fileno())


def terminals() -> list[int]:
    """Which of standard output and error lead to a terminal; asked before it goes away, as nobody can tell then."""
    return [stream.fileno() for stream in (sys.stdout, sys.stderr) if stream.isatty()]


def leave(descriptors: list[int]) -> None:
    """Write no more to a terminal that went away."""
    for descriptor in descriptors:
        _lead_nowhere(descriptor)


def _lead_nowhere(descriptor: int) -> None:
    """The interpreter flushes what is left once more at its end, and must not fail then."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
