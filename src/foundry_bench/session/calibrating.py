"""Calibrates: the engine that measures models measures a server of known cadence."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import msgspec

from foundry_bench.session.environment import machine_state
from foundry_bench.session.paths import log_dir
from foundry_bench.session.supervisor import start_worker
from foundry_bench.values.calibration import Calibration, Level, SendLog, calibration, error_of_level
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import ModelFinished, SampleFinished
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Sample
from foundry_bench.worker.fetch import fetch
from foundry_bench.worker.http import HttpError
from foundry_bench.worker.processes import apart
from foundry_bench.worker.protocol import Measure

_PROMPT = Prompt(id="reference", prompt="Answer at your own pace.")
_DELAY_MS = 20

Progress = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Load:
    """How a level is driven: ``answers`` of ``tokens`` each, ``streams`` at once, a token every ``interval_ms``."""

    streams: int
    interval_ms: float
    tokens: int
    answers: int


FULL = (Load(1, 5, 200, 10), Load(16, 10, 100, 64), Load(64, 20, 100, 192))


def short_loads(concurrency: int) -> tuple[Load, ...]:
    """What a benchmark of this concurrency is calibrated with before it starts, in about two seconds."""
    if concurrency == 1:
        return (Load(1, 5, 50, 4),)
    return (Load(concurrency, max(5, concurrency / 3), 20 if concurrency <= 64 else 10, concurrency),)


async def calibrate(loads: Sequence[Load], *, short: bool, progress: Progress | None = None) -> Calibration:
    """Measure this machine's own error at each load.

    Raises:
        InputError: the reference server or the worker did not run.
    """
    levels = []
    async with reference_server() as url:
        for number, load in enumerate(loads):
            if progress:
                progress(number / len(loads), f"{load.streams} streams")
            levels.append(await measure_level(url, load))
    resolution_s = time.get_clock_info("perf_counter").resolution
    return calibration(levels, short=short, clock_resolution_s=resolution_s, machine=machine_state())


async def measure_level(url: str, load: Load) -> Level:
    """Drive the reference server at ``url`` with one load, as any model is driven.

    Raises:
        InputError: the worker did not measure every answer.
    """
    plan = Plan(
        models=("reference",),
        prompts=(_PROMPT,),
        rounds=load.answers,
        warmup=load.streams,
        max_tokens=load.tokens,
        concurrency=load.streams,
    )
    model = f"reference?interval_ms={load.interval_ms:g}&delay_ms={_DELAY_MS}"
    samples: list[Sample] = []
    finished: ModelFinished | None = None
    async with start_worker(log_dir() / "calibrate.log") as worker:
        worker.send(Measure(plan=plan, target=Target(name="reference", backend="openai_http", model=model, url=url)))
        async for event in worker.events():
            if isinstance(event, SampleFinished) and event.sample.phase == "measure":
                samples.append(event.sample)
            if isinstance(event, ModelFinished):
                finished = event
                break
    if finished is None or finished.status != "ok":
        reason = finished.error.message if finished and finished.error else "its worker ended"
        raise InputError(f"the calibration failed: {reason}; see {log_dir() / 'calibrate.log'}")
    try:
        _, body = await fetch(url, "/logs")
        logs = msgspec.json.decode(body, type=dict[str, SendLog])
    except (HttpError, ValueError) as error:
        raise InputError(f"the calibration failed: its reference server is gone: {error}") from error
    pairs = [(sample, logs[sample.response_id or ""]) for sample in samples]
    return error_of_level(
        load.streams,
        load.interval_ms / 1000,
        pairs,
        max_lag_s=finished.max_lag_s or 0.0,
        cpu_s=finished.cpu_s or 0.0,
    )


@contextlib.asynccontextmanager
async def reference_server() -> AsyncIterator[str]:
    """A server of known cadence in a process of its own; its base URL.

    Raises:
        InputError: it did not start.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "foundry_bench.worker.reference_server",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        **apart(),
    )
    try:
        line = await process.stdout.readline() if process.stdout else b""
        if not line:
            raise InputError("the reference server of the calibration did not start")
        yield line.decode().strip()
    finally:
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 5)
        except TimeoutError:
            process.kill()
            await process.wait()
