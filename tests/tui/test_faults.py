"""The screen while what it watches breaks."""

import functools
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from driving import make_app, processes, running
from foundry_bench.session.store import list_runs, load, read_samples
from foundry_bench.values.plan import Plan, Prompt

PROMPTS = (Prompt(id="benefits", prompt="Why local?"),)
MODELS = tuple(f"reference?interval_ms={pace}&delay_ms=5&n={number}" for number, pace in enumerate((100, 101, 102, 1)))
QUICK_S = 5.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


def workers() -> list[psutil.Process]:
    return processes("foundry_bench.worker")


@pytest.mark.alone
async def test_the_screen_goes_on_with_the_next_model_each_time_a_worker_is_killed(
    tmp_path: Path, reference_server: str
) -> None:
    start = Plan(
        models=MODELS, endpoint=reference_server, prompts=PROMPTS, rounds=2, warmup=0, max_tokens=150, calibrate=False
    )
    app = make_app(tmp_path, start=start)
    clock = app.control.clock
    back_s = []

    def at(model: str) -> bool:
        return bool(app.control.snapshot and app.control.snapshot.current == model)

    async with running(app, (120, 40)) as driver:
        for number, model in enumerate(MODELS[:-1]):

            def measuring(model: str = model) -> bool:
                snapshot = app.control.snapshot
                return bool(snapshot and snapshot.current == model and any(one.chunks > 2 for one in snapshot.answers))

            await driver.until(measuring)
            (worker,) = workers()
            os.kill(worker.pid, signal.SIGKILL)
            killed = time.monotonic()
            # A clock that was set meanwhile, too.
            app.control.clock = [lambda: clock() + 1e6, lambda: clock() - 1e6, clock][number]
            await driver.until(functools.partial(at, MODELS[number + 1]))
            back_s.append(time.monotonic() - killed)
        await driver.shows("the run is over: done", "SIGKILL")
        await driver.press("question_mark")
        assert app.is_running
    (head,) = list_runs(tmp_path / "runs")
    results = load(head.path).models
    assert [model.status for model in results][-1] == "ok"
    assert {model.status for model in results[:-1]} <= {"failed", "partial"}
    assert all(model.error and "SIGKILL" in model.error.message for model in results[:-1])
    samples = list(read_samples(head.path))
    assert all(sample.counts for sample in samples)
    for result in results:
        assert result.counts.ok == sum(sample.model == result.name for sample in samples)
        assert result.counts.failed == 0
    assert max(back_s) < QUICK_S
    assert not workers()


async def test_a_host_that_is_killed_is_told_and_its_run_can_go_on(tmp_path: Path, reference_server: str) -> None:
    start = Plan(
        models=MODELS[:1], endpoint=reference_server, prompts=PROMPTS, rounds=50, max_tokens=40, calibrate=False
    )
    app = make_app(tmp_path, start=start)
    async with running(app, (120, 40)) as driver:
        await driver.until(lambda: app.control.snapshot and app.control.snapshot.answers)
        (host,) = processes("foundry_bench.session.hosting")
        left = workers()
        host.kill()
        await driver.shows("run --resume")
        assert not app.control.running
        assert psutil.wait_procs(left, timeout=10)[1] == []
    assert [head.status for head in list_runs(tmp_path / "runs")] == ["interrupted"]
