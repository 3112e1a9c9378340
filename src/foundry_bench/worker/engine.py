"""The benchmark engine: schedules one model's requests, sends them, and tells what happened."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Collection, Sequence

from foundry_bench.values.events import (
    AnswerProgressed,
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
from foundry_bench.values.record import Disturbance, Failure, Memory, ModelStatus, Phase, Sample
from foundry_bench.values.record import Path as RequestPath
from foundry_bench.values.sweep import Level, level_requests, sweep_levels
from foundry_bench.values.telemetry import Telemetry
from foundry_bench.worker.answer import Answer, Request
from foundry_bench.worker.backend import Backend, Emit, ModelUnavailableError
from foundry_bench.worker.garbage import collect_if_needed, quiet_collector
from foundry_bench.worker.openai_client import OpenAIClient
from foundry_bench.worker.pause import Pause
from foundry_bench.worker.power_watch import PowerWatch, Stretch
from foundry_bench.worker.process_watch import ProcessWatch

_TICK_S = 0.1
_TICKS_PER_OBSERVATION = 10
_LONGEST_ANSWER = 1 << 25  # characters: beyond what any model says, and far below what would fill the memory
_CANARY = Prompt(id="canary", prompt="Say hello.")
_CANARY_TOKENS = 16
_CANARY_RETRY_S = 1.0
# After a longer rest a model gets a prompt that does not count: clocks, caches and connections have cooled down.
_WARM_S = 20.0
_STILL_LOADING = {"http_503", "http_429"}
_CANARY_ADVICE = {
    "no_answer": "its files may be damaged: remove the model and download or import it again",
    "timeout": "give it more time with --timeout, or choose a smaller variant",
}


class Engine:
    """Measures one model: prepare, canary, warm-up, rounds, release; everything that happens is emitted.

    Args:
        plan: what to measure.
        model: the model's name in the plan.
        backend: its way to the runtime.
        emit: takes each event; called from the loop and, for progress, from the runtime's threads.
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
        self._pause = Pause(plan.keep_warm_s, backend.keep_warm, plan.timeout_s, lambda: not self._in_flight)
        self._stopped = asyncio.Event()
        self._in_flight: dict[int, tuple[Answer, asyncio.Task[None]]] = {}
        self._client: OpenAIClient | None = None
        self._model_id = ""
        self._answered = len(self._done)
        self._failed = 0
        self._max_lag_s = 0.0
        self._cpu_s: float | None = None
        self._power = PowerWatch(self._is_active) if backend.in_process else None
        self._tokens: list[int | None] = []
        self._disturbance = Disturbance()
        # One slot a turn of the event loop makes up its record or sends its request: others' arrivals don't wait.
        self._turn = asyncio.Lock()

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
        """Take no more turns."""
        self._granted.put_nowait(None)

    def stop(self) -> None:
        """Break off the requests in flight and start no more; ``measure`` then ends as it always does."""
        self._stopped.set()
        self._pause.end(at_once=True)
        self.finish()
        for _, task in self._in_flight.values():
            task.cancel()

    async def measure(self) -> None:
        """Measure the model; the last event is a ModelFinished, whatever happened."""
        if self._power:
            await self._power.rest()
        ticker = asyncio.create_task(self._tick())
        baseline_mb, loaded_mb = self._watch.rss_mb(), None
        failure: ModelUnavailableError | None = None
        try:
            described = await self._backend.prepare(self._emit)
            self._model_id = described.id
            self._emit(described)
            loaded_mb = self._watch.rss_mb()
            cold_ttft_s = await self._canary()
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
        if self._client:
            await self._client.close()
        await self._backend.release()
        ticker.cancel()
        self._emit(self._finished(failure, memory))

    async def _canary(self) -> float | None:
        """One light request: a damaged model loads without complaint and then says nothing. Returns its TTFT (s)."""
        self._emit(StageStarted(model=self._model, stage="canary", requests=1))
        await self._backend.connect(1)
        deadline = time.monotonic() + self._plan.timeout_s
        while True:
            sample = await self._ask(0, self._request(_CANARY, "warmup", 0, max_tokens=_CANARY_TOKENS), "raw")
            if sample.counts or self._stopped.is_set():
                return sample.ttft_s
            kind, message = (sample.error.type, sample.error.message) if sample.error else ("error", "")
            if kind not in _STILL_LOADING or time.monotonic() > deadline:
                raise ModelUnavailableError(kind, f"the model did not answer a first prompt: {message}", _advice(kind))
            await asyncio.sleep(_CANARY_RETRY_S)

    async def _run_phases(self) -> None:
        plan = self._plan
        await self._backend.connect(plan.concurrency)
        if plan.client == "openai" and self._backend.openai_url:
            self._client = OpenAIClient(self._backend.openai_url, self._key, self._model_id, plan.timeout_s)
            await self._client.connect()
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
        if not work or self._stopped.is_set():
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
        return None if self._stopped.is_set() else through

    async def _run_phase(self, phase: Phase, work: Sequence[tuple[Prompt, int]]) -> None:
        self._emit(StageStarted(model=self._model, stage=phase, requests=len(work)))
        await self._send_all(phase, work)

    async def _send_all(self, phase: Phase, work: Sequence[tuple[Prompt, int]], level: Level | None = None) -> None:
        waiting = deque(work)
        slots = level.concurrency if level else self._plan.concurrency
        async with asyncio.TaskGroup() as group:
            for slot in range(min(slots, len(work))):
                group.create_task(self._work_off(slot, phase, waiting, level))

    async def _work_off(self, slot: int, phase: Phase, waiting: deque[tuple[Prompt, int]], level: Level | None) -> None:
        """Take the next request for as long as there is one."""
        while True:
            await self._pause.over()
            if not waiting or self._stopped.is_set():
                return
            prompt, number = waiting.popleft()
            request = self._request(prompt, phase, number, level=level)
            for path in self._paths(number) if level is None else ("raw",):
                self._emit(RequestStarted(model=self._model, slot=slot, prompt_id=prompt.id, phase=phase, round=number))
                sample = await self._ask(slot, request, path)
                if phase == "measure":
                    self._answered += sample.counts
                    self._failed += not sample.counts
                    self._tokens.extend([sample.completion_tokens] if sample.counts else [])
                if level and level.prompt_tokens and not sample.counts:
                    waiting.clear()
                self._emit(SampleFinished(slot=slot, sample=sample))
                if sample.status == "timeout":
                    await self._settle()
            if not self._in_flight:
                collect_if_needed()

    async def _settle(self) -> None:
        """What was broken off may go on in the runtime and slow the next request down: wait, but not for ever."""
        if not self._in_flight and not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._plan.timeout_s):
                    await self._backend.settle()

    def _paths(self, number: int) -> tuple[RequestPath, ...]:
        """The ways to send a request; they take turns in going first, as servers remember a prompt."""
        if not self._client:
            return ("raw",)
        return ("raw", "openai") if number % 2 else ("openai", "raw")

    async def _ask(self, slot: int, request: Request, path: RequestPath) -> Sample:
        """Send one request and wait for its end, at most for the plan's timeout."""
        answer = Answer(request, path=path)
        answer.scheduled_ns = time.perf_counter_ns()
        async with self._turn:
            if path == "openai" and self._client:
                task = asyncio.create_task(self._client.answer(answer))
            else:
                task = asyncio.create_task(self._backend.answer(answer, slot))
            self._in_flight[slot] = (answer, task)
            if self._stopped.is_set():
                task.cancel()
            await asyncio.sleep(0)
        done, _ = await asyncio.wait([task], timeout=self._plan.timeout_s)
        broken_off = not done
        if broken_off:
            answer.fail("timeout", f"no whole answer within {self._plan.timeout_s:g} s")
            task.cancel()
            await asyncio.wait([task])
        del self._in_flight[slot]
        answer.end(time.perf_counter_ns())
        if not task.cancelled():
            task.result()
        elif answer.failure is None:
            answer.cancelled = True
        async with self._turn:
            if not answer.disturbance.notable:
                answer.disturbance = self._disturbance
            return answer.sample(self._model_id)

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
            if self._in_flight:
                self._max_lag_s = max(self._max_lag_s, lag_s)
            tick += 1
            # The load that an endpoint's own server makes, here or elsewhere, is no disturbance.
            self._disturbance = self._watch.disturbance(lag_s, others=self._backend.in_process)
            for slot, (answer, task) in self._in_flight.items():
                self._end_if_hopeless(answer, task)
                answer.disturbance = answer.disturbance.or_worse(self._disturbance)
                text, chunks, ttft_s = answer.progress()
                elapsed_s = (time.perf_counter_ns() - answer.sent_ns) / 1e9 if answer.sent_ns else 0.0
                self._emit(
                    AnswerProgressed(
                        model=self._model, slot=slot, text=text, chunks=chunks, elapsed_s=elapsed_s, ttft_s=ttft_s
                    )
                )
            if tick % _TICKS_PER_OBSERVATION == 0:
                self._emit(
                    WorkerObserved(
                        model=self._model, rss_mb=self._watch.rss_mb(), cpu_percent=self._watch.cpu_percent()
                    )
                )

    def _is_active(self) -> bool:
        """Whether the model is at work: not in a pause, once its last answers have ended."""
        return bool(self._in_flight) or not self._pause.begun

    def _enter(self, stretch: Stretch) -> None:
        if self._power:
            self._power.enter(stretch)

    def _telemetry(self) -> Telemetry | None:
        """What the measure phase took; nothing of this machine's is an endpoint's."""
        known = [tokens for tokens in self._tokens if tokens is not None]
        total = sum(known) if len(known) == len(self._tokens) else None
        return self._power.finish(answers=len(self._tokens), completion_tokens=total) if self._power else None

    def _end_if_hopeless(self, answer: Answer, task: asyncio.Task[None]) -> None:
        """An answer that stands still, whatever else its server sends, or that has no end."""
        stall_s = self._plan.stall_s
        if answer.waited_s(time.perf_counter_ns()) > stall_s:
            answer.fail("timeout", f"it stood still for {stall_s:g} s, after its first tokens")
            task.cancel()
        elif answer.characters > _LONGEST_ANSWER:
            answer.fail("too_long", f"the answer is longer than {_LONGEST_ANSWER:,} characters")
            task.cancel()

    def _finished(self, failure: ModelUnavailableError | None, memory: Memory) -> ModelFinished:
        stopped = self._stopped.is_set()
        error = Failure(type=failure.kind, message=str(failure)) if failure else None
        advice = failure.advice if failure else None
        status: ModelStatus
        if self._answered:
            status = "partial" if self._failed or failure or stopped else "ok"
        elif failure:
            status = "skipped" if failure.skipped else "failed"
        elif stopped:
            status, error = "skipped", Failure(type="stopped", message="stopped before its first measured answer")
        else:
            status, error = "failed", Failure(type="no_answers", message="none of its measured requests was answered")
            advice = "see the errors in samples.jsonl; a longer --timeout or fewer --max-tokens may help"
        return ModelFinished(
            model=self._model,
            status=status,
            error=error,
            advice=advice or None,
            memory=memory,
            max_lag_s=round(self._max_lag_s, 6),
            cpu_s=None if self._cpu_s is None else round(self._cpu_s, 6),
            telemetry=self._telemetry(),
        )


def _advice(kind: str) -> str:
    return _CANARY_ADVICE.get(kind, "try it alone with `foundry-bench probe`, and see the worker's log of this run")
