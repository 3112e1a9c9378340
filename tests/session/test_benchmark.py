"""Whole runs against a server of known cadence: recorded, killed, resumed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.store import Run, list_runs, load, read_samples
from foundry_bench.values.events import AnswerProgressed, Event, RequestStarted, SampleFinished
from foundry_bench.values.metrics import decode_tokens_per_s
from foundry_bench.values.plan import Plan, Prompt, Target

FAST = "reference?interval_ms=1&delay_ms=2"
PROMPTS = (Prompt(id="a", prompt="A"), Prompt(id="b", prompt="B"))


def targets(url: str, *models: str) -> list[Target]:
    return [
        Target(name=f"m{number}", backend="openai_http", model=model, url=url) for number, model in enumerate(models)
    ]


def plan(count: int, **changes: object) -> Plan:
    names = tuple(f"m{number}" for number in range(count))
    settings: dict[str, object] = {"prompts": PROMPTS, "rounds": 2, "max_tokens": 10, **changes}
    return msgspec.convert({**msgspec.to_builtins(Plan(models=names)), **msgspec.to_builtins(settings)}, Plan)


async def test_two_models_are_measured_and_on_disk_before_they_are_told(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2), {})
    told = []

    def listen(event: Event) -> None:
        if isinstance(event, SampleFinished):
            told.append(event.sample)
            assert list(run.samples())[-1] == event.sample

    status = await Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, listen).measure()
    assert status == "done"
    record = load(run.path)
    assert [(model.name, model.status, model.counts.ok) for model in record.models] == [
        ("m0", "ok", 4),
        ("m1", "ok", 4),
    ]
    assert len(told) == 2 * (4 + 1)
    decode = record.models[0].metrics["decode_tokens_per_s"]
    assert decode is not None
    rates = [decode_tokens_per_s(sample) for sample in told if sample.model == "m0" and sample.phase == "measure"]
    assert decode.mean == pytest.approx(sum(rate or 0 for rate in rates) / len(rates), rel=1e-12)
    assert decode.p50 == pytest.approx(1000, rel=0.2)


async def test_a_model_that_can_not_be_had_costs_that_model_only(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2), {})
    where = [Target(name="m0", backend="openai_http", model="x", url="http://127.0.0.1:9"), *targets("", FAST)]
    where[1] = Target(name="m1", backend="openai_http", model=FAST, url=reference_server)
    assert await Benchmark(run.record.plan, where, run, lambda _: None).measure() == "done"
    first, second = load(run.path).models
    assert (first.status, second.status) == ("failed", "ok")
    assert first.error is not None
    assert (first.error.type, first.advice) == ("unreachable", "is the service running, and is this its address?")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_a_killed_worker_costs_the_request_in_flight(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2, rounds=50), {})
    kept = []

    def kill_at_the_fifth(event: Event) -> None:
        if isinstance(event, SampleFinished) and event.sample.model == "m0":
            kept.append(event.sample)
        if isinstance(event, RequestStarted) and event.model == "m0" and len(kept) == 5 and benchmark._worker:
            os.kill(benchmark._worker.pid, signal.SIGKILL)

    benchmark = Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, kill_at_the_fifth)
    await benchmark.measure()
    first, second = load(run.path).models
    assert (first.status, second.status, second.counts.ok) == ("partial", "ok", 100)
    assert first.error is not None
    assert "SIGKILL" in first.error.message
    recorded = [sample for sample in run.samples() if sample.model == "m0"]
    assert recorded[:5] == kept[:5]
    assert first.counts.ok == len([sample for sample in recorded if sample.phase == "measure"])


async def test_stopping_keeps_what_was_finished_and_resuming_measures_the_rest(
    reference_server: str, tmp_path: Path
) -> None:
    run = Run.create(tmp_path, plan(2, rounds=3), {})

    def stop_at_third(event: Event) -> None:
        if isinstance(event, SampleFinished) and event.sample.round == 3:
            benchmark.stop()

    benchmark = Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, stop_at_third)
    assert await benchmark.measure() == "interrupted"
    before = {s.response_id for s in read_samples(run.path)}
    assert [(model.name, model.status) for model in load(run.path).models] == [("m0", "partial")]

    again = Run.resume(run.path)
    status = await Benchmark(again.record.plan, targets(reference_server, FAST, FAST), again, lambda _: None).measure()
    assert status == "done"
    record = load(run.path)
    assert [(model.name, model.status, model.counts.ok) for model in record.models] == [
        ("m0", "ok", 6),
        ("m1", "ok", 6),
    ]
    assert before <= {sample.response_id for sample in read_samples(run.path)}


async def test_skipping_a_model_that_hangs_goes_on_with_the_next(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2), {})

    def skip_first(event: Event) -> None:
        if isinstance(event, AnswerProgressed) and event.model == "m0":
            benchmark.skip()

    benchmark = Benchmark(
        run.record.plan, targets(reference_server, "reference?delay_ms=600000", FAST), run, skip_first
    )
    assert await benchmark.measure() == "done"
    assert [model.status for model in load(run.path).models] == ["skipped", "ok"]


def _samples(out: Path) -> int:
    return sum(len(file.read_bytes().splitlines()) for file in out.glob("*/samples.jsonl"))


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        os.sched_yield() if hasattr(os, "sched_yield") else None


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "status"),
    [(signal.SIGKILL, -9, "interrupted"), (signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 130, "interrupted")],
)
def test_a_killed_parent_loses_nothing_and_leaves_nothing_running(
    reference_server: str, tmp_path: Path, number: signal.Signals, code: int, status: str
) -> None:
    command = [sys.executable, "-m", "foundry_bench", "run", "-e", reference_server, "-m", FAST, "--rounds", "500"]
    with subprocess.Popen([*command, "--out", str(tmp_path)], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        _wait(lambda: _samples(tmp_path) > 5)
        workers = psutil.Process(parent.pid).children(recursive=True)
        assert workers
        parent.send_signal(number)
        parent.communicate(timeout=20)
        assert parent.returncode == code
    assert psutil.wait_procs(workers, timeout=10)[1] == []
    (head,) = list_runs(tmp_path)
    assert head.status == status
    samples = list(read_samples(head.path))
    assert len(samples) > 5
    assert all(sample.status == "ok" for sample in samples[:-1])


def test_json_output_is_the_runs_own_document(reference_server: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "foundry_bench", "run", "-e", reference_server, "-m", FAST, "--json"]
    done = subprocess.run([*command, "--out", str(tmp_path)], capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert document == json.loads(next(tmp_path.glob("*/run.json")).read_text("utf-8"))
    assert document["schema"] == "foundry-bench/run/1"
