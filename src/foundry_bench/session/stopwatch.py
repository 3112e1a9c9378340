"""Time that passes while a benchmark works; pauses don't count."""

import asyncio
import time


class Stopwatch:
    """Runs from the start."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._paused_at_s: float | None = None
        self._going = asyncio.Event()
        self._going.set()

    def read_s(self) -> float:
        """Seconds so far."""
        return (self._paused_at_s if self._paused_at_s is not None else time.monotonic()) - self._began_s

    def pause(self) -> None:
        """Stand still."""
        if self._paused_at_s is None:
            self._paused_at_s = time.monotonic()
            self._going.clear()

    def go_on(self) -> None:
        """Run on after a pause."""
        if self._paused_at_s is not None:
            self._began_s += time.monotonic() - self._paused_at_s
            self._paused_at_s = None
            self._going.set()

    async def running(self) -> None:
        """Wait for the end of a pause, if there is one."""
        await self._going.wait()
