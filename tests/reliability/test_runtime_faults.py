"""The real runtime under faults: each costs its request or its model, and no empty answer counts."""

import asyncio
import os
import random
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.store import Run, load
from foundry_bench.values.events import AnswerProgressed, CatalogEntry, Event, StageStarted
from foundry_bench.values.fit import Demand
from foundry_bench.values.plan import Plan, Prompt, Runtime, Target
from foundry_bench.values.record import Sample
from foundry_bench.values.result import ModelResult
from foundry_bench.worker import foundry_model
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.foundry import FoundryBackend
from foundry_bench.worker.foundry_model import FoundryModel
from foundry_bench.worker.foundry_runtime import FoundryRuntime
from foundry_bench.worker.foundry_search import Found
from tiny import long_answer, tiny_model

SHORT = Prompt(id="short", prompt="Say it.")
FAST = "reference?interval_ms=1&delay_ms=1"
LIMIT_S = 120


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def own(name: str, folder: Path) -> Target:
    return Target(name=name, backend="foundry", model=name, path=str(folder))


async def measured(
    out: Path, *targets: Target, act: object = None, **changes: object
) -> tuple[tuple[ModelResult, ...], list[Sample]]:
    """Results and samples; ``act`` gets the benchmark and each event."""
    settings: dict[str, object] = {"prompts": (SHORT,), "rounds": 1, "warmup": 0, "max_tokens": 24, "calibrate": False}
    runtime = with_default_folders(Runtime())
    plan = Plan(models=tuple(one.name for one in targets), **{"runtime": runtime, **settings, **changes})  # type: ignore[arg-type] # the fields that a test names
    run = Run.create(out, plan, {})

    def listen(event: Event) -> None:
        if callable(act):
            act(benchmark, event)

    benchmark = Benchmark(plan, targets, run, listen)
    async with asyncio.timeout(LIMIT_S):
        await benchmark.measure()
    return load(run.path).models, list(run.samples())


async def test_a_prompt_longer_than_the_context_costs_its_request(tiny: Path, tmp_path: Path) -> None:
    prompts = (Prompt(id="long", prompt=long_answer(6000)), SHORT)
    (model,), samples = await measured(tmp_path, own("tiny", tiny), prompts=prompts)
    assert [(one.prompt_id, one.status, bool(one.error)) for one in samples] == [
        ("long", "error", True),
        ("short", "ok", False),
    ]
    assert (model.status, model.counts.ok, model.counts.error) == ("partial", 1, 1)


async def test_the_runtime_counts_as_busy_for_as_long_as_its_process_computes() -> None:
    enough = threading.Event()

    def compute() -> None:
        while not enough.is_set():
            pass

    backend = FoundryBackend(None, Runtime(), "auto")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(compute)
        settling = asyncio.create_task(backend.settle(1))
        await asyncio.wait([settling], timeout=1)
        assert not settling.done()
        enough.set()
        async with asyncio.timeout(10):
            assert await settling


class HeldModel:
    """The runtime's own model, for as long as an answer's session is not gone yet."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def unload(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise RuntimeError("1 session(s) still using it")


@pytest.mark.parametrize("refusals", [0, 3, 10_000])
async def test_a_model_still_in_use_is_unloaded_when_it_is_free(monkeypatch: pytest.MonkeyPatch, refusals: int) -> None:
    monkeypatch.setattr(foundry_model, "_UNLOAD_RETRY_S", 0.4)
    runtime = FoundryRuntime.__new__(FoundryRuntime)  # none is started
    runtime.data_dir = None
    model = FoundryModel(runtime, Target(name="m", backend="foundry", model="m"), Demand())
    held = HeldModel(refusals)
    entry = CatalogEntry(id="m:1", alias="m", name="m")
    model._found, model._loaded = Found(entry=entry, sdk=held, own=False), True
    if refusals > 100:
        with pytest.raises(ModelUnavailableError, match="still using it"):
            await model.unload()
    else:
        await model.unload()
        assert (held.refusals, model._loaded) == (0, False)


class Uncached:
    """The SDK's object of a model that is not on the disk, and is never asked for it."""

    is_cached = False


