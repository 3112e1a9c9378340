"""Holds requests back while a run is paused, and keeps the model warm meanwhile."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


class Pause:
    """Whether requests may start, and what happens while they may not.

    Args:
        interval_s: how often the model is kept warm; None: never.
        keep_warm: does it, for that interval.
        longest_s: after which it is broken off.
        idle: whether nothing is in flight.
    """

    def __init__(
        self,
        interval_s: float | None,
        keep_warm: Callable[[float], Coroutine[Any, Any, None]],
        longest_s: float,
        idle: Callable[[], bool],
    ) -> None:
        self._interval_s = interval_s
        self._keep_warm = keep_warm
        self._longest_s = longest_s
        self._idle = idle
        self._over = asyncio.Event()
        self._over.set()
        self._waiting = asyncio.Lock()
        self._warming: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether requests wait."""
        return not self._over.is_set()

    def begin(self) -> None:
        """From now on requests wait."""
        self._over.clear()

    def end(self, *, at_once: bool = False) -> None:
        """Let requests go on, once a warming that is under way has ended; ``at_once`` breaks that off."""
        self._over.set()
        if at_once and self._warming:
            self._warming.cancel()

    async def over(self) -> None:
        """Wait until requests may start; one of those that wait keeps the model warm, which none overtakes."""
        async with self._waiting:
            while not self._over.is_set():
                try:
                    async with asyncio.timeout(self._interval_s):
                        await self._over.wait()
                except TimeoutError:
                    if self._interval_s and self._idle():
                        await self._warm(self._interval_s)

    async def _warm(self, interval_s: float) -> None:
        self._warming = asyncio.create_task(self._keep_warm(interval_s))
        await asyncio.wait([self._warming], timeout=self._longest_s)
        self._warming.cancel()
