"""The engine with a scripted backend: whole lists of events."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from foundry_bench.values.events import (
    AnswerProgressed,
    CatalogListed,
    Event,
    ModelDescribed,
    ModelFinished,
    RequestStarted,
    SampleFinished,
    StageStarted,
    TurnFinished,
    WorkerObserved,
)
from foundry_bench.values.plan import Plan, Prompt, Sweep
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.engine import Engine

PLAN = Plan(models=("m",), prompts=(Prompt(id="a", prompt="A"), Prompt(id="b", prompt="B")), rounds=2, warmup=1)


def well(answer: Answer) -> None:
    answer.sent_ns = 1_000
    answer.chunk(2_000, "word")
    answer.finish_reason = "stop"
    answer.end(3_000)


def badly(answer: Answer) -> None:
    answer.sent_ns = 1_000
    answer.fail("http_500", "oops")


async def settled() -> bool:
    return True


class ScriptedBackend:
    """Answers as it is told, request by request; the last instruction goes on."""

    in_process = False
    load_s = 0.5
    openai_url = None

    def __init__(self, *script: Callable[[Answer], Any], unavailable: ModelUnavailableError | None = None) -> None:
        self.script = list(script) or [well]
        self.unavailable = unavailable
        self.warming: Callable[[float], Awaitable[None]] | None = None
        self.calls: list[str] = []
        self.most_in_flight = self._in_flight = 0
        self.settles: Callable[[], Awaitable[bool]] = settled

    async def catalog(self) -> CatalogListed:
        return CatalogListed(entries=())

    async def prepare(self, emit: Emit) -> ModelDescribed:
        self.calls.append("prepare")
        emit(StageStarted(model="m", stage="load"))
        if self.unavailable:
            raise self.unavailable
        return ModelDescribed(model="m", id="m:1", backend="scripted")

    async def connect(self, slots: int) -> None:
        self.calls.append(f"connect {slots}")

    async def answer(self, answer: Answer, slot: int) -> None:  # noqa: ARG002 - the protocol's signature
        self.calls.append(f"answer {answer.request.prompt.id} {answer.request.round}")
        step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        try:
            for _ in range(50):  # turns of the loop, in which others get going
                await asyncio.sleep(0)
            if asyncio.iscoroutine(waiting := step(answer)):
                await waiting
        finally:
            self._in_flight -= 1

    async def settle(self, timeout_s: float) -> bool:  # noqa: ARG002 - the protocol's signature
        self.calls.append(f"settle {self._in_flight}")
        return await self.settles()

    async def keep_warm(self, interval_s: float) -> None:
        if self.warming:
            await self.warming(interval_s)

    async def release(self) -> None:
        self.calls.append("release")


async def measure(backend: ScriptedBackend, plan: Plan = PLAN, **options: Any) -> list[Event]:
    events: list[Event] = []
    await Engine(plan, "m", backend, events.append, **options).measure()
    return [event for event in events if not isinstance(event, AnswerProgressed | WorkerObserved)]


def outline(events: list[Event]) -> list[str]:
    lines = []
    for event in events:
        match event:
            case StageStarted(stage=stage, requests=requests):
                lines.append(f"{stage} {requests}")
            case RequestStarted(phase=phase, prompt_id=prompt_id, round=number):
                lines.append(f"? {phase} {prompt_id} {number}")
            case SampleFinished(sample=sample):
                lines.append(f"! {sample.phase} {sample.prompt_id} {sample.round} {sample.status}")
            case ModelFinished(status=status, error=error):
                lines.append(f"{status} {error.type if error else '-'}")
            case _:
                lines.append(type(event).__name__)
    return lines


async def test_a_whole_measurement_in_its_order() -> None:
    backend = ScriptedBackend()
    assert outline(await measure(backend)) == [
        "load 0",
        "ModelDescribed",
        "canary 1",
        "ModelLoaded",
        "warmup 1",
        "? warmup a 1",
        "! warmup a 1 ok",
        "measure 4",
        "? measure a 1",
        "! measure a 1 ok",
        "? measure b 1",
        "! measure b 1 ok",
        "? measure a 2",
        "! measure a 2 ok",
        "? measure b 2",
        "! measure b 2 ok",
        "unload 0",
        "ok -",
    ]
    assert backend.calls[0] == "prepare"
    assert backend.calls[-1] == "release"


@pytest.mark.parametrize(
    ("backend", "ending"),
    [
        (ScriptedBackend(well, well, badly, well), "partial -"),
        (ScriptedBackend(well, well, badly), "failed no_answers"),
        (ScriptedBackend(badly), "failed http_500"),
        (
            ScriptedBackend(unavailable=ModelUnavailableError("unknown_model", "?", "!", skipped=True)),
            "skipped unknown_model",
        ),
        (ScriptedBackend(unavailable=ModelUnavailableError("load_failed", "?", "!")), "failed load_failed"),
    ],
)
async def test_how_a_model_ends(backend: ScriptedBackend, ending: str) -> None:
    assert outline(await measure(backend))[-1] == ending
    assert backend.calls[-1] == "release"


async def test_a_model_that_says_nothing_to_its_first_prompt_is_not_measured() -> None:
    def silent(answer: Answer) -> None:
        answer.sent_ns, answer.finish_reason = 1, "length"

    events = await measure(ScriptedBackend(silent))
    assert outline(events) == ["load 0", "ModelDescribed", "canary 1", "unload 0", "failed no_answer"]
    assert isinstance(events[-1], ModelFinished)
    assert events[-1].advice == "its files may be damaged: remove the model and download or import it again"


@pytest.mark.parametrize(("concurrency", "most"), [(1, 1), (3, 3), (64, 4)])
async def test_as_many_in_flight_as_asked_for_and_never_more(concurrency: int, most: int) -> None:
    backend = ScriptedBackend()
    events = await measure(backend, replace(PLAN, concurrency=concurrency, warmup=0))
    assert backend.most_in_flight == most
    assert sorted(line for line in outline(events) if line.startswith("!")) == [
        "! measure a 1 ok",
        "! measure a 2 ok",
        "! measure b 1 ok",
        "! measure b 2 ok",
    ]


async def test_an_answer_that_never_ends_is_a_timeout_and_the_runtime_comes_to_rest_before_the_next() -> None:
    backend = ScriptedBackend(well, well, lambda _: forever(), well)
    events = await measure(backend, replace(PLAN, timeout_s=0.05))
    assert [line for line in outline(events) if line.startswith("! measure")][:2] == [
        "! measure a 1 timeout",
        "! measure b 1 ok",
    ]
    assert backend.calls[5:8] == ["answer a 1", "settle 0", "answer b 1"]
    assert marked(events) == []


async def forever() -> bool:
    await asyncio.Event().wait()
    return True


def marked(events: list[Event]) -> list[str]:
    samples = [event.sample for event in events if isinstance(event, SampleFinished)]
    return [f"{one.prompt_id} {one.round}" for one in samples if "runtime_busy" in one.warnings]


async def test_others_in_flight_end_before_the_runtime_is_waited_for() -> None:
    plan = replace(PLAN, timeout_s=0.05, concurrency=2, warmup=0)
    backend = ScriptedBackend(well, lambda _: forever(), well)
    await measure(backend, plan)
    assert backend.calls.count("settle 0") == 1
    assert not any(call.startswith("settle") and call != "settle 0" for call in backend.calls)


async def test_what_is_asked_of_a_runtime_that_does_not_come_to_rest_is_marked() -> None:
    outcomes = iter([False, False, True])

    async def at_last() -> bool:
        return next(outcomes)

    backend = ScriptedBackend(well, well, lambda _: forever(), well)
    backend.settles = at_last
    assert marked(await measure(backend, replace(PLAN, timeout_s=0.05))) == ["b 1", "a 2"]


async def test_a_turn_ends_only_when_the_runtime_is_at_rest() -> None:
    events: list[Event] = []
    backend = ScriptedBackend(well, well, well, lambda _: forever())
    engine = Engine(replace(PLAN, timeout_s=0.05), "m", backend, events.append, in_turns=True)
    engine.grant(1)
    engine.finish()
    await engine.measure()
    backend.calls = backend.calls[: backend.calls.index("release")]
    assert backend.calls[-2:] == ["answer b 1", "settle 0"]


async def test_stopping_ends_the_wait_for_the_runtime() -> None:
    engine: Engine

    async def stopped_meanwhile() -> bool:
        asyncio.get_running_loop().call_soon(engine.stop)
        return await forever()

    events: list[Event] = []
    backend = ScriptedBackend(well, well, lambda _: forever(), well)
    backend.settles = stopped_meanwhile
    engine = Engine(replace(PLAN, timeout_s=0.05), "m", backend, events.append)
    async with asyncio.timeout(10):
        await engine.measure()
    assert [line for line in outline(events) if line.startswith("! measure")] == ["! measure a 1 timeout"]


async def test_what_an_earlier_run_answered_is_not_asked_again() -> None:
    events = await measure(ScriptedBackend(), done=[("a", 1), ("b", 2)])
    assert [line for line in outline(events) if line.startswith("! measure")] == [
        "! measure b 1 ok",
        "! measure a 2 ok",
    ]
    assert outline(events)[-1] == "ok -"


async def test_stopping_breaks_off_what_is_in_flight() -> None:
    engine: Engine

    async def stop_now() -> None:
        engine.stop()
        await asyncio.Event().wait()

    events: list[Event] = []
    engine = Engine(PLAN, "m", ScriptedBackend(well, well, well, lambda _: stop_now()), events.append)
    await engine.measure()
    assert [line for line in outline(events) if line[0] == "!"][1:] == ["! measure a 1 ok", "! measure b 1 cancelled"]
    assert outline(events)[-1] == "partial -"


async def test_a_pause_holds_the_next_request_back() -> None:
    events: list[Event] = []
    engine = Engine(PLAN, "m", ScriptedBackend(), events.append)

    def pause_after_first(event: Event) -> None:
        events.append(event)
        if isinstance(event, SampleFinished) and event.sample.phase == "measure" and len(held) == 0:
            engine.pause()
            held.append(len(events))
            asyncio.get_running_loop().call_later(0.02, engine.resume)

    held: list[int] = []
    engine._emit = pause_after_first
    await engine.measure()
    assert outline(events)[-1] == "ok -"
    assert len(held) == 1


async def test_a_paused_model_is_kept_warm_and_nothing_is_measured_meanwhile() -> None:
    events: list[Event] = []
    backend = ScriptedBackend()
    engine = Engine(replace(PLAN, keep_warm_s=0.001, concurrency=2), "m", backend, events.append)
    warmed: list[int] = []

    async def keep_warm(interval_s: float) -> None:
        assert interval_s == 0.001
        warmed.append(len(backend.calls))
        if len(warmed) == 3:
            engine.resume()
        await asyncio.sleep(0)
        assert len(backend.calls) == warmed[-1]

    backend.warming = keep_warm

    def pause_after_first(event: Event) -> None:
        events.append(event)
        if isinstance(event, SampleFinished) and event.sample.phase == "measure" and not warmed:
            engine.pause()

    engine._emit = pause_after_first
    await engine.measure()
    assert len(warmed) == 3
    assert len(set(warmed)) == 1
    assert outline(events)[-1] == "ok -"


async def test_stopping_breaks_a_warming_off() -> None:
    backend = ScriptedBackend()
    engine = Engine(replace(PLAN, keep_warm_s=0.001), "m", backend, lambda _event: None)
    broken_off = []

    async def keep_warm(_interval_s: float) -> None:
        engine.stop()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            broken_off.append(True)
            raise

    backend.warming = keep_warm
    engine.pause()
    await engine.measure()
    assert broken_off == [True]


async def test_a_prompts_own_settings_override_the_plans() -> None:
    seen = []

    def note(answer: Answer) -> None:
        seen.append((answer.request.system, answer.request.max_tokens))
        well(answer)

    prompts = (Prompt(id="a", prompt="A", system="own", max_tokens=7), Prompt(id="b", prompt="B"))
    plan = replace(PLAN, prompts=prompts, system="plan", max_tokens=9, rounds=1, warmup=0)
    await measure(ScriptedBackend(well, note), plan)
    assert seen == [("own", 7), ("plan", 9)]


async def test_in_turns_only_what_is_granted_is_measured() -> None:
    events: list[Event] = []
    backend = ScriptedBackend()
    engine = Engine(replace(PLAN, rounds=9), "m", backend, events.append, in_turns=True)

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, TurnFinished):
            engine.finish() if event.round == 3 else engine.grant(event.round + 1 + (event.round > 0))

    engine._emit = emit
    await engine.measure()
    turns = [
        event for event in outline(events) if event[0] != "!" and event not in {"AnswerProgressed", "WorkerObserved"}
    ]
    assert turns[turns.index("TurnFinished") :] == [
        "TurnFinished", "TurnStarted", "measure 18", "? measure a 1", "? measure b 1",
        "TurnFinished", "TurnStarted", "? measure a 2", "? measure b 2", "? measure a 3", "? measure b 3",
        "TurnFinished", "unload 0", "ok -",
    ]  # fmt: skip


async def test_a_length_that_fails_is_sent_once_and_costs_nothing_else() -> None:
    def not_long(answer: Answer) -> None:
        (badly if answer.request.prompt.id == "tokens-512" else well)(answer)

    sweep = Sweep(prompt_tokens=(64, 512, 1024))
    events = await measure(ScriptedBackend(not_long), replace(PLAN, sweep=sweep))
    swept = [event.sample for event in events if isinstance(event, SampleFinished) and event.sample.phase == "sweep"]
    assert [(sample.level, sample.round, sample.status) for sample in swept] == [
        ("prompt_tokens=64", 1, "ok"),
        ("prompt_tokens=64", 2, "ok"),
        ("prompt_tokens=512", 1, "error"),
        ("prompt_tokens=1024", 1, "ok"),
        ("prompt_tokens=1024", 2, "ok"),
    ]
    assert outline(events)[-1] == "ok -"
