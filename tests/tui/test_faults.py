"""The screen while what it watches breaks."""

import functools
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from driving import make_app, processes, running, workers
from foundry_bench.session.adapters import NamedAdapter
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import load, read_samples
from foundry_bench.values.plan import Plan, Prompt

PROMPTS = (Prompt(id="benefits", prompt="Why local?"),)
ENDLESS, SHORT = "reference?interval_ms=100&delay_ms=5", "reference?interval_ms=1&delay_ms=5"
QUICK_S = 5.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


@pytest.mark.alone
async def test_the_screen_goes_on_with_the_next_model_each_time_a_worker_is_killed(
    tmp_path: Path, reference_server: str, pytestconfig: pytest.Config, tally: Callable[[str], None]
) -> None:
    kills = max(3, min(100, pytestconfig.getoption("--kills")))
    models = (*(f"{ENDLESS}&n={number}" for number in range(kills)), SHORT)
    start = Plan(
        models=models, endpoint=reference_server, prompts=PROMPTS, rounds=2, warmup=0, max_tokens=150, calibrate=False
    )
    app = make_app(tmp_path, start=start)
    clock = app.control.clock
    back_s = []

    def at(model: str) -> bool:
        return bool(app.control.snapshot and app.control.snapshot.current == model)

    async with running(app, (120, 40)) as driver:
        for number, model in enumerate(models[:-1]):

            def measuring(model: str = model) -> bool:
                snapshot = app.control.snapshot
                return bool(snapshot and snapshot.current == model and any(one.chunks > 2 for one in snapshot.answers))

            await driver.until(measuring)
            (worker,) = workers()
            os.kill(worker.pid, signal.SIGKILL)
            killed = time.monotonic()
            # A clock that was set meanwhile, too.
            app.control.clock = [lambda: clock() + 1e6, lambda: clock() - 1e6, clock][number % 3]
            await driver.until(functools.partial(at, models[number + 1]))
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
    tally(f"{kills} workers killed under the screen: back after {max(back_s):.1f} s at most, as many models marked")
    assert not workers()


# Noise of a native library on both of the process's streams, then an answer in a flood of pieces.
NOISY = """
import os

NOISE = bytes(range(256)) * 400 + b"\\x1b[2J\\x1b]52;c;AAAA\\x07[red]{}[SampleFinished\\n"

def load(weights_path):
    os.write(1, NOISE)

def generate(prompt, **params):
    for number in range(50_000 if prompt == "Why local?" else 1):
        if number % 1000 == 0:
            os.write(1, NOISE)
            os.write(2, NOISE)
        yield "\\x1b[2J[red]"
"""


async def test_noise_and_floods_of_a_worker_are_text_in_its_log_and_on_the_screen(
    tmp_path: Path, reference_server: str
) -> None:
    (tmp_path / "noisy.py").write_text(NOISY)
    start = Plan(
        models=("noisy:w", SHORT), endpoint=reference_server, prompts=PROMPTS, rounds=1, warmup=0, calibrate=False
    )
    app = make_app(tmp_path, start=start, adapters={"noisy": NamedAdapter(code=str(tmp_path / "noisy.py"))})
    async with running(app, (120, 40)) as driver:
        await driver.shows("the run is over: done")
        await driver.press("question_mark")
        assert app.is_running
    (head,) = list_runs(tmp_path / "runs")
    noisy, short = load(head.path).models
    assert (noisy.counts.answered, short.status) == (1, "ok")
    (flood, _) = read_samples(head.path)
    assert flood.text == "\x1b[2J[red]" * 50_000
    assert b"\x1b]52;c;AAAA" in (head.path / "logs" / "noisy-w.log").read_bytes()


async def test_a_host_that_is_killed_is_told_and_its_run_can_go_on(tmp_path: Path, reference_server: str) -> None:
    start = Plan(
        models=(ENDLESS,), endpoint=reference_server, prompts=PROMPTS, rounds=50, max_tokens=40, calibrate=False
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
