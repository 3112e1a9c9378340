"""Reads the machine's meters once a second, in a thread, and sums up what each stretch of a measurement took."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from typing import Literal

from foundry_bench.values.telemetry import Meter, Reading, Telemetry, Use, telemetry
from foundry_bench.worker.amdgpu import AmdCards
from foundry_bench.worker.nvml import NvmlCards
from foundry_bench.worker.power_source import PowerSource
from foundry_bench.worker.rapl import RaplCounters

_INTERVAL_S = 1.0
_IDLE_S = 1.0
_OPEN_LIMIT_S = 3.0
_LAST_READING_LIMIT_S = 1.0

Stretch = Literal["idle", "measure", "other"]


def find_sources() -> list[PowerSource]:
    """Every source that this machine has and this user may read; may take some tenths of a second."""
    found: list[PowerSource | None] = [RaplCounters() or None, NvmlCards.find(), AmdCards() or None]
    return [source for source in found if source]


class PowerWatch:
    """Watches one model's measurement. Sources may block, or hang for good: nothing ever waits for them.

    Args:
        active: whether a request is under way; seconds without any, as in a pause, enter nothing.
        find: opens the sources; called in the thread.
    """

    def __init__(self, active: Callable[[], bool], find: Callable[[], Sequence[PowerSource]] = find_sources) -> None:
        self._active = active
        self._find = find
        self._stretch: Stretch = "idle"
        self._uses: dict[Stretch, Use] = {"idle": Use(), "measure": Use(), "other": Use()}
        self._wake = threading.Event()
        self._closing = False
        self._metered = False
        self._opened = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._watch, name="power", daemon=True)

    async def rest(self) -> None:
        """Start, and where there are meters let them count an idle second, before anything is loaded."""
        self._thread.start()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OPEN_LIMIT_S):
                await self._opened.wait()
                if self._metered:
                    await asyncio.sleep(_IDLE_S)
        self.enter("other")

    def enter(self, stretch: Stretch) -> None:
        """What comes now belongs to this stretch; takes microseconds, the reading is the thread's work."""
        self._stretch = stretch
        self._wake.set()

    def finish(self, *, answers: int, completion_tokens: int | None) -> Telemetry | None:
        """End the watch; what the measure stretch took, or None where nothing was read of it."""
        self._closing = True
        self._wake.set()
        if self._thread.ident is None:
            return None
        self._thread.join(_LAST_READING_LIMIT_S)
        if self._thread.is_alive():
            return None
        return telemetry(
            self._uses["idle"],
            self._uses["measure"],
            answers=answers,
            completion_tokens=completion_tokens,
            cores=os.cpu_count() or 1,
        )

    def _watch(self) -> None:
        sources = self._find()
        last, stretch = self._read(sources), self._stretch
        self._metered = bool(last.joules) or last.gpu_memory_mb is not None
        with contextlib.suppress(RuntimeError):  # the loop may be gone: nobody waits any more
            self._loop.call_soon_threadsafe(self._opened.set)
        while not self._closing:
            self._wake.wait(_INTERVAL_S)
            self._wake.clear()
            upcoming, now = self._stretch, self._read(sources)
            if stretch == "idle" or last.active or now.active:
                self._uses[stretch] = self._uses[stretch].plus(last, now)
            last, stretch = now, upcoming

    def _read(self, sources: Sequence[PowerSource]) -> Reading:
        at_s, cpu_s = time.monotonic(), time.process_time()
        said = [source.read(at_s) for source in sources]
        joules: dict[Meter, float] = {}
        for one in said:
            joules |= one.joules
        busy = [one.gpu_percent for one in said if one.gpu_percent is not None]
        memory = [one.gpu_memory_mb for one in said if one.gpu_memory_mb is not None]
        return Reading(
            at_s=at_s,
            active=self._active(),
            cpu_s=cpu_s,
            joules=joules,
            gpu_percent=max(busy, default=None),
            gpu_memory_mb=sum(memory) if memory else None,
        )
