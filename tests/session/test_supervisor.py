"""Workers: how they are started, how their death is noticed, and that nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.events import AnswerProgressed, Event, ModelFinished, RequestStarted, WorkerObserved
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.worker.protocol import Measure, Pause, Resume, Stop

SLOW = "reference?interval_ms=20&delay_ms=5"


def command(url: str, model: str = SLOW) -> Measure:
    plan = Plan(models=("m",), prompts=(Prompt(id="p", prompt="P"),), rounds=1, warmup=0, max_tokens=5000)
    return Measure(plan=plan, target=Target(name="m", backend="openai_http", model=model, url=url))


async def streaming(worker: Worker, url: str) -> None:
    """Return when an answer is under way."""
    worker.send(command(url))
    measuring = False
    async for event in worker.events():
        measuring |= isinstance(event, RequestStarted)
        if measuring and isinstance(event, AnswerProgressed) and event.chunks > 2:
            return


async def test_a_pause_right_behind_the_order_holds_from_the_first_request_on(
    reference_server: str, tmp_path: Path
) -> None:
    seen: list[Event] = []
    async with start_worker(tmp_path / "w.log") as worker:
        worker.send(command(reference_server, "reference?interval_ms=1&delay_ms=1"))
        worker.send(Pause())
        async for event in worker.events():
            seen.append(event)
            if isinstance(event, WorkerObserved) and sum(isinstance(one, WorkerObserved) for one in seen) == 2:
                assert not any(isinstance(one, RequestStarted) for one in seen)
                worker.send(Resume())
            if isinstance(event, ModelFinished):
                break
    assert isinstance(seen[-1], ModelFinished)
    assert seen[-1].status == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(
    ("number", "says"),
    [
        (signal.SIGKILL, "ended by SIGKILL; most often the system does this when memory runs out"),
        (signal.SIGABRT, "ended by SIGABRT; the native runtime gave up"),
        (signal.SIGSEGV, "ended by SIGSEGV; the native runtime crashed"),
        (signal.SIGTERM, "ended by SIGTERM"),
    ],
)
async def test_death_by_any_signal_is_noticed_and_named(
    reference_server: str, tmp_path: Path, number: signal.Signals, says: str
) -> None:
    async with start_worker(tmp_path / "w.log") as worker:
        await streaming(worker, reference_server)
        os.kill(worker.pid, number)
        assert [event async for event in worker.events() if isinstance(event, ModelFinished)] == []
        assert says in (await worker.cause_of_death()).message
    assert not psutil.pid_exists(worker.pid)


async def test_a_python_error_in_the_worker_is_named_by_its_last_line(tmp_path: Path) -> None:
    async with start_worker(tmp_path / "w.log") as worker:
        worker._process.stdin.write(b'["Nonsense", {}]\n')  # type: ignore[union-attr] # it is a pipe
        assert [event async for event in worker.events()] == []
        assert "no message of ours" in (await worker.cause_of_death()).message


async def test_stopping_ends_a_stream_under_way(reference_server: str, tmp_path: Path) -> None:
    async with start_worker(tmp_path / "w.log") as worker:
        await streaming(worker, reference_server)
        worker.send(Stop())
        async for event in worker.events():
            if isinstance(event, ModelFinished):
                assert event.status == "skipped"
                break


async def test_leaving_the_block_ends_the_worker_whatever_it_does(reference_server: str, tmp_path: Path) -> None:
    pids = []

    async def fail() -> None:
        async with start_worker(tmp_path / "w.log") as worker:
            pids.append(worker.pid)
            await streaming(worker, reference_server)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not psutil.pid_exists(pids[0])


async def test_cancelling_leaves_nothing_running(reference_server: str, tmp_path: Path) -> None:
    pids = []

    async def measure() -> None:
        async with start_worker(tmp_path / "w.log") as worker:
            pids.append(worker.pid)
            await streaming(worker, reference_server)
            started.set()
            await asyncio.Event().wait()

    started = asyncio.Event()
    task = asyncio.create_task(measure())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(pids[0])


async def test_what_native_code_prints_goes_to_the_log(tmp_path: Path) -> None:
    code = "import os; os.write(1, b'to one'); os.write(2, b'to two')"
    script = (
        f"import runpy, sys; sys.argv = ['w']; import foundry_bench.worker.__main__ as w; w._take_descriptors(); {code}"
    )
    with (tmp_path / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log
        )
        out, _ = await process.communicate()
    assert (out, (tmp_path / "log").read_bytes()) == (b"", b"to oneto two")


async def test_on_windows_an_interrupt_of_the_console_does_not_reach_a_worker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class StartedError(Exception):
        pass

    async def start(*_command: str, creationflags: int, **_options: object) -> None:
        raise StartedError(creationflags)

    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
    with pytest.raises(StartedError, match="512"):
        async with start_worker(tmp_path / "w.log"):
            pass
