"""Adapters as they come: good ones, and those that do everything wrong."""

import asyncio
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from foundry_bench.cli import main
from foundry_bench.values.events import (
    AnswerProgressed,
    Event,
    ModelDescribed,
    ModelFinished,
    ModelLoaded,
    SampleFinished,
)
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Sample
from foundry_bench.values.summary import summarize
from foundry_bench.worker.adapter import AdapterBackend
from foundry_bench.worker.engine import Engine

SAMPLES = Path(__file__).parents[2] / "sample_configs"
LOAD = "def load(weights_path): pass\n"
STREAM = LOAD + "def generate(prompt, **params):\n    yield 'a'\n    yield ''\n    yield 'b'\n"


@pytest.fixture(autouse=True)
def _clean_imports(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("foundry_bench.adapters"):
            del sys.modules[name]


def module(name: str = "mine") -> ModuleType:
    return sys.modules[f"foundry_bench.adapters.{name}"]


class Measured:
    """What the engine told of one adapter."""

    def __init__(self, folder: Path, source: str) -> None:
        self.file = folder / "mine.py"
        self.file.write_text(textwrap.dedent(source))
        self.events: list[Event] = []
        self.target = Target(
            name="m", backend="adapter", model="w", path="w", adapter=str(self.file), capabilities=("chat",)
        )

    async def run(self, *, on: Callable[[Event, Engine], object] = lambda *_: None, **changes: Any) -> "Measured":
        settings = {"models": ("m",), "prompts": (Prompt(id="p", prompt="one two"),), "rounds": 2, "warmup": 0}
        plan = Plan(**{**settings, **changes})

        def emit(event: Event) -> None:
            self.events.append(event)
            on(event, engine)

        engine = Engine(plan, "m", AdapterBackend(self.target), emit)
        await engine.measure()
        return self

    @property
    def samples(self) -> list[Sample]:
        return [event.sample for event in self.events if isinstance(event, SampleFinished)]

    @property
    def finished(self) -> ModelFinished:
        last = self.events[-1]
        assert isinstance(last, ModelFinished)
        return last

    @property
    def reason(self) -> str:
        assert self.finished.error
        return self.finished.error.message


async def test_a_stream_that_says_nothing_of_itself(tmp_path: Path) -> None:
    measured = await Measured(tmp_path, STREAM).run()
    first = measured.samples[0]
    assert (first.status, first.text, first.finish_reason, first.path, first.clock) == (
        "unverified",
        "ab",
        None,
        "adapter",
        "arrival",
    )
    assert (first.token_source, first.completion_tokens, first.prompt_tokens) == ("chunks", 2, None)
    assert len(first.token_times_s) == 2
    kinds = {caution.kind for caution in summarize(measured.samples, "m", temperature=0).warnings}
    assert {"in_process", "unverified", "tokens_counted_as_chunks"} <= kinds


async def test_a_stream_that_says_how_it_ended(tmp_path: Path) -> None:
    ending = "    return {'finish_reason': 'stop', 'prompt_tokens': 5, 'completion_tokens': 7}\n"
    sample = (await Measured(tmp_path, STREAM + ending).run()).samples[0]
    assert (sample.status, sample.finish_reason, sample.token_source) == ("ok", "stop", "usage")
    assert (sample.prompt_tokens, sample.completion_tokens) == (5, 7)


async def test_without_a_stream_the_pieces_have_no_times(tmp_path: Path) -> None:
    sample = (await Measured(tmp_path, STREAM).run(stream=False)).samples[0]
    assert (sample.text, sample.ttft_s, sample.token_times_s, sample.token_source) == ("ab", None, (), "none")


async def test_a_text_has_a_latency_and_no_first_token(tmp_path: Path) -> None:
    sample = (await Measured(tmp_path, LOAD + "def generate(prompt, **params): return prompt").run()).samples[0]
    assert (sample.status, sample.text, sample.ttft_s, sample.ttfa_s) == ("unverified", "one two", None, None)
    assert (sample.token_source, sample.completion_tokens, sample.token_times_s) == ("none", None, ())
    assert sample.latency_s is not None
    assert sample.latency_s > 0


async def test_the_adapters_own_tokenizer_counts(tmp_path: Path) -> None:
    source = LOAD + "def generate(prompt, **params): return prompt\ndef count_tokens(text): return len(text.split())"
    sample = (await Measured(tmp_path, source).run()).samples[0]
    assert (sample.token_source, sample.completion_tokens) == ("usage", 2)


async def test_every_stamp_lies_between_the_yield_and_the_next_call(tmp_path: Path) -> None:
    source = """
        import time
        log = []

        def load(weights_path): pass

        def generate(prompt, **params):
            called = time.perf_counter_ns()
            times = []
            for number in range(200):
                before = time.perf_counter_ns()
                yield f"{number} "
                times.append((before, time.perf_counter_ns()))
            log.append((called, times))
    """
    measured = await Measured(tmp_path, source).run(rounds=3)
    _canary, *logged = module().log
    assert len(measured.samples) == len(logged) == 3
    for sample, (called, times) in zip(measured.samples, logged, strict=True):
        stamps = [sample.sent_ns + round(offset * 1e9) for offset in sample.token_times_s]
        assert sample.sent_ns <= called
        assert [before <= stamp <= after for stamp, (before, after) in zip(stamps, times, strict=True)] == [True] * 200
        assert sample.latency_s is not None
        assert sample.sent_ns + round(sample.latency_s * 1e9) >= times[-1][1]


async def test_a_close_that_hangs_holds_the_model_up_no_longer_than_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("foundry_bench.worker.adapter._CLOSE_LIMIT_S", 0.01)
    hangs = "import threading\nfree = threading.Event()\ndef close(): free.wait(20)\n"
    measuring = asyncio.create_task(Measured(tmp_path, hangs + STREAM).run())
    try:
        async with asyncio.timeout(10):
            assert (await measuring).finished.status == "ok"
    finally:
        module().free.set()
    assert "close() did not return within 0.01 s" in capsys.readouterr().err


async def test_the_adapter_hears_what_the_plan_asks_for(tmp_path: Path) -> None:
    source = """
        heard = []
        class Adapter:
            device, execution_provider = "NPU", "mine"
            def load(self, weights_path): heard.append(weights_path)
            def generate(self, prompt, **params): heard.append((prompt, params)); return "x"
            def close(self): heard.append("closed")
    """
    plan: dict[str, Any] = {"system": "Be short.", "max_tokens": 9, "temperature": 0.5, "seed": 3, "rounds": 1}
    measured = await Measured(tmp_path, source).run(**plan)
    loaded, _canary, asked, closed = module().heard
    assert (loaded, closed) == ("w", "closed")
    assert asked == ("one two", {"system": "Be short.", "max_tokens": 9, "temperature": 0.5, "seed": 3})
    described = next(event for event in measured.events if isinstance(event, ModelDescribed))
    assert (described.device, described.execution_provider, described.backend) == ("NPU", "mine", "adapter")
    assert described.capabilities == ("chat",)
    loads = [event.load_s for event in measured.events if isinstance(event, ModelLoaded)]
    assert loads[0] is not None
    memory = measured.finished.memory
    assert memory.baseline_mb is not None
    assert memory.peak_mb is not None


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import json\n1 / 0", "mine.py, line 2: ZeroDivisionError: division by zero"),
        ("def load(:", "mine.py, line 1: SyntaxError: invalid syntax"),
        ("import no_such_package", "mine.py, line 1: ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise SystemExit(3)", "mine.py, line 1: SystemExit: 3"),
        ("", "mine.py has no load and generate"),
        (LOAD, "mine.py has no generate"),
        (STREAM + "max_concurrency = 0", "mine.py: max_concurrency must be a whole number of at least 1"),
        ("class Adapter:\n    load = generate = 1", "mine.py has no load and generate"),
        ("class Adapter:\n    def __init__(self, x): pass\n    load = generate = print", "mine.py: TypeError: "),
    ],
)
async def test_code_that_can_not_be_used_is_told_with_its_line(tmp_path: Path, source: str, reason: str) -> None:
    measured = await Measured(tmp_path, source).run()
    assert measured.reason.startswith(reason)
    assert (measured.finished.status, measured.samples) == ("skipped", [])


