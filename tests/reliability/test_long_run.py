"""Long runs: memory and files stay as they were, and what run.json says follows from samples.jsonl."""

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.json_text import without_noise
from foundry_bench.session.store import Run, load, read_samples
from foundry_bench.values.events import Event, SampleFinished
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.summary import Summarizer

MODEL = "reference?interval_ms=1&delay_ms=0"
TOKENS = 8
_WARM = 100  # requests after which caches are filled


def open_files(process: psutil.Process) -> int:
    found: int = process.num_handles() if sys.platform == "win32" else process.num_fds()
    return found


async def test_a_long_run(reference_server: str, tmp_path: Path, requests: int, tally: Callable[[str], None]) -> None:
    plan = Plan(
        models=(MODEL,),
        prompts=(Prompt(id="p", prompt="P"),),
        endpoint=reference_server,
        rounds=requests,
        max_tokens=TOKENS,
        calibrate=False,
    )
    run = Run.create(tmp_path, plan, {})
    ours = psutil.Process()
    worker_mb, host_mb, files = list[float](), list[float](), list[int]()
    done = 0

    def listen(event: Event) -> None:
        nonlocal done
        done += isinstance(event, SampleFinished)
        if isinstance(event, SampleFinished) and done > _WARM and done % 50 == 0 and benchmark.worker_pid:
            worker = psutil.Process(benchmark.worker_pid)
            worker_mb.append(worker.memory_info().rss / 1e6)
            host_mb.append(ours.memory_info().rss / 1e6)
            files.append(open_files(worker) + open_files(ours))

    target = Target(name=MODEL, backend="openai_http", model=MODEL, url=reference_server)
    benchmark = Benchmark(plan, (target,), run, listen)
    assert await benchmark.measure() == "done"
    assert len(worker_mb) >= 2
    grown_mb = worker_mb[-1] - worker_mb[0], host_mb[-1] - host_mb[0]
    assert max(files) <= files[0] + 2  # what others left open in this process may be closed meanwhile
    assert grown_mb[0] < 5
    # What the host keeps of a sample are its figures; it is this process, in which other tests left room or took it.
    assert grown_mb[1] < 20 + requests * 0.002
    (model,) = load(run.path).models
    again = Summarizer(MODEL, temperature=plan.temperature)
    for sample in read_samples(run.path):
        again.add(sample)
    assert model.counts.ok == requests
    assert without_noise(msgspec.to_builtins(again.result().metrics)) == without_noise(
        msgspec.to_builtins(model.metrics)
    )
    tally(
        f"{requests:,} requests: worker grew by {grown_mb[0]:.1f} MB, host by {grown_mb[1]:.1f} MB, "
        f"open files between {min(files)} and {max(files)}; figures recomputed from samples.jsonl are equal"
    )
