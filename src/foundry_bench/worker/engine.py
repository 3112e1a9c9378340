"""The benchmark engine: schedules one model's requests, sends them, and tells what happened."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Collection, Sequence

from foundry_bench.values.events import (
    ModelFinished,
    ModelLoaded,
    RequestStarted,
    SampleFinished,
    StageStarted,
    TurnFinished,
    TurnStarted,
    WorkerObserved,
)
from foundry_bench.values.plan import Plan, Prompt
from foundry_bench.values.record import Memory, Phase
from foundry_bench.values.sweep import Level, level_requests, sweep_levels
from foundry_bench.worker.answer import Request
from foundry_bench.worker.backend import Backend, Emit, ModelUnavailableError
from foundry_bench.worker.canary import CANARY, CANARY_TOKENS, first_answer
from foundry_bench.worker.flights import Flights
from foundry_bench.worker.garbage import collect_if_needed, quiet_collector
from foundry_bench.worker.pause import Pause
from foundry_bench.worker.power_watch import PowerWatch, Stretch
from foundry_bench.worker.process_watch import ProcessWatch
from foundry_bench.worker.tally import Tally

_TICK_S = 0.1
_TICKS_PER_OBSERVATION = 10
# After a longer rest a model gets a prompt that does not count: clocks, caches and connections have cooled down.
_WARM_S = 20.0


class Engine:
    """Measures one model: prepare, canary, warm-up, rounds, release; everything that happens is emitted.

    Args:
        plan: what to measure.
        model: the model's name in the plan.
        backend: its way to the runtime.
        emit: takes each event; called from the loop.
        key: API key for the ``openai`` client.
        done: (prompt id, round) pairs that are answered already.
        in_turns: measure only the rounds that ``grant`` allows, and compute nothing between the turns.
    """

    def __init__(
        self,
        plan: Plan,
        model: str,
        backend: Backend,
        emit: Emit,
        *,
        key: str | None = None,
        done: Collection[tuple[str, int]] = (),
        in_turns: bool = False,
    ) -> None:
        self._plan = plan
        self._model = model
        self._backend = backend
        self._emit = emit
        self._key = key
        self._done = frozenset(done)
        self._in_turns = in_turns
        self._granted = asyncio.Queue[int | None]()
        self._working = asyncio.Event()
        self._working.set()
        self._rested_s = 0.0
        self._peak_mb: float | None = None
        self._watch = ProcessWatch()
        self._flights = Flights(plan, model, backend, emit)
        self._tally = Tally(len(self._done))
        self._pause = Pause(plan.keep_warm_s, backend.keep_warm, plan.timeout_s, lambda: not self._flights)
        self._max_lag_s = 0.0
        self._cpu_s: float | None = None
        self._power = PowerWatch(self._is_active) if backend.in_process else None

    def pause(self) -> None:
        """Start no further request until ``resume``."""
        self._pause.begin()

    def resume(self) -> None:
        """Go on after a pause."""
        self._pause.end()

    def grant(self, through: int) -> None:
        """Allow a turn: the rounds up to the one of this number. It ends a pause, too."""
        self._pause.end()
        self._granted.put_nowait(through)

    def finish(self) -> None:
        """Take no more turns. It ends a pause, too, which may have come after the last turn."""
        self._pause.end()
        self._granted.put_nowait(None)

    def stop(self) -> None:
        """Break off the requests in flight and start no more; ``measure`` then ends as it always does."""
        self._flights.stop()
        self._pause.end(at_once=True)
        self.finish()

    async def measure(self) -> None:
        """Measure the model; the last event is a ModelFinished, whatever happened."""
        if self._power:
            await self._power.rest()
        ticker = asyncio.create_task(self._tick())
        baseline_mb, loaded_mb = self._watch.rss_mb(), None
        failure: ModelUnavailableError | None = None
        try:
            described = await self._backend.prepare(self._emit)
            self._flights.address(described.id)
            self._emit(described)
            loaded_mb = self._watch.rss_mb()
            await self._pause.over()
            self._emit(StageStarted(model=self._model, stage="canary", requests=1))
            await self._backend.connect(1)
            request = self._request(CANARY, "warmup", 0, max_tokens=CANARY_TOKENS)
            cold_ttft_s = await first_answer(self._flights, request, self._plan.timeout_s)
            self._emit(ModelLoaded(model=self._model, load_s=self._backend.load_s, cold_ttft_s=cold_ttft_s))
            await self._run_phases()
        except ModelUnavailableError as error:
            failure = error
        memory = Memory()
        if self._backend.in_process and loaded_mb is not None:
            memory = Memory(
                baseline_mb=baseline_mb, loaded_mb=loaded_mb, peak_mb=self._peak_mb or self._watch.peak_mb()
            )
        self._emit(StageStarted(model=self._model, stage="unload"))
        await self._flights.close()
        await self._backend.release()
        ticker.cancel()
        self._emit(self._finished(failure, memory))

    async def _run_phases(self) -> None:
        plan = self._plan
        await self._backend.connect(plan.concurrency)
        if plan.client == "openai" and self._backend.openai_url:
            await self._flights.open_client(self._backend.openai_url, self._key)
        prompts = plan.prompts
        warmups = [(prompts[i % len(prompts)], i + 1) for i in range(plan.warmup)]
        every = [(prompt, number + 1) for number in range(plan.rounds) for prompt in prompts]
        measured = [(prompt, number) for prompt, number in every if (prompt.id, number) not in self._done]
        with quiet_collector():
            await self._run_phase("warmup", warmups)
            self._max_lag_s, cpu_s = 0.0, time.process_time()
            if self._in_turns:
                await self._take_turns(measured)
            else:
                self._enter("measure")
                await self._run_phase("measure", measured)
                self._enter("other")
            self._cpu_s = time.process_time() - cpu_s
            await self._sweep()

    async def _sweep(self) -> None:
        """Measure the levels of the plan's sweep; of a prompt's length that fails once no more is sent."""
        work = [(level, level_requests(self._plan, level)) for level in sweep_levels(self._plan)]
        if not work or self._flights.stopped:
            return
        self._peak_mb = self._watch.peak_mb()  # long prompts and many connections take memory that is not the plan's
        total = sum(len(requests) for _, requests in work)
        self._emit(StageStarted(model=self._model, stage="sweep", requests=total))
        for level, requests in work:
            with contextlib.suppress(ModelUnavailableError):  # the requests themselves will say so
                await self._backend.connect(level.concurrency)
            await self._send_all("sweep", requests, level)

    async def _take_turns(self, measured: Sequence[tuple[Prompt, int]]) -> None:
        """Measure as many rounds as are granted, turn by turn."""
        before = 0
        while (through := await self._next_turn(before)) is not None:
            self._emit(TurnStarted(model=self._model))
            if not before:
                self._emit(StageStarted(model=self._model, stage="measure", requests=len(measured)))
            if self._rested_s > _WARM_S:
                await self._send_all("warmup", [(self._plan.prompts[0], 0)])
            self._enter("measure")
            await self._send_all("measure", [(prompt, n) for prompt, n in measured if before < n <= through])
            self._enter("other")
            before = max(before, through)

    async def _next_turn(self, before: int) -> int | None:
        """Wait for the next turn, as idle as can be: another model may be measured meanwhile."""
        self._working.clear()
        since_s = time.monotonic()
        self._emit(TurnFinished(model=self._model, round=before))
        through = await self._granted.get()
        self._rested_s = time.monotonic() - since_s
        self._working.set()
        return None if self._flights.stopped else through

    async def _run_phase(self, phase: Phase, work: Sequence[tuple[Prompt, int]]) -> None:
        self._emit(StageStarted(model=self._model, stage=phase, requests=len(work)))
        await self._send_all(phase, work)

    async def _send_all(self, phase: Phase, work: Sequence[tuple[Prompt, int]], level: Level | None = None) -> None:
        waiting = deque(work)
        slots = level.concurrency if level else self._plan.concurrency
        async with asyncio.TaskGroup() as group:
            for slot in range(min(slots, len(work))):
                group.create_task(self._work_off(slot, phase, waiting, level))
        await self._flights.settle()  # the next turn may be another model's

    async def _work_off(self, slot: int, phase: Phase, waiting: deque[tuple[Prompt, int]], level: Level | None) -> None:
        """Take the next request for as long as there is one."""
        while True:
            await self._pause.over()
            if not waiting or self._flights.stopped:
                return
            prompt, number = waiting.popleft()
            request = self._request(prompt, phase, number, level=level)
            for path in self._flights.paths(number) if level is None else ("raw",):
                self._emit(RequestStarted(model=self._model, slot=slot, prompt_id=prompt.id, phase=phase, round=number))
                sample = await self._flights.ask(slot, request, path)
                if phase == "measure":
                    self._tally.count(sample)
                if level and level.prompt_tokens and not sample.counts:
                    waiting.clear()
                self._emit(SampleFinished(slot=slot, sample=sample))
                await self._flights.settle()
            if not self._flights:
                collect_if_needed()

    def _request(
        self, prompt: Prompt, phase: Phase, number: int, *, max_tokens: int | None = None, level: Level | None = None
    ) -> Request:
        plan = self._plan
        return Request(
            model=self._model,
            prompt=prompt,
            system=prompt.system if prompt.system is not None else plan.system,
            max_tokens=max_tokens or prompt.max_tokens or plan.max_tokens,
            temperature=plan.temperature,
            seed=plan.seed,
            stream=plan.stream,
            phase=phase,
            round=number,
            level=level.name if level else None,
        )

    async def _tick(self) -> None:
        """Ten times a second: what has arrived, for the screen, and how late this very tick is."""
        tick = 0
        while True:
            if not self._working.is_set():
                await self._working.wait()
                self._watch = ProcessWatch()  # what went on while it waited disturbed nothing here
            due = time.monotonic() + _TICK_S
            await asyncio.sleep(_TICK_S)
            lag_s = time.monotonic() - due
            if self._flights:
                self._max_lag_s = max(self._max_lag_s, lag_s)
            tick += 1
            # The load that an endpoint's own server makes, here or elsewhere, is no disturbance.
            self._flights.look(self._watch.disturbance(lag_s, others=self._backend.in_process))
            if tick % _TICKS_PER_OBSERVATION == 0:
                self._emit(
                    WorkerObserved(
                        model=self._model, rss_mb=self._watch.rss_mb(), cpu_percent=self._watch.cpu_percent()
                    )
                )

    def _is_active(self) -> bool:
        """Whether the model is at work: not in a pause, once its last answers have ended."""
        return bool(self._flights) or not self._pause.begun

    def _enter(self, stretch: Stretch) -> None:
        if self._power:
            self._power.enter(stretch)

    def _finished(self, failure: ModelUnavailableError | None, memory: Memory) -> ModelFinished:
        tally = self._tally
        status, error, advice = tally.verdict(failure, stopped=self._flights.stopped)
        telemetry = None  # nothing of this machine's is an endpoint's
        if self._power:
            telemetry = self._power.finish(answers=tally.answers, completion_tokens=tally.completion_tokens)
        return ModelFinished(
            model=self._model,
            status=status,
            error=error,
            advice=advice,
            memory=memory,
            max_lag_s=round(self._max_lag_s, 6),
            cpu_s=None if self._cpu_s is None else round(self._cpu_s, 6),
            telemetry=telemetry,
        )