async def test_a_load_that_fails_costs_the_model(tmp_path: Path) -> None:
    source = "def load(weights_path):\n    raise ValueError('bad\\nweights')\ndef generate(prompt, **params): pass"
    measured = await Measured(tmp_path, source).run()
    assert measured.reason == "the adapter could not load w: mine.py, line 2: ValueError: bad weights"
    assert measured.finished.status == "failed"


@pytest.mark.parametrize(
    ("body", "kind", "reason"),
    [
        ("    yield 'a'\n    raise KeyError('k')", "adapter_error", "mine.py, line 5: KeyError: 'k'"),
        ("    yield 'a'\n    yield 5", "adapter_error", "mine.py: TypeError: generate yielded int where text was due"),
        ("    return ['a']", "adapter_error", "mine.py: TypeError: generate returned list, neither text nor"),
        ("    return", "adapter_error", "mine.py: TypeError: generate returned NoneType, neither text nor"),
        ("    return ''", "no_answer", "the model answered without any text"),
        ("    yield from ()", "no_answer", "the model answered without any text"),
        (
            "    yield 'a'\n    return 3",
            "adapter_error",
            "mine.py: TypeError: generate's return value must be a mapping",
        ),
        (
            "    yield 'a'\n    return {'completion_tokens': True}",
            "adapter_error",
            "mine.py: TypeError: completion_tokens must be int, not bool",
        ),
        ("    raise SystemExit", "adapter_error", "mine.py, line 4: SystemExit"),
    ],
)
async def test_an_answer_that_fails_costs_that_answer(tmp_path: Path, body: str, kind: str, reason: str) -> None:
    well = f"{LOAD}def generate(prompt, **params):\n    if prompt == 'Say hello.': return (x for x in 'ok')\n"
    if "yield" in body:  # a generator can't return its canary's answer
        well = f"{LOAD}def generate(prompt, **params):\n    if prompt == 'Say hello.': yield 'ok'; return\n"
    measured = await Measured(tmp_path, well + body).run(rounds=1)
    sample = measured.samples[0]
    assert (sample.status, sample.error and sample.error.type) == ("error", kind)
    assert sample.error is not None
    assert sample.error.message.startswith(reason)
    assert (measured.finished.status, measured.reason) == ("failed", "none of its measured requests was answered")


