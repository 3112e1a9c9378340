"""Processes killed at random points of a run: no acknowledged sample is lost, and what is missing is measured later."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from foundry_bench.session.attaching import Host
from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.channel import Job
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import Run, load, read_samples
from foundry_bench.values.events import Event, ModelFinished, SampleFinished
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Sample
from waiting import LIMIT_S, waited

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")

MODEL = "reference?interval_ms=1&delay_ms=1"
PROMPTS = (Prompt(id="a", prompt="A"), Prompt(id="b", prompt="B"))
ROUNDS = 30
SAMPLES = 1 + len(PROMPTS) * ROUNDS  # with the warm-up


def plan(url: str) -> Plan:
    return Plan(models=(MODEL,), prompts=PROMPTS, endpoint=url, rounds=ROUNDS, warmup=1, max_tokens=6, calibrate=False)


def targets(url: str) -> tuple[Target, ...]:
    return (Target(name=MODEL, backend="openai_http", model=MODEL, url=url),)


def family(pid: int) -> list[psutil.Process]:
    """A process and all that it started."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def lines(out: Path) -> bytes:
    """What the one run in ``out`` has recorded so far."""
    return b"".join(file.read_bytes() for file in out.glob("*/samples.jsonl"))


def complete(samples: list[Sample]) -> bool:
    """Whether every measured request was answered, and none of them twice."""
    answered = [(sample.prompt_id, sample.round) for sample in samples if sample.phase == "measure" and sample.counts]
    wanted = {(prompt.id, number + 1) for prompt in PROMPTS for number in range(ROUNDS)}
    return len(answered) == len(wanted) and set(answered) == wanted


def resumed(out: Path, kept: bytes) -> int:
    """Check what a kill has left, finish the run, check again; how many lines were torn (0 or 1)."""
    (head,) = list_runs(out)
    found = read_samples(head.path)
    before = list(found)
    assert head.status == "interrupted" or (head.status == "done" and complete(before))
    assert lines(out).startswith(kept)
    assert len(before) >= kept.count(b"\n")
    done = subprocess.run(
        [sys.executable, "-m", "foundry_bench", "run", "--resume", head.id, "--out", out, "--json"],
        capture_output=True,
        check=False,
        timeout=LIMIT_S,
    )
    assert done.returncode == 0, done.stderr.decode()
    after = list(read_samples(head.path))
    assert after[: len(before)] == before
    assert complete(after)
    (model,) = json.loads(done.stdout)["models"]
    assert model["counts"]["ok"] == 2 * ROUNDS
    return found.torn


def kill_at(out: Path, pid: int, count: int) -> bytes:
    """Kill a process once so many samples are on disk; what was there just before, and none of its family is left."""
    waited(lambda: list(out.glob("*/run.json")) and lines(out).count(b"\n") >= count, "it records nothing")
    those = family(pid)
    kept = lines(out)
    with contextlib.suppress(ProcessLookupError):  # all is measured, and it has ended
        os.kill(pid, signal.SIGKILL)
    left = psutil.wait_procs([one for one in those if one.pid != pid], timeout=15)[1]
    assert left == []
    return kept[: kept.rfind(b"\n") + 1]


def test_a_headless_parent(
    reference_server: str, tmp_path: Path, kills: int, places: random.Random, tally: Callable[[str], None]
) -> None:
    torn = 0
    for number in range(kills):
        out = tmp_path / str(number)
        command = [sys.executable, "-m", "foundry_bench", "run", "-e", reference_server, "-m", MODEL, "--no-calibrate"]
        command += ["--rounds", str(ROUNDS), "--max-tokens", "6", "--out", str(out)]
        prompts = tmp_path / "prompts.json"
        prompts.write_text(json.dumps([{"id": one.id, "prompt": one.prompt} for one in PROMPTS]))
        with subprocess.Popen([*command, "--prompts", prompts], stdout=-3, stderr=-3) as parent:
            kept = kill_at(out, parent.pid, places.randint(0, SAMPLES))
        torn += resumed(out, kept)
    tally(f"{kills} parents killed: 0 samples lost or repeated, {torn} lines torn and mended, 0 left over")


def test_a_host(
    reference_server: str, tmp_path: Path, kills: int, places: random.Random, tally: Callable[[str], None]
) -> None:
    torn = 0
    for number in range(kills):
        out = tmp_path / str(number)
        host = Host(Job(plan=plan(reference_server), targets=targets(reference_server), out=str(out)))
        beacon = host.opened()
        kept = kill_at(out, int(beacon.process["pid"]), places.randint(0, SAMPLES))
        host._process.wait(LIMIT_S)
        torn += resumed(out, kept)
    tally(f"{kills} hosts killed: 0 samples lost or repeated, {torn} lines torn and mended, 0 left over")


async def worker_killed(out: Path, url: str, place: int) -> None:
    """Kill the worker once so many samples are told; check what is left, finish the run, check again."""
    run = Run.create(out, plan(url), {})
    told, pids, ended = list[Sample](), list[int](), list[ModelFinished]()

    def listen(event: Event) -> None:
        if isinstance(event, ModelFinished):
            ended.append(event)
        if isinstance(event, SampleFinished):
            told.append(event.sample)
        if len(told) == place and not pids and benchmark.worker_pid:
            pids.append(benchmark.worker_pid)
            os.kill(pids[0], signal.SIGKILL)

    benchmark = Benchmark(run.record.plan, targets(url), run, listen)
    async with asyncio.timeout(LIMIT_S):
        await benchmark.measure()
    assert list(read_samples(run.path)) == told
    assert not psutil.pid_exists(pids[0])
    (model,) = load(run.path).models
    assert model.status in {"partial", "failed"}
    assert ended[0].error
    assert "SIGKILL" in ended[0].error.message
    again = Run.resume(run.path)
    benchmark = Benchmark(again.record.plan, targets(url), again, lambda _: None)
    async with asyncio.timeout(LIMIT_S):
        assert await benchmark.measure() == "done"
    samples = list(read_samples(run.path))
    assert samples[: len(told)] == told
    assert complete(samples)


async def test_a_worker(
    reference_server: str, tmp_path: Path, kills: int, places: random.Random, tally: Callable[[str], None]
) -> None:
    for number in range(kills):
        await worker_killed(tmp_path / str(number), reference_server, places.randrange(SAMPLES - 10))
    tally(f"{kills} workers killed: 0 samples lost or repeated, 0 lines torn, 0 left over")
