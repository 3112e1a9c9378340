"""The calibration against the real reference server, and that it tells the truth about a bad client."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.cli import main
from foundry_bench.commands import calibrate as command
from foundry_bench.session import calibrating
from foundry_bench.session.calibrating import Load, calibrate, short_loads
from foundry_bench.session.environment import machine_state
from foundry_bench.session.supervisor import Worker, start_worker

pytestmark = pytest.mark.alone

# Long answers: one arrival that the machine holds up for some milliseconds is then a small part of a rate.
LOAD = Load(streams=1, interval_ms=5, tokens=100, answers=4)

# Every arrival is stamped three milliseconds late, half of them five: a client that parses first.
DELAYED = """
import runpy, sys, time
from foundry_bench.worker import http
on_read = http.HttpConnection._on_read
count = 0
def late(self, generation, data, stamp_ns):
    global count
    count += 1
    on_read(self, generation, data, stamp_ns + (3_000_000 if count % 2 else 5_000_000))
http.HttpConnection._on_read = late
sys.argv = ["foundry_bench.worker"]
runpy.run_module("foundry_bench.worker", run_name="__main__", alter_sys=True)
"""


async def test_this_machines_error_is_small_and_the_whole_of_it_is_told() -> None:
    found = await calibrate([LOAD], short=True)
    (level,) = found.levels
    assert (level.streams, level.ttft.n, level.itl.n) == (1, 4, 4 * 99)
    assert 0 < level.ttft.p50_s < 0.001
    assert level.itl.p50_s < 0.0005
    assert abs(level.rate_bias) < 0.005
    assert found.ttft_p99_s == level.ttft.p99_s
    assert level.cpu_s_per_1000_tokens > 0


async def test_a_delay_in_the_clients_path_shows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    slow = tmp_path / "slow_worker.py"
    slow.write_text(DELAYED)

    @asynccontextmanager
    async def start_slow(log: Path) -> AsyncIterator[Worker]:
        create = asyncio.create_subprocess_exec

        async def with_delay(*_: str, **options: Any) -> asyncio.subprocess.Process:
            return await create(sys.executable, str(slow), **options)

        with monkeypatch.context() as patched:
            patched.setattr(asyncio, "create_subprocess_exec", with_delay)
            worker = start_worker(log)
            started = await worker.__aenter__()
        try:
            yield started
        finally:
            await worker.__aexit__(None, None, None)

    monkeypatch.setattr(calibrating, "start_worker", start_slow)
    (level,) = (await calibrate([LOAD], short=True)).levels
    assert 0.0029 < level.ttft.p50_s < 0.0065
    assert 0.0015 < level.itl.p50_s < 0.0025


@pytest.mark.parametrize("concurrency", [1, 2, 16, 256])
def test_the_short_form_is_short(concurrency: int) -> None:
    seconds = sum(
        (0.02 + load.tokens * load.interval_ms / 1000) * (load.answers / load.streams + 1)
        for load in short_loads(concurrency)
    )
    assert seconds < 2


def test_what_the_machine_does_is_plain_data() -> None:
    state = machine_state()
    assert state["cores"] >= 1
    assert all(isinstance(value, str | int | float | bool) for value in state.values())


def test_the_error_is_told_in_a_sentence_before_the_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "FULL", (LOAD,))
    assert main(["calibrate"]) == 0
    first, blank, heading, *_ = capsys.readouterr().out.splitlines()
    sentence = r"On this machine TTFT is off by at most .+ and ITL by at most .+ \(99 % of a stream .*\)\."
    assert re.fullmatch(sentence, first)
    assert (blank, heading.split()[0]) == ("", "Streams")
