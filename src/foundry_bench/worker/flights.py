"""Requests on their way: each is sent, watched and comes back as a sample."""

import asyncio
import time

from foundry_bench.values.events import AnswerProgressed
from foundry_bench.values.plan import Plan
from foundry_bench.values.record import Disturbance, Sample
from foundry_bench.values.record import Path as RequestPath
from foundry_bench.worker.answer import Answer, Request
from foundry_bench.worker.backend import Backend, Emit
from foundry_bench.worker.openai_client import OpenAIClient

_LONGEST_ANSWER = 1 << 25  # characters: beyond what any model says, and far below what would fill the memory


class Flights:
    """The requests that one model has not answered yet.

    Args:
        plan: how long they may take.
        model: the model's name in the plan.
        backend: its way to the runtime.
        emit: takes each event.
    """

    def __init__(self, plan: Plan, model: str, backend: Backend, emit: Emit) -> None:
        self._plan = plan
        self._model = model
        self._backend = backend
        self._emit = emit
        self._open: dict[int, tuple[Answer, asyncio.Task[None]]] = {}
        self._client: OpenAIClient | None = None
        self._model_id = ""
        self._disturbance = Disturbance()
        # One slot a turn of the event loop makes up its record or sends its request: others' arrivals don't wait.
        self._turn = asyncio.Lock()
        self._unsettled = False
        self._settling: asyncio.Task[bool] | None = None
        self._settles = asyncio.Lock()
        self.stopped = False

    def __bool__(self) -> bool:
        """Whether any request is on its way."""
        return bool(self._open)

    def address(self, model_id: str) -> None:
        """Ask for the model by this id from now on."""
        self._model_id = model_id

    async def open_client(self, url: str, key: str | None) -> None:
        """Send requests through the ``openai`` package as well, to a server at ``url``."""
        self._client = OpenAIClient(url, key, self._model_id, self._plan.timeout_s)
        await self._client.connect()

    async def close(self) -> None:
        """Close the client, where one was opened."""
        if self._client:
            await self._client.close()

    def stop(self) -> None:
        """Break off what is on its way, and whatever is sent from now on."""
        self.stopped = True
        for _, task in self._open.values():
            task.cancel()
        if self._settling:
            self._settling.cancel()

    def paths(self, number: int) -> tuple[RequestPath, ...]:
        """The ways to send a request of this round; they take turns in going first, as servers remember a prompt."""
        if not self._client:
            return ("raw",)
        return ("raw", "openai") if number % 2 else ("openai", "raw")

    async def ask(self, slot: int, request: Request, path: RequestPath) -> Sample:
        """Send one request and wait for its end, at most for the plan's timeout."""
        answer = Answer(request, path=path)
        answer.scheduled_ns = time.perf_counter_ns()
        if self._unsettled:
            answer.warnings.append("runtime_busy")
        async with self._turn:
            if path == "openai" and self._client:
                task = asyncio.create_task(self._client.answer(answer))
            else:
                task = asyncio.create_task(self._backend.answer(answer, slot))
            self._open[slot] = (answer, task)
            if self.stopped:
                task.cancel()
            await asyncio.sleep(0)
        done, _ = await asyncio.wait([task], timeout=self._plan.timeout_s)
        broken_off = not done
        if broken_off:
            answer.fail("timeout", f"no whole answer within {self._plan.timeout_s:g} s")
            task.cancel()
            await asyncio.wait([task])
        del self._open[slot]
        self._unsettled |= broken_off or task.cancelled()
        answer.end(time.perf_counter_ns())
        if not task.cancelled():
            task.result()
        elif answer.failure is None:
            answer.cancelled = True
        async with self._turn:
            if not answer.disturbance.notable:
                answer.disturbance = self._disturbance
            return answer.sample(self._model_id)

    async def settle(self) -> None:
        """After one was broken off: let the others end, then wait until the runtime is idle.

        It may go on with what was broken off, and is slow with all else meanwhile.
        """
        async with self._settles:
            while self._unsettled and self._open:
                await asyncio.wait([task for _, task in self._open.values()])
                await asyncio.sleep(0)
            if self._unsettled and not self.stopped:
                self._settling = asyncio.create_task(self._backend.settle(self._plan.timeout_s))
                await asyncio.wait([self._settling])
                self._unsettled = self._settling.cancelled() or not self._settling.result()

    def look(self, disturbance: Disturbance) -> None:
        """Tell how far each is, end those without hope, and note on them what disturbs this machine."""
        self._disturbance = disturbance
        for slot, (answer, task) in self._open.items():
            self._end_if_hopeless(answer, task)
            answer.disturbance = answer.disturbance.or_worse(disturbance)
            text, chunks, ttft_s = answer.progress()
            elapsed_s = (time.perf_counter_ns() - answer.sent_ns) / 1e9 if answer.sent_ns else 0.0
            self._emit(
                AnswerProgressed(
                    model=self._model, slot=slot, text=text, chunks=chunks, elapsed_s=elapsed_s, ttft_s=ttft_s
                )
            )

    def _end_if_hopeless(self, answer: Answer, task: asyncio.Task[None]) -> None:
        """An answer that stands still, whatever else its server sends, or that has no end."""
        stall_s = self._plan.stall_s
        if answer.waited_s(time.perf_counter_ns()) > stall_s:
            answer.fail("timeout", f"it stood still for {stall_s:g} s, after its first tokens")
            task.cancel()
        elif answer.characters > _LONGEST_ANSWER:
            answer.fail("too_long", f"the answer is longer than {_LONGEST_ANSWER:,} characters")
            task.cancel()
