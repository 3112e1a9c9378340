"""The worker's event loop on Linux: it reads where its selector wakes, and takes a turn only where there is work."""

import asyncio
import os
import select
import selectors
import time
from collections.abc import Callable
from contextvars import Context
from functools import partial
from typing import Any, TypeVarTuple

_Args = TypeVarTuple("_Args")
_MOST_AT_ONCE = 256  # files that are told of at one waking; more are told of at the next


class _ReadingSelector(selectors.EpollSelector):
    """Calls readers itself, and returns to its loop only for what else is ready."""

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll.fromfd(os.dup(self.fileno()))  # the same one, without the standard library's tables
        self.readers: dict[int, Callable[[], object]] = {}
        self.loop_has_work = False

    def close(self) -> None:
        """Close both descriptors."""
        super().close()
        self._epoll.close()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As every selector's; ``timeout`` in seconds."""
        due_s = None if timeout is None else time.monotonic() + timeout
        self.loop_has_work = False
        poll, readers, keys = self._epoll.poll, self.readers, self.get_map()
        while True:
            others = []
            ready = poll(timeout, _MOST_AT_ONCE)
            for fd, bits in ready:
                if fd in readers and not bits & select.EPOLLOUT:
                    readers[fd]()
                elif key := keys.get(fd):
                    read = selectors.EVENT_READ if bits & ~select.EPOLLOUT else 0
                    write = selectors.EVENT_WRITE if bits & ~select.EPOLLIN else 0
                    others.append((key, (read | write) & key.events))
            if others or not ready or self.loop_has_work:
                return others
            if due_s is not None and (timeout := due_s - time.monotonic()) <= 0:
                return others


class ArrivalLoop(asyncio.SelectorEventLoop):
    """asyncio's own loop, but for what ``add_reader`` calls: that is called at once when its file can be read.

    A turn of the loop costs half as much as reading a token does. Here a read takes one only if it schedules something.
    A reader must not raise: it runs outside of what catches errors.
    """

    def __init__(self) -> None:
        self._arrivals = _ReadingSelector()
        super().__init__(self._arrivals)

    def add_reader(self, fd: Any, callback: Callable[[*_Args], object], *args: *_Args) -> None:
        """As asyncio's."""
        super().add_reader(fd, callback, *args)
        self._arrivals.readers[_descriptor(fd)] = partial(callback, *args) if args else callback

    def remove_reader(self, fd: Any) -> bool:
        """As asyncio's."""
        self._arrivals.readers.pop(_descriptor(fd), None)
        return super().remove_reader(fd)

    def call_soon(
        self, callback: Callable[[*_Args], object], *args: *_Args, context: Context | None = None
    ) -> asyncio.Handle:
        """As asyncio's."""
        self._arrivals.loop_has_work = True
        return super().call_soon(callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*_Args], object], *args: *_Args, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As asyncio's."""
        self._arrivals.loop_has_work = True
        return super().call_at(when, callback, *args, context=context)


def _descriptor(file: Any) -> int:
    return file if isinstance(file, int) else int(file.fileno())
