"""The error of every way to measure, side by side against one server of known cadence."""

import asyncio
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from speed import additions_s
from terminal import watch

from foundry_bench.session.calibrating import FULL, Load, reference_server
from foundry_bench.session.store import load as load_run
from foundry_bench.session.store import read_samples
from foundry_bench.values.calibration import ErrorSize, Level, SendLog, error_of_level
from foundry_bench.values.metrics import bounded_gaps
from foundry_bench.values.plan import Plan, Prompt

HERE = Path(__file__).parent
_PROMPT = Prompt(id="reference", prompt="Answer at your own pace.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One way to measure under one load; the screen's columns are None without a screen.

    ``additions_s`` is what the machine took for five million additions just before (``speed.py``).
    """

    way: str
    level: Level
    screen_cpu_percent: float | None = None
    screen_bytes_per_s: float | None = None
    additions_s: float | None = None


def measure(folder: Path) -> list[Row]:
    """Every way under every load."""
    return asyncio.run(_measure(folder))


async def _measure(folder: Path) -> list[Row]:
    rows = []
    async with reference_server() as url:
        for load in FULL:
            for way in (_bare, _headless, _headless_portable, _screen, _screen_portable):
                speed_s = additions_s()
                found = await asyncio.to_thread(way, url, load, folder)
                rows += [replace(row, additions_s=speed_s) for row in found]
                print(*(f"{row.way} x{load.streams}: TTFT p99 {row.level.ttft.p99_s * 1e3:.3f} ms" for row in found))
    return rows


def model(load: Load) -> str:
    """The reference server's name for this cadence."""
    return f"reference?interval_ms={load.interval_ms:g}&delay_ms=20"


def plan_for(url: str, load: Load, **changes: object) -> Plan:
    """What the product is asked to measure."""
    plan = Plan(
        models=(model(load),),
        endpoint=url,
        prompts=(_PROMPT,),
        rounds=load.answers,
        warmup=load.streams,
        max_tokens=load.tokens,
        concurrency=load.streams,
        calibrate=False,
    )
    return msgspec.convert(msgspec.to_builtins(plan) | changes, Plan)


def _bare(url: str, load: Load, folder: Path) -> list[Row]:  # noqa: ARG001 - all ways have one signature
    command = [sys.executable, str(HERE / "bare_client.py"), url, model(load)]
    numbers = [str(load.streams), str(load.tokens), str(load.answers)]
    done = subprocess.run([*command, *numbers], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    logs = send_logs(url)
    ttft, gaps, exact, biases = [], [], [], []
    for answer in found["answers"]:
        log, times = logs[answer["id"]], np.array(answer["times_ns"])
        sent = np.array(log.sent_ns)
        ttft.append((times[0] - answer["sent_ns"]) / 1e9 - (sent[0] - log.arrived_ns) / 1e9)
        gaps.append((np.diff(times) - np.diff(sent)) / 1e9)
        shared = np.flatnonzero(np.diff(times) == 0) + 1
        exact.append(np.delete(gaps[-1], list(bounded_gaps(shared.tolist()))))
        biases.append((sent[-1] - sent[0]) / (times[-1] - times[0]) - 1)
    tokens = load.tokens * load.answers
    first = min(answer["sent_ns"] for answer in found["answers"])
    last = max(answer["times_ns"][-1] for answer in found["answers"])
    level = Level(
        streams=load.streams,
        interval_s=load.interval_ms / 1000,
        clock="kernel" if found["stamped"] else "arrival",
        ttft=_size(ttft),
        itl=_size(np.concatenate(gaps)),
        itl_exact=_size(np.concatenate(exact)),
        rate_bias=float(np.mean(biases)),
        rate_bias_max=float(np.max(np.abs(biases))),
        shared_share=1 - sum(one.size for one in exact) / sum(one.size for one in gaps),
        tokens_per_s=tokens / (last - first) * 1e9,
        max_lag_s=0.0,
        cpu_s_per_1000_tokens=found["cpu_s"] / tokens * 1000,
    )
    return [Row(way="bare socket", level=level)]


def _headless(url: str, load: Load, folder: Path) -> list[Row]:
    out = folder / f"headless-{load.streams}"
    _run(plan_for(url, load, client="openai" if load.streams == 1 else "raw"), out)
    logs = send_logs(url)
    rows = [Row(way="engine", level=error_of(out, load, logs))]
    if load.streams > 1:
        # Its own run: sent in turn with ours its requests would not be as many at once.
        _openai(url, load, folder)
        out, logs = folder / f"openai-{load.streams}", send_logs(url)
    return [*rows, Row(way="openai client", level=error_of(out, load, logs, "openai"))]


def _openai(url: str, load: Load, folder: Path) -> None:
    _run(plan_for(url, load, client="openai"), folder / f"openai-{load.streams}")


def _headless_portable(url: str, load: Load, folder: Path) -> list[Row]:
    out = folder / f"portable-{load.streams}"
    with _portable_clock():
        _run(plan_for(url, load), out)
    return [Row(way="engine, portable clock", level=error_of(out, load, send_logs(url)))]


def _screen(url: str, load: Load, folder: Path, way: str = "engine under the screen") -> list[Row]:
    out = folder / f"{way.replace(' ', '-').replace(',', '')}-{load.streams}"
    seen = watch(plan_for(url, load), out)
    cpu = 100 * seen.followed_cpu_s / seen.followed_s if seen.followed_s else None
    sent = seen.followed_bytes / seen.followed_s if seen.followed_s else None
    level = error_of(out, load, send_logs(url))
    return [Row(way=way, level=level, screen_cpu_percent=cpu, screen_bytes_per_s=sent)]


def _screen_portable(url: str, load: Load, folder: Path) -> list[Row]:
    with _portable_clock():
        return _screen(url, load, folder, "engine under the screen, portable clock")


@contextmanager
def _portable_clock() -> Iterator[None]:
    os.environ["FOUNDRY_BENCH_CLOCK"] = "arrival"
    try:
        yield
    finally:
        del os.environ["FOUNDRY_BENCH_CLOCK"]


def _run(plan: Plan, out: Path) -> None:
    """The product's own headless run of a plan."""
    settings = [
        *("-e", plan.endpoint or "", "-m", plan.models[0], "--prompt", plan.prompts[0].prompt),
        *("--rounds", str(plan.rounds), "--warmup", str(plan.warmup), "--max-tokens", str(plan.max_tokens)),
        *("--concurrency", str(plan.concurrency), "--client", plan.client, "--no-calibrate", "--out", str(out)),
    ]
    command = [sys.executable, "-m", "foundry_bench", "run", *settings]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def error_of(out: Path, load: Load, logs: Mapping[str, SendLog], path: str = "raw") -> Level:
    """The error of the one run in ``out``, which measured the reference server under ``load``."""
    (file,) = out.glob("*/run.json")
    (result,) = load_run(file.parent).models
    samples = [
        sample
        for sample in read_samples(file.parent)
        if sample.phase == "measure" and sample.path == path and sample.counts
    ]
    pairs = [(sample, logs[sample.response_id or ""]) for sample in samples]
    return error_of_level(
        load.streams,
        load.interval_ms / 1000,
        pairs,
        max_lag_s=result.max_lag_s or 0.0,
        cpu_s=result.cpu_s or 0.0,
    )


def send_logs(url: str) -> dict[str, SendLog]:
    """What the server sent since it was last asked; it forgets what it has told."""
    with urllib.request.urlopen(f"{url}/logs") as answer:
        return msgspec.json.decode(answer.read(), type=dict[str, SendLog])


def _size(errors: "Sequence[float] | np.ndarray[tuple[int], np.dtype[np.float64]]") -> ErrorSize:
    sizes = np.abs(np.asarray(errors))
    p50, p99 = np.percentile(sizes, (50, 99))
    return ErrorSize(n=sizes.size, p50_s=float(p50), p99_s=float(p99), max_s=float(sizes.max()))