GATED = """
    import threading
    gate, closed, calls = threading.Event(), threading.Event(), []

    def load(weights_path): pass

    def generate(prompt, **params):
        calls.append(prompt)
        try:
            yield "one "
            if len(calls) == 2: gate.wait()
            yield "two"
        finally:
            closed.set()
"""


async def test_a_generator_is_closed_after_a_timeout_and_the_next_request_is_clean(tmp_path: Path) -> None:
    measured = Measured(tmp_path, GATED)

    def open_the_gate(event: Event, _: Engine) -> None:
        if isinstance(event, SampleFinished) and event.sample.status == "timeout":
            module().closed.clear()
            module().gate.set()

    await measured.run(on=open_the_gate, timeout_s=0.2)
    assert [(sample.status, sample.text) for sample in measured.samples] == [
        ("timeout", "one "),
        ("unverified", "one two"),
    ]
    assert module().closed.is_set()
    assert measured.finished.status == "partial"


async def test_a_call_that_never_returns_fails_what_follows_at_once(tmp_path: Path) -> None:
    measured = await Measured(tmp_path, GATED).run(rounds=20, timeout_s=0.1)
    first, *others = measured.samples
    assert first.status == "timeout"
    assert {sample.error and sample.error.type for sample in others} == {"adapter_busy"}
    assert len(others) == 19
    assert module().calls == ["Say hello.", "one two"]
    module().gate.set()


async def test_stop_closes_the_generator(tmp_path: Path) -> None:
    source = STREAM.replace("yield 'b'", "yield 'b'\n    while prompt != 'Say hello.': yield 'c'")
    measured = Measured(tmp_path, source)
    stopped: list[Event] = []

    def stop(event: Event, engine: Engine) -> None:
        if isinstance(event, AnswerProgressed) and "c" in event.text and not stopped:
            stopped.append(event)
            engine.stop()

    await measured.run(on=stop, rounds=1)
    assert [sample.status for sample in measured.samples] == ["cancelled"]
    assert stopped


@pytest.mark.parametrize(("limit", "most"), [(1, 1), (3, 3)])
async def test_only_as_many_threads_as_the_adapter_allows(tmp_path: Path, limit: int, most: int) -> None:
    source = f"""
        import threading
        max_concurrency = {limit}
        together, threads = threading.Barrier({most}), set()

        def load(weights_path): threads.add(threading.get_ident())

        def generate(prompt, **params):
            threads.add(threading.get_ident())
            if prompt != "Say hello.": together.wait(5)
            yield "x"
    """
    measured = await Measured(tmp_path, source).run(rounds=6, concurrency=6)
    assert {sample.status for sample in measured.samples} == {"unverified"}
    threads = module().threads
    assert len(threads) == 1 if limit == 1 else len(threads) >= most


def test_the_sample_plan_and_adapter_run_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--rounds", "2", "--no-calibrate", "--json", "-o", str(tmp_path)]
    assert main(["run", str(SAMPLES / "adapter-plan.toml"), *options]) == 0
    [model] = json.loads(capsys.readouterr().out)["models"]
    assert (model["name"], model["status"], model["id"], model["license"]) == ("mine", "ok", "my_adapter.py", "mit")
    assert (model["capabilities"], model["deterministic"]) == (["chat"], True)
    assert model["metrics"]["prefill_tokens_per_s"] is not None


def test_an_adapter_of_the_command_line_is_probed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def load(w): print(w)\ndef generate(prompt, **params): return f'{prompt}, you said'\n")
    assert main(["probe", "--adapter", "mine.py", "mine:w", "--prompt", "Well", "--no-such"]) == 2
    assert main(["probe", "--adapter", "mine.py", "mine:w", "--prompt", "Well"]) == 0
    assert capsys.readouterr().out == "Well, you said\n"
