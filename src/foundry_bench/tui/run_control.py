"""The benchmark under way in this application: started, steered, and folded into a snapshot; it draws nothing."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from foundry_bench.session.settings import Settings
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan

if TYPE_CHECKING:  # numpy, msgspec and more, which the first paint does not wait for
    from pathlib import Path

    from foundry_bench.session.benchmark import Benchmark
    from foundry_bench.session.store import Run
    from foundry_bench.values.events import Event
    from foundry_bench.values.result import RunStatus
    from foundry_bench.values.snapshot import Snapshot

_STOP_S = 1.5
_CLOSE_S = 3.0


class RunControl:
    """At most one benchmark at a time.

    Args:
        ended: is called, from the event loop, when a benchmark is over.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, ended: Callable[[], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.plan: Plan | None = None
        self.snapshot: Snapshot | None = None
        self.status: RunStatus | None = None
        self.problem: str | None = None
        self.path: Path | None = None
        self._ended = ended
        self._benchmark: Benchmark | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether a benchmark is under way."""
        return self._task is not None and not self._task.done()

    @property
    def paused(self) -> bool:
        """Whether it waits."""
        return self.snapshot is not None and self.snapshot.paused_at_s is not None

    def start(self, plan: Plan, settings: Settings) -> None:
        """Measure ``plan``; does nothing while a benchmark is under way."""
        if not self.running:
            self.plan, self.snapshot = plan, None
            self.status, self.problem, self.path = None, None, None
            self._task = asyncio.create_task(self._measure(plan, settings))

    def pause(self) -> None:
        """Let the requests in flight end and start no more; once more to go on."""
        from foundry_bench.values.folding import paused, resumed

        if not (self._benchmark and self.snapshot and self.running):
            return
        if self.paused:
            self._benchmark.resume()
            self.snapshot = resumed(self.snapshot, self.clock())
        else:
            self._benchmark.pause()
            self.snapshot = paused(self.snapshot, self.clock())

    def skip(self) -> None:
        """Give the model in hand up."""
        if self._benchmark and self.running:
            self._benchmark.skip()

    def stop(self) -> None:
        """Give the model in hand up and measure no more."""
        if self._benchmark and self.running:
            self._benchmark.stop()

    async def close(self) -> None:
        """Stop, politely and then not, within five seconds; what was measured is on disk."""
        if self._task is None or self._task.done():
            return
        self.stop()
        done, _ = await asyncio.wait([self._task], timeout=_STOP_S)
        if not done:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_CLOSE_S)

    async def _measure(self, plan: Plan, settings: Settings) -> None:
        try:
            run, benchmark = await asyncio.to_thread(self._prepare, plan, settings)
            self.path, self._benchmark = run.path, benchmark
            self.status = await benchmark.measure()
        except (OSError, InputError, ValueError) as error:
            self.problem = str(error)
        finally:
            self._benchmark = None
            with contextlib.suppress(RuntimeError):  # the application is gone already
                self._ended()

    def _prepare(self, plan: Plan, settings: Settings) -> "tuple[Run, Benchmark]":
        """The run's folder and what measures it; imports much, so that it is not for the event loop."""
        from foundry_bench.session.benchmark import Benchmark
        from foundry_bench.session.environment import describe_environment
        from foundry_bench.session.own_models import list_own
        from foundry_bench.session.paths import with_default_folders
        from foundry_bench.session.store import Run
        from foundry_bench.session.targets import find_targets
        from foundry_bench.values.folding import begin

        importlib.import_module("foundry_bench.values.eta")
        whole = replace(plan, runtime=with_default_folders(plan.runtime))
        targets = find_targets(whole, settings.endpoints, settings.adapters, list_own())
        run = Run.create(settings.out, whole, describe_environment())
        self.snapshot = begin(whole, self.clock())
        return run, Benchmark(whole, targets, run, self._listen)

    def _listen(self, event: "Event") -> None:
        from foundry_bench.values.folding import fold

        if self.snapshot:
            self.snapshot = fold(self.snapshot, event, self.clock())
