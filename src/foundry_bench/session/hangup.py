"""Output whose reader may go away, by a closed terminal or a broken pipe, while the command goes on."""

import errno
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO

# A pipe or terminal whose reader went away; Windows says EINVAL of such a pipe.
_GONE = {errno.EPIPE, errno.EIO, errno.ECONNRESET, errno.ENXIO, *([errno.EINVAL] if sys.platform == "win32" else ())}


class Lossy:
    """A stream that drops what nobody can read any more.

    Args:
        stream: where to write.
        data: whether what is written is what the command is for: then it is dropped only where its reader went away,
            and a full disk is an error.
    """

    def __init__(self, stream: TextIO, *, data: bool = False) -> None:
        self._stream = stream
        self._data = data

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
        except OSError as error:
            lead_nowhere(self._stream.fileno())
            if self._data and error.errno not in _GONE:
                raise


def terminals() -> list[int]:
    """Which of standard output and error lead to a terminal; asked before it goes away, as nobody can tell then."""
    return [stream.fileno() for stream in (sys.stdout, sys.stderr) if stream.isatty()]


def leave(descriptors: list[int]) -> None:
    """Write no more to a terminal that went away."""
    for descriptor in descriptors:
        lead_nowhere(descriptor)


def open_closed() -> None:
    """Have all three standard streams: one that was closed from the start reads or writes nothing.

    Otherwise the next file that is opened would take its place, and what is printed would go elsewhere.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        if getattr(sys, name) is None:
            lead_nowhere(number)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - a descriptor


def lead_nowhere(descriptor: int) -> None:
    """The interpreter flushes what is left once more at its end, and must not fail then."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
