"""One model's measurement: its worker, what that told, what the answers amount to so far."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from itertools import takewhile

from foundry_bench.session.store import Run
from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.curve import Curve
from foundry_bench.values.events import (
    Event,
    ModelDescribed,
    ModelFinished,
    ModelLoaded,
    Noted,
    RoundsExpected,
    SampleFinished,
    TurnFinished,
)
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.record import Failure, Sample, Stop
from foundry_bench.values.resampling import Answers
from foundry_bench.values.result import ModelResult, model_result
from foundry_bench.values.summary import Summarizer
from foundry_bench.worker.protocol import Finish, Measure, Rounds
from foundry_bench.worker.protocol import Stop as StopWorker

Listener = Callable[[Event], None]

# A worker tells something every second, unless foreign code holds its interpreter, as while it loads a model.
_SILENCE_S = 180.0
_MEND = {
    "worker_died": "close other programs or choose a smaller variant; the worker's log is in the run's folder",
    "worker_hung": "try it again; the worker's log is in the run's folder",
    "worker_garbled": "what runs in that process writes where it must not; the worker's log is in the run's folder",
}


class Measurement:
    """A model that is being measured, turn by turn; each sample is on disk before anyone is told of it.

    Attributes:
        worker: its process.
        answers: what a rule that ends the rounds judges by; empty where the plan has none.
        rounds: those that are finished, of a resumed run too.
        over: whether its worker is done with it.
        given_up: somebody asked for its end.
        stop: why its rounds ended, where a turn was not granted any more.
    """

    def __init__(
        self, plan: Plan, target: Target, run: Run, listener: Listener, worker: Worker, *, before: Iterable[Sample]
    ) -> None:
        self.name = target.name
        self.worker = worker
        self.answers = Answers()
        self.given_up = False
        self.stop: Stop | None = None
        self._plan = plan
        self._target = target
        self._run = run
        self._listener = listener
        self._events: AsyncGenerator[Event] = worker.events(max(_SILENCE_S, plan.timeout_s))
        self._summarizer = Summarizer(
            target.name, temperature=plan.temperature, order=[prompt.id for prompt in plan.prompts]
        )
        self._curve = Curve(plan)
        self._done = set[tuple[str, int]]()
        self._described: ModelDescribed | None = None
        self._loaded: ModelLoaded | None = None
        self._finished: ModelFinished | None = None
        for sample in before:
            if sample.phase != "sweep":  # a sweep is measured anew, as a whole
                self._take(sample)
        self.rounds = sum(1 for _ in takewhile(self._is_done, range(1, plan.rounds + 1)))

    @property
    def over(self) -> bool:
        """Whether its worker is done with it, for good or ill."""
        return self._finished is not None

    async def prepare(self) -> None:
        """Load the model and warm it up; then it waits for its first turn, or is over."""
        done = tuple(sorted(self._done))
        self.worker.send(Measure(plan=self._plan, target=self._target, done=done, in_turns=True))
        await self._listen()

    async def measure(self, through: int) -> None:
        """Take a turn: the rounds up to this one."""
        self.worker.send(Rounds(through=through))
        await self._listen()

    async def finish(self) -> ModelResult:
        """Take no more turns, unload, and sum up."""
        if not self.over:
            if self.stop and self.stop.rounds != self._plan.rounds and not self.given_up:
                self._listener(RoundsExpected(model=self.name, rounds=self.stop.rounds))
                ended = f"ended after {self.stop.rounds} rounds: {self.stop.message}"
                self._listener(Noted(message=f"{self.name}: {ended}"))
            self.worker.send(StopWorker() if self.given_up else Finish())
            await self._listen()
        return self.result()

    def give_up(self) -> None:
        """End it soon, whatever it is doing."""
        self.given_up = True
        self.worker.send(StopWorker())

    def result(self) -> ModelResult:
        """What there is so far; of a model that isn't over as of one that was interrupted."""
        finished = self._finished or ModelFinished(
            model=self.name,
            status="partial" if self._done else "skipped",
            error=Failure(type="stopped", message="interrupted before its end"),
        )
        summary, calibration = self._summarizer.result(), self._run.record.calibration
        told = finished, self._described, self._loaded
        rates, sweep = self._plan.rates, self._curve.result()
        return model_result(*told, summary, calibration, rates=rates, stop=self.stop, sweep=sweep)

    async def close(self) -> None:
        """Read no more of what the worker tells."""
        await self._events.aclose()

    async def _listen(self) -> None:
        """Take in what the worker tells, until its turn or it itself is over."""
        self.worker.awaited = True
        try:
            await self._take_events()
        finally:
            self.worker.awaited = False

    async def _take_events(self) -> None:
        async for event in self._events:
            match event:
                case SampleFinished(sample=sample):
                    self._run.append(sample)
                    self._take(sample)
                case ModelDescribed():
                    self._described = event
                case ModelLoaded():
                    self._loaded = event
                case TurnFinished(round=number):
                    self.rounds = max(self.rounds, number)  # the worker counts from its own first turn
                    self._listener(event)
                    return
                case ModelFinished():
                    self._finish(event)
                    return
            self._listener(event)
        self._finish(await self._died())

    def _is_done(self, number: int) -> bool:
        return all((prompt.id, number) in self._done for prompt in self._plan.prompts)

    def _take(self, sample: Sample) -> None:
        self._summarizer.add(sample)
        self._curve.add(sample)
        if sample.measured:  # else the request is repeated
            self._done.add((sample.prompt_id, sample.round))
        if self._plan.until or self._plan.budget_s:
            self.answers.add(sample)

    def _finish(self, finished: ModelFinished) -> None:
        self._finished = finished
        self._listener(finished)

    async def _died(self) -> ModelFinished:
        failure = await self.worker.cause_of_death()
        if self.given_up:
            failure = Failure(type="stopped", message="given up on request; it did not stop by itself")
        return ModelFinished(
            model=self.name,
            status="partial" if self._done else "skipped" if self.given_up else "failed",
            error=failure,
            advice=_MEND.get(failure.type),
        )


@contextlib.asynccontextmanager
async def begin_measurement(
    plan: Plan, target: Target, run: Run, listener: Listener, before: Iterable[Sample] = ()
) -> AsyncIterator[Measurement]:
    """A measurement with a fresh worker, which is ended when the block is left however.

    Args:
        plan: what to measure.
        target: the model.
        run: the run on disk.
        listener: is told each event after it is on disk.
        before: the model's samples that the run holds already; they are kept.
    """
    async with start_worker(run.log_path(target.name)) as worker:
        measurement = Measurement(plan, target, run, listener, worker, before=before)
        try:
            yield measurement
        finally:
            await measurement.close()
