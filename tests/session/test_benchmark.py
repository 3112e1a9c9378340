"""Whole runs against a server of known cadence: recorded, killed, resumed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest

from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.samples import SampleFile
from foundry_bench.session.store import Run, load, read_samples
from foundry_bench.values.events import AnswerProgressed, Event, Noted, RequestStarted, SampleFinished, TurnFinished
from foundry_bench.values.folding import begin, fold
from foundry_bench.values.metrics import decode_tokens_per_s
from foundry_bench.values.plan import Plan, Prompt, Sweep, Target
from in_process import command
from waiting import waited

FAST = "reference?interval_ms=1&delay_ms=2"
STEADY = "reference?interval_ms=5&delay_ms=5"  # at a pace that a busy machine keeps up with, too
PROMPTS = (Prompt(id="a", prompt="A"), Prompt(id="b", prompt="B"))


def targets(url: str, *models: str) -> list[Target]:
    return [
        Target(name=f"m{number}", backend="openai_http", model=model, url=url) for number, model in enumerate(models)
    ]


def plan(count: int, **changes: object) -> Plan:
    names = tuple(f"m{number}" for number in range(count))
    settings: dict[str, object] = {"prompts": PROMPTS, "rounds": 2, "max_tokens": 10, "calibrate": False, **changes}
    return msgspec.convert({**msgspec.to_builtins(Plan(models=names)), **msgspec.to_builtins(settings)}, Plan)


async def test_two_models_are_measured_and_on_disk_before_they_are_told(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2), {})
    told = []

    def listen(event: Event) -> None:
        if isinstance(event, SampleFinished):
            told.append(event.sample)
            assert list(run.samples())[-1] == event.sample

    status = await Benchmark(run.record.plan, targets(reference_server, STEADY, FAST), run, listen).measure()
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
    assert decode.mean == pytest.approx(sum(rate or 0 for rate in rates) / len(rates), rel=1e-11)
    assert decode.p50 == pytest.approx(200, rel=0.2)


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
        if isinstance(event, RequestStarted) and event.model == "m0" and len(kept) == 5 and benchmark._in_hand:
            os.kill(benchmark._in_hand.worker.pid, signal.SIGKILL)

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


@pytest.mark.parametrize("order", ["sequential", "interleaved"])
async def test_an_interrupt_leaves_a_row_of_what_was_answered(
    reference_server: str, tmp_path: Path, order: str
) -> None:
    run = Run.create(tmp_path, plan(2, rounds=50, order=order), {})

    def interrupt(event: Event) -> None:
        if isinstance(event, SampleFinished) and event.sample.round == 2:
            measuring.cancel()

    benchmark = Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, interrupt)
    measuring = asyncio.ensure_future(benchmark.measure())
    with pytest.raises(asyncio.CancelledError):
        await measuring
    record = load(run.path)
    first = record.models[0]
    assert (record.status, first.name, first.status) == ("interrupted", "m0", "partial")
    assert first.counts.ok == len([one for one in run.samples() if (one.model, one.phase) == ("m0", "measure")]) > 0


async def test_the_samples_are_read_once_however_many_models_there_are(
    reference_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, reads, samples = Run.create(tmp_path, plan(3, rounds=1), {}), list[Path](), Run.samples

    def counted(run: Run) -> SampleFile:
        reads.append(run.path)
        return samples(run)

    monkeypatch.setattr(Run, "samples", counted)
    await Benchmark(run.record.plan, targets(reference_server, FAST, FAST, FAST), run, lambda _event: None).measure()
    assert len(reads) == 1


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


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "code", "status"),
    [(signal.SIGKILL, -9, "interrupted"), (signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 130, "interrupted")],
)
def test_a_killed_parent_loses_nothing_and_leaves_nothing_running(
    reference_server: str, tmp_path: Path, number: signal.Signals, code: int, status: str
) -> None:
    run = [sys.executable, "-m", "foundry_bench", "run", "-e", reference_server, "-m", FAST, "--rounds", "500"]
    run += ["--no-calibrate", "--out", str(tmp_path)]
    with subprocess.Popen(run, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        waited(lambda: _samples(tmp_path) > 5, "it records nothing")
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


def test_json_output_is_the_runs_own_document_with_this_machines_error(reference_server: str, tmp_path: Path) -> None:
    done = command("run", "-e", reference_server, "-m", FAST, "--rounds", "1", "--json", "--out", str(tmp_path))
    document = json.loads(done.stdout)
    assert document == json.loads(next(tmp_path.glob("*/run.json")).read_text("utf-8"))
    assert document["schema"] == "foundry-bench/run/1"
    assert document["calibration"]["levels"]


def _turns(run: Run) -> list[str]:
    """Who answered, in the order of time; the answers of a turn in one."""
    measured = [f"{sample.model} {sample.round}" for sample in run.samples() if sample.phase == "measure"]
    return [one for place, one in enumerate(measured) if not place or measured[place - 1] != one]


async def test_models_take_turns_and_another_goes_first_each_time(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2, order="interleaved", rounds=3), {})
    assert (
        await Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, lambda _: None).measure() == "done"
    )
    assert _turns(run) == ["m0 1", "m1 1", "m1 2", "m0 2", "m0 3", "m1 3"]
    record = load(run.path)
    assert (record.order, record.notes) == ("interleaved", ())
    assert [(model.name, model.status, model.counts.ok) for model in record.models] == [
        ("m0", "ok", 6),
        ("m1", "ok", 6),
    ]


async def test_models_that_are_told_apart_are_measured_no_longer(reference_server: str, tmp_path: Path) -> None:
    slow = "reference?interval_ms=12&delay_ms=20"
    run = Run.create(tmp_path, plan(2, order="interleaved", rounds=200, until="separated"), {})
    await Benchmark(run.record.plan, targets(reference_server, FAST, slow), run, lambda _: None).measure()
    stops = [model.stop for model in load(run.path).models]
    assert [stop.kind if stop else None for stop in stops] == ["separated", "separated"]
    assert [stop.rounds if stop else 0 for stop in stops] == [model.workshop.rounds for model in load(run.path).models]


async def test_a_budget_is_shared_and_told_as_it_shrinks(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2, rounds=5000, budget_s=3.0), {})
    snapshot = begin(run.record.plan, 0.0)

    def listen(event: Event) -> None:
        nonlocal snapshot
        snapshot = fold(snapshot, event, 0.0)

    await Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, listen).measure()
    models = load(run.path).models
    assert [(model.status, model.stop.kind if model.stop else None) for model in models] == [("ok", "budget")] * 2
    assert [one.rounds for one in snapshot.models] == [model.workshop.rounds for model in models]
    assert [(one.done_fraction, one.skipped) for one in snapshot.models] == [(1.0, 0)] * 2
    spans = [[s.sent_ns for s in run.samples() if s.model == name] for name in ("m0", "m1")]
    assert all(max(span) - min(span) < 3e9 for span in spans)


async def test_models_that_memory_can_not_hold_at_once_are_measured_one_by_one(
    reference_server: str, tmp_path: Path
) -> None:
    large = tmp_path / "large.gguf"
    with large.open("wb") as file:
        file.truncate(1 << 43)  # no block of it is on the disk
    run = Run.create(tmp_path / "runs", plan(3, order="interleaved"), {})
    where = [*targets(reference_server, FAST, FAST), Target(name="m2", backend="adapter", model="m2", path=str(large))]
    told: list[str] = []
    await Benchmark(
        run.record.plan, where, run, lambda event: told.append(event.message) if isinstance(event, Noted) else None
    ).measure()
    record = load(run.path)
    assert _turns(run) == ["m0 1", "m0 2", "m1 1", "m1 2"]
    assert (record.order, record.notes) == ("sequential", tuple(told))
    assert "not in turns: together they need about" in told[0]


async def test_a_run_that_is_resumed_goes_on_counting_and_tells_both_orders(
    reference_server: str, tmp_path: Path
) -> None:
    run = Run.create(tmp_path, plan(2, order="interleaved", rounds=9, calibrate=False), {})
    where = targets(reference_server, FAST, FAST)

    def end(event: Event) -> None:
        if isinstance(event, RequestStarted) and (event.phase, event.round) == ("measure", 7):
            benchmark.stop()

    benchmark = Benchmark(run.record.plan, where, run, end)
    assert await benchmark.measure() == "interrupted"
    run = Run.resume(run.path)
    run.add_model(replace(next(model for model in run.record.models if model.name == "m0"), status="ok"))
    await Benchmark(replace(run.record.plan, until="90%"), where, run, lambda _: None).measure()
    record = load(run.path)
    assert (record.order, record.notes) == ("interleaved", ("after an interruption measured one after the other: m1",))
    (resumed,) = (model for model in record.models if model.name == "m1")
    assert resumed.stop
    assert resumed.stop.rounds == resumed.workshop.rounds >= 6


async def test_skipping_in_turns_gives_up_the_one_in_hand(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2, order="interleaved", rounds=3), {})

    def skip(event: Event) -> None:
        if isinstance(event, RequestStarted) and (event.model, event.phase, event.round) == ("m1", "measure", 2):
            benchmark.skip()

    benchmark = Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, skip)
    assert await benchmark.measure() == "done"
    assert {model.name: model.status for model in load(run.path).models} == {"m0": "ok", "m1": "partial"}
    assert _turns(run)[-2:] == ["m0 2", "m0 3"]


async def test_a_pause_after_a_turn_holds_every_sweep_and_its_end_none(reference_server: str, tmp_path: Path) -> None:
    run = Run.create(tmp_path, plan(2, order="interleaved", rounds=1, sweep=Sweep(concurrency=(2,))), {})
    swept: list[bool] = []
    paused = False

    def go_on() -> None:
        nonlocal paused
        paused = False
        benchmark.resume()

    def listen(event: Event) -> None:
        nonlocal paused
        if isinstance(event, TurnFinished) and (event.model, event.round) == ("m1", 1):
            paused = True
            benchmark.pause()
            asyncio.get_running_loop().call_later(0.3, go_on)
        if isinstance(event, RequestStarted) and event.phase == "sweep":
            swept.append(paused)

    benchmark = Benchmark(run.record.plan, targets(reference_server, FAST, FAST), run, listen)
    async with asyncio.timeout(20):
        assert await benchmark.measure() == "done"
    assert swept
    assert not any(swept)


async def test_a_sweep_enters_no_figure_but_its_own(reference_server: str, tmp_path: Path) -> None:
    sweep = Sweep(concurrency=(1, 4), prompt_tokens=(32, 64))
    run = Run.create(tmp_path, plan(2, sweep=sweep, order="interleaved"), {})
    snapshot = begin(run.record.plan, 0.0)
    fractions = []

    def listen(event: Event) -> None:
        nonlocal snapshot
        snapshot = fold(snapshot, event, 0.0)
        fractions.append(snapshot.fraction)

    await Benchmark(run.record.plan, targets(reference_server, STEADY, STEADY), run, listen).measure()
    for model in load(run.path).models:
        assert (model.status, model.counts.ok, list(model.per_prompt)) == ("ok", 4, ["a", "b"])
        assert [(level.level, level.counts.ok) for level in model.sweep] == [
            ("concurrency=1", 4), ("concurrency=4", 12), ("prompt_tokens=32", 2), ("prompt_tokens=64", 2),
        ]  # fmt: skip
        one, four, *_ = (level.total_tokens_per_s or 0 for level in model.sweep)
        assert four > 1.5 * one
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