@pytest.mark.parametrize("size_mb", [None, 1.0])
async def test_a_folder_of_models_that_can_not_be_written_is_one_clear_line(
    tmp_path: Path, size_mb: float | None
) -> None:
    runtime = FoundryRuntime.__new__(FoundryRuntime)  # none is started
    (tmp_path / "file").touch()
    runtime.cache_dir = tmp_path / "file" / "models"
    model = FoundryModel(runtime, Target(name="m", backend="foundry", model="m"), Demand())
    entry = CatalogEntry(id="m:1", alias="m", name="m", version=1, size_mb=size_mb)
    model._found = Found(entry=entry, sdk=Uncached(), own=False)
    with pytest.raises(ModelUnavailableError, match=r"file.models can't be written: Not a directory") as told:
        await model.download(lambda _event: None)
    assert (told.value.kind, told.value.advice) == (
        "cache_unusable",
        "see who owns it, or choose another with --model-cache",
    )


def damaged(tiny: Path, folder: Path, number: int, damage: random.Random) -> Target:
    """A copy of the model: a stretch of its weights is zeros, ones, noise, or has a bit of each byte flipped."""
    folder.mkdir()
    for file in tiny.iterdir():
        content = bytearray(file.read_bytes())
        if file.name == "model.onnx.data":
            start, end = sorted(damage.sample(range(len(content)), 2))
            content[start:end] = (
                bytes(end - start),
                b"\xff" * (end - start),
                damage.randbytes(end - start),
                bytes(byte ^ 1 << damage.randrange(8) for byte in content[start:end]),
            )[number % 4]
        (folder / file.name).write_bytes(content)
    return own(folder.name, folder)


async def test_damaged_weights_give_no_empty_answer_that_counts(
    tiny: Path, tmp_path: Path, kills: int, tally: Callable[[str], None]
) -> None:
    damage = random.Random(4)
    targets = [damaged(tiny, tmp_path / f"damaged-{number}", number, damage) for number in range(min(1 + kills, 20))]
    models, samples = await measured(tmp_path / "runs", *targets)
    assert len(models) == len(targets)
    assert not [one for one in samples if one.counts and not one.text]
    assert all(model.error and model.advice for model in models if model.status == "failed")
    states = [model.status for model in models]
    tally(f"{len(models)} models with damaged weights: 0 empty answers counted ({states.count('failed')} failed)")


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process's memory")
async def test_out_of_memory_costs_that_model_alone(tiny: Path, tmp_path: Path, reference_server: str) -> None:
    def starve(benchmark: Benchmark, event: Event) -> None:
        if isinstance(event, StageStarted) and (event.model, event.stage) == ("tiny", "load") and benchmark.worker_pid:
            worker = psutil.Process(benchmark.worker_pid)
            most = worker.memory_info().vms + 4_000_000
            worker.rlimit(psutil.RLIMIT_AS, (most, most))

    fast = Target(name="fast", backend="openai_http", model=FAST, url=reference_server)
    (first, second), _ = await measured(tmp_path, own("tiny", tiny), fast, act=starve)
    assert (first.status, second.status) == ("failed", "ok")
    assert first.error
    assert first.error.message.isprintable()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_a_worker_that_is_frozen_is_skipped_by_force(tmp_path: Path, reference_server: str) -> None:
    frozen = list[int]()

    def freeze(benchmark: Benchmark, event: Event) -> None:
        if isinstance(event, AnswerProgressed) and event.model == "slow" and benchmark.worker_pid and not frozen:
            frozen.append(benchmark.worker_pid)
            os.kill(frozen[0], signal.SIGSTOP)
            benchmark.skip()

    slow = Target(name="slow", backend="openai_http", model="reference?interval_ms=500", url=reference_server)
    fast = Target(name="fast", backend="openai_http", model=FAST, url=reference_server)
    async with asyncio.timeout(20):
        (first, second), _ = await measured(tmp_path, slow, fast, act=freeze)
    assert (first.status, second.status) == ("skipped", "ok")
    assert not psutil.pid_exists(frozen[0])
