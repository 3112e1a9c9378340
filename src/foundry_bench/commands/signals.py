"""An interrupt, a closed terminal or a polite kill, as a cancellation."""

import asyncio
import contextlib
import signal
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def signals_cancel(task: "asyncio.Future[Any]") -> Iterator[None]:
    """While the block lasts, these signals cancel ``task``."""
    loop = asyncio.get_running_loop()
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        for name in names:
            loop.add_signal_handler(getattr(signal, name), task.cancel)
    except NotImplementedError:  # Windows: ^C arrives as KeyboardInterrupt, which asyncio.run turns into the same
        names = []
    try:
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(getattr(signal, name))
