"""Runs a plan: one fresh worker a model, each sample on disk before anyone is told of it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from foundry_bench.session.calibrating import calibrate, short_loads
from foundry_bench.session.facet_ratings import check_run
from foundry_bench.session.prefetch import prefetch
from foundry_bench.session.store import Run
from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import (
    Event,
    ModelDescribed,
    ModelFinished,
    ModelLoaded,
    SampleFinished,
    StageStarted,
)
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.record import Failure, Sample
from foundry_bench.values.result import ModelResult, RunStatus, model_result
from foundry_bench.values.summary import Summarizer
from foundry_bench.worker.protocol import Measure, Pause, Resume, Stop

Listener = Callable[[Event], None]

_SKIP_GRACE_S = 5.0
_MEND = {
    "worker_died": "close other programs or choose a smaller variant; the worker's log is in the run's folder",
}


class Benchmark:
    """A run under way.

    Args:
        plan: what to measure.
        targets: where, in the plan's order.
        run: the run on disk; of a resumed one, what is finished there is kept.
        listener: is told each event after it is on disk.
    """

    def __init__(self, plan: Plan, targets: Sequence[Target], run: Run, listener: Listener) -> None:
        self._plan = plan
        self._targets = targets
        self._run = run
        self._listener = listener
        self._worker: Worker | None = None
        self._skipping = False
        self._stopping = False
        self._prefetching: asyncio.Task[None] | None = None

    async def measure(self) -> RunStatus:
        """Measure every model that the run doesn't hold yet; returns the run's final status.

        A model that fails is recorded as such and the next one is measured. On cancellation the run is closed as
        interrupted. Of one that is done the answers are scored by the checks of their facets.

        Raises:
            OSError: the run can't be written any more.
        """
        status: RunStatus = "interrupted"
        try:
            if self._plan.prefetch:
                await self._prefetch()
            await self._calibrate()
            for target in self._targets:
                if self._stopping:
                    break
                if target.name not in self._run.finished_models():
                    self._run.add_model(await self._measure_model(target))
            if not self._stopping:
                answered = any(result.counts.answered for result in self._run.record.models)
                status = "done" if answered else "failed"
        finally:
            self._run.close(status)
        if status == "done":
            # What can't be checked now is checked by `rate --check`: it takes nothing from what was measured.
            with contextlib.suppress(InputError, OSError):
                await asyncio.to_thread(check_run, self._run.path)
        return status

    def pause(self) -> bool:
        """Let the requests in flight end and start no more; returns whether there is a model in hand to pause."""
        if self._worker:
            self._worker.send(Pause())
        return self._worker is not None

    def resume(self) -> None:
        """Go on after a pause."""
        if self._worker:
            self._worker.send(Resume())

    def skip(self) -> None:
        """Give the model in hand up, by force where it does not listen, and go on with the next."""
        if self._worker:
            self._skipping = True
            self._worker.send(Stop())
            asyncio.get_running_loop().call_later(_SKIP_GRACE_S, self._kill_if_same, self._worker)

    def stop(self) -> None:
        """Give the model in hand up and measure no more; what was finished stays."""
        self._stopping = True
        if self._prefetching:
            self._prefetching.cancel()
        self.skip()

    def _kill_if_same(self, worker: Worker) -> None:
        if self._worker is worker:
            worker.kill()

    async def _prefetch(self) -> None:
        waiting = [target for target in self._targets if target.name not in self._run.finished_models()]
        self._prefetching = asyncio.create_task(prefetch(self._plan, waiting, self._listener))
        try:
            await self._prefetching
        except asyncio.CancelledError:
            if not self._stopping:
                raise
        finally:
            self._prefetching = None

    async def _calibrate(self) -> None:
        """Measure this machine's own error first; a benchmark goes on without, and says so by having none."""
        if self._plan.calibrate and not self._stopping:
            self._listener(StageStarted(model="this machine", stage="calibrate"))
            with contextlib.suppress(InputError):
                self._run.set_calibration(await calibrate(short_loads(self._plan.concurrency), short=True))

    async def _measure_model(self, target: Target) -> ModelResult:
        summarizer = Summarizer(target.name, temperature=self._plan.temperature)
        done = set[tuple[str, int]]()
        for sample in self._run.samples():
            if sample.model == target.name:
                summarizer.add(sample)
                done |= _answered(sample)
        described: ModelDescribed | None = None
        loaded: ModelLoaded | None = None
        finished: ModelFinished | None = None
        self._skipping = False
        async with start_worker(self._run.log_path(target.name)) as self._worker:
            self._worker.send(Measure(plan=self._plan, target=target, done=tuple(sorted(done))))
            if self._stopping:  # while it was being started
                self.skip()
            async with contextlib.aclosing(self._worker.events()) as events:
                async for event in events:
                    match event:
                        case SampleFinished(sample=sample):
                            self._run.append(sample)
                            summarizer.add(sample)
                            done |= _answered(sample)
                        case ModelDescribed():
                            described = event
                        case ModelLoaded():
                            loaded = event
                        case ModelFinished():
                            finished = event
                            break
                    self._listener(event)
            if finished is None:
                finished = await self._died(target.name, self._worker, answered=bool(done))
        self._worker = None
        self._listener(finished)
        calibration, rates = self._run.record.calibration, self._plan.rates
        return model_result(finished, described, loaded, summarizer.result(), calibration, rates=rates)

    async def _died(self, model: str, worker: Worker, *, answered: bool) -> ModelFinished:
        failure = await worker.cause_of_death()
        if self._skipping:
            failure = Failure(type="stopped", message="given up on request; it did not stop by itself")
        return ModelFinished(
            model=model,
            status="partial" if answered else "skipped" if self._skipping else "failed",
            error=failure,
            advice=_MEND.get(failure.type),
        )


def _answered(sample: Sample) -> set[tuple[str, int]]:
    """The (prompt id, round) of a request that needs no repeating."""
    needed = sample.phase != "measure" or not sample.counts or sample.path == "openai"
    return set() if needed else {(sample.prompt_id, sample.round)}
