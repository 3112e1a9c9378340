"""Cost as work grows: streams, tokens an answer, samples a run, runs in a folder."""

import asyncio
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from foundry_bench.session.calibrating import Load, measure_level, reference_server
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import Run, read_samples
from foundry_bench.values.plan import Plan
from foundry_bench.values.record import Sample
from foundry_bench.values.summary import Summarizer

_STREAMS = (1, 4, 16, 64, 256)
_TOKENS = (100, 1000, 8000)
_SAMPLES = (10, 1000, 10_000, 100_000)
_GAPS = 100
_RUNS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """One measurement: what grew, how far, and what it took."""

    what: str
    size: int
    figure: str
    value: float
    unit: str


def measure(folder: Path) -> list[Cost]:
    """Everything."""
    costs = asyncio.run(_engine())
    for count in _SAMPLES:
        costs += _summary(folder, count)
    return costs + _history(folder)


async def _engine() -> list[Cost]:
    costs = []
    async with reference_server() as url:
        for streams in _STREAMS:
            level = await measure_level(url, Load(streams, max(5.0, streams / 2), 100, max(8, streams)))
            costs.append(_cpu("streams", streams, level.cpu_s_per_1000_tokens))
            costs.append(Cost(what="streams", size=streams, figure="worst lag", value=level.max_lag_s * 1e3, unit="ms"))
        for tokens in _TOKENS:
            level = await measure_level(url, Load(4, 2, tokens, 4))
            costs.append(_cpu("tokens an answer", tokens, level.cpu_s_per_1000_tokens))
        level = await measure_level(url, Load(16, 16 / 30, 2000, 16))
        costs.append(Cost(what="30,000 tokens/s", size=16, figure="worst lag", value=level.max_lag_s * 1e3, unit="ms"))
        costs.append(_cpu("30,000 tokens/s", 16, level.cpu_s_per_1000_tokens))
        costs.append(Cost(what="30,000 tokens/s", size=16, figure="kept up", value=level.tokens_per_s or 0, unit="/s"))
    return costs


def _cpu(what: str, size: int, seconds: float) -> Cost:
    return Cost(what=what, size=size, figure="engine CPU per 1,000 tokens", value=seconds, unit="s")


def _summary(folder: Path, count: int) -> list[Cost]:
    """In a process of its own, so that its peak memory is its own."""
    path = folder / f"samples-{count}"
    path.mkdir(parents=True)
    _write_samples(path, count)
    done = subprocess.run(
        [sys.executable, str(Path(__file__)), str(path)], stdout=subprocess.PIPE, check=True, text=True, env=os.environ
    )
    read_s, add_s, summary_s, peak_mb = map(float, done.stdout.split())
    rows = (("read", read_s, "s"), ("read and add", add_s, "s"), ("summarise", summary_s, "s"), ("peak", peak_mb, "MB"))
    return [Cost(what="samples a run", size=count, figure=name, value=value, unit=unit) for name, value, unit in rows]


def _write_samples(path: Path, count: int) -> None:
    rng = np.random.default_rng(0)
    with (path / "samples.jsonl").open("wb") as file:
        for number in range(count):
            times = tuple(np.round(np.cumsum(rng.normal(0.01, 0.001, _GAPS)), 9).tolist())
            file.write(msgspec.json.encode(_sample(number, times)) + b"\n")


def _sample(number: int, times: tuple[float, ...]) -> Sample:
    return Sample(
        model="m",
        model_id="m:1",
        prompt_id=f"p{number % 4}",
        response_id=None,
        phase="measure",
        round=number // 4,
        status="ok",
        error=None,
        sent_ns=number,
        headers_s=times[0],
        first_byte_s=times[0],
        ttft_s=times[0],
        ttfa_s=times[0],
        latency_s=times[-1],
        token_times_s=times,
        prompt_tokens=10,
        completion_tokens=len(times),
        token_source="usage",  # noqa: S106 - no secret
        finish_reason="length",
        text="word " * len(times),
        text_sha256="0" * 64,
        first_chunk_tokens=1.0,
    )


def _history(folder: Path) -> list[Cost]:
    out = folder / "history"
    plan = Plan(models=("m",))
    run = Run.create(out, plan, {"system": "x" * 200}, run_id="seed")
    run.close("done")
    content = (run.path / "run.json").read_bytes()
    for number in range(_RUNS):
        (out / f"r{number:05}").mkdir()
        (out / f"r{number:05}" / "run.json").write_bytes(content)
    started = time.perf_counter()
    found = len(list_runs(out))
    took_s = time.perf_counter() - started
    return [Cost(what="runs in a folder", size=found, figure="list", value=took_s, unit="s")]


def _measure_summary(path: Path) -> None:
    started = time.perf_counter()
    for _ in read_samples(path):
        pass
    read_s = time.perf_counter() - started
    summarizer = Summarizer("m", temperature=0.0)
    started = time.perf_counter()
    for sample in read_samples(path):
        summarizer.add(sample)
    add_s = time.perf_counter() - started
    started = time.perf_counter()
    summarizer.result()
    summary_s = time.perf_counter() - started
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(read_s, add_s, summary_s, peak_mb)


if __name__ == "__main__":
    _measure_summary(Path(sys.argv[1]))
