"""Benchmarks that others follow: found, watched, steered, and none of that holds them up."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Self, cast

import pytest

from foundry_bench.cli import main
from foundry_bench.commands import attach as attach_command
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session import cluster, serving
from foundry_bench.session.attaching import Attachment, Host, attach
from foundry_bench.session.beacons import Beacon, announced, find_running, list_running
from foundry_bench.session.channel import Job, News, RunEnded, RunOpened, Skip, encode_line
from foundry_bench.session.paths import running_dir
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.serving import ServedBenchmark
from foundry_bench.session.store import Run, load
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import AnswerProgressed, Event, ModelFinished, RequestStarted, StageStarted
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.folding import begin, fold
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.snapshot import Snapshot
from foundry_bench.worker.processes import this_process
from foundry_bench.worker.protocol import Pause, Resume, Stop
from in_process import command
from waiting import waited

FAST = "reference?interval_ms=1&delay_ms=2"
ENDLESS = "reference?interval_ms=20&delay_ms=5"


def plan(*models: str, **changes: object) -> Plan:
    whole = Plan(models=models, prompts=(Prompt(id="a", prompt="A"),), rounds=2, max_tokens=8, calibrate=False)
    return replace(whole, **changes)  # type: ignore[arg-type] # the fields that a test names


def targets(url: str, *models: str) -> tuple[Target, ...]:
    return tuple(Target(name=model, backend="openai_http", model=model, url=url) for model in models)


@contextlib.asynccontextmanager
async def measured(url: str, out: Path, what: Plan) -> AsyncIterator[Beacon]:
    """A served benchmark in this process, while it goes on; stopped in the end."""
    run = Run.create(out, what, {})
    opened = asyncio.get_running_loop().create_future()
    served = ServedBenchmark(what, targets(url, *what.models), run)
    task = asyncio.create_task(served.measure(opened.set_result))
    try:
        yield await opened
    finally:
        served._benchmark.stop()
        await task


async def followed(beacon: Beacon) -> tuple[Snapshot, list[News]]:
    """The snapshot at the end, and all that was told."""
    told = []
    async with attach(beacon) as attachment, contextlib.aclosing(attachment.news()) as news:
        snapshot = attachment.opened.snapshot
        async for item in news:
            told.append(item)
            if isinstance(item, Snapshot):
                snapshot = item
            elif not isinstance(item, RunEnded):
                snapshot = fold(snapshot, item, 0.0)
    return snapshot, told


async def limited(news: AsyncIterator[News]) -> AsyncIterator[News]:
    """What is told up to the first request: a worker that has begun stops at once."""
    async for item in news:
        yield item
        if isinstance(item, RequestStarted):
            return


async def test_two_clients_see_the_same_benchmark_to_its_end(reference_server: str, tmp_path: Path) -> None:
    async with measured(reference_server, tmp_path, plan(FAST)) as beacon:
        assert [found.run for found in list_running()] == [beacon.run]
        (first, told), (second, _) = await asyncio.gather(followed(beacon), followed(beacon))
    assert told[-1] == RunEnded(status="done")
    for snapshot in (first, second):
        assert [(model.ok, model.status) for model in snapshot.models] == [(2, "ok")]
    assert list_running() == []
    assert list(running_dir().iterdir()) == []
    again = Run.resume(Path(beacon.run))
    assert ServedBenchmark(again.record.plan, (), again)._snapshot.fraction == 1
    again.close("done")


async def test_a_client_steers(reference_server: str, tmp_path: Path) -> None:
    endless = f"{ENDLESS}&x=1"
    async with (
        measured(reference_server, tmp_path, plan(ENDLESS, endless, max_tokens=5000)) as beacon,
        attach(beacon) as attachment,
        contextlib.aclosing(attachment.news()) as news,
    ):

        async def until(kind: type[News], model: str | None = None) -> News:
            async for item in news:
                if isinstance(item, kind) and model in {None, getattr(item, "model", None)}:
                    return item
            raise AssertionError(kind)

        async def paused() -> bool:
            snapshot = await until(Snapshot)
            return isinstance(snapshot, Snapshot) and snapshot.paused_at_s is not None

        await until(RequestStarted)
        attachment.send(Pause())
        assert await paused()
        attachment.send(Resume())
        assert not await paused()
        attachment.send(Skip())
        skipped = await until(ModelFinished, ENDLESS)
        assert isinstance(skipped, ModelFinished)
        assert skipped.status == "skipped"
        await until(RequestStarted, endless)
        attachment.send(Stop())
        assert await until(RunEnded) == RunEnded(status="interrupted")
    assert load(Path(beacon.run)).status == "interrupted"


async def test_a_pause_lasts_beyond_the_model_that_is_being_unloaded(reference_server: str, tmp_path: Path) -> None:
    what = plan(FAST, f"{FAST}&x=1")
    over = asyncio.Event()

    def listen(event: Event) -> None:
        match event:
            case StageStarted(stage="unload", model=model) if model == FAST:
                served._obey(Pause())
            case ModelFinished():
                over.set()

    def paused() -> bool:
        return served._snapshot.paused_at_s is not None

    served = ServedBenchmark(what, targets(reference_server, *what.models), Run.create(tmp_path, what, {}), listen)
    task = asyncio.create_task(served.measure())
    await over.wait()
    assert paused()
    served._obey(Resume())
    assert not paused()
    async with asyncio.timeout(20):
        assert await task == "done"


async def test_without_the_token_nothing_is_told(reference_server: str, tmp_path: Path) -> None:
    async with measured(reference_server, tmp_path, plan(ENDLESS, max_tokens=5000)) as beacon:
        with pytest.raises(InputError, match="does not answer"):
            async with attach(replace(beacon, token="guessed")):
                pass
        for line in (encode_line(Stop()), b"POST / HTTP/1.1\r\n", b"[" * 100_000 + b"\n", b"\xff\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", beacon.port)
            writer.write(line)
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
        async with attach(beacon) as attachment, contextlib.aclosing(attachment.news()) as news:
            assert attachment.opened.plan.models == (ENDLESS,)
            assert any([isinstance(item, RequestStarted) async for item in limited(news)])


async def test_a_client_that_does_not_read_gets_a_snapshot_in_place_of_the_backlog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "_LAST_WORDS_S", 0.1)
    what = plan("m")
    run = Run.create(tmp_path, what, {})
    served = ServedBenchmark(what, (), run)
    async with served._open() as beacon:
        async with attach(beacon) as attachment, contextlib.aclosing(attachment.news()) as news:
            attachment._reader._transport.pause_reading()  # type: ignore[attr-defined] # a client that hangs
            served._listen(RequestStarted(model="m", slot=0, prompt_id="a", phase="measure", round=1))
            for chunk in range(1, 3001):
                text = f"{chunk:04}" * 1024
                served._listen(
                    AnswerProgressed(model="m", slot=0, text=text, chunks=chunk, elapsed_s=chunk / 100, ttft_s=0.01)
                )
                await asyncio.sleep(0)
            (viewer,) = served._viewers
            assert viewer.waiting_bytes < 2 * serving._BACKLOG_BYTES
            attachment._reader._transport.resume_reading()  # type: ignore[attr-defined]  # asyncio's own, untyped
            snapshot, events = attachment.opened.snapshot, 0
            async for item in news:
                assert not isinstance(item, RunEnded)
                snapshot = item if isinstance(item, Snapshot) else fold(snapshot, item, 0.0)
                events += 1
                if snapshot.answers and snapshot.answers[0].chunks == 3000:
                    break
        assert events < 3000
        assert snapshot.answers == served._snapshot.answers
    run.close("done")


async def test_a_process_that_is_gone_leaves_a_command_that_works_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    opened = RunOpened(run=str(tmp_path / "else" / "run-1"), plan=plan("m"), snapshot=begin(plan("m"), 0.0))
    gone = asyncio.StreamReader()
    gone.feed_eof()
    attachment = Attachment(opened, gone, cast("asyncio.StreamWriter", None))
    with pytest.raises(InputError) as told:
        await anext(attachment.news())
    assert str(told.value).endswith(f"run --resume {Path('else', 'run-1')}")


async def test_who_follows_a_fleet_sees_a_bar_a_host_and_is_told_why_it_can_not_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    following_begins = asyncio.Event()

    class Watched(StderrProgress):
        def __enter__(self) -> Self:
            following_begins.set()
            return super().__enter__()

        def stop(self) -> None:
            shown.extend(task.description for task in self._bars.tasks)
            super().stop()

    monkeypatch.setattr(attach_command, "StderrProgress", Watched)
    monkeypatch.setattr(cluster, "CONNECT_S", 1.0)
    hosts = tuple(HostRecord(name=name, address=f"tcp://{name}:1") for name in ("a", "b"))
    what = plan("m", cluster="tcp://127.0.0.1:9")
    served = ServedBenchmark(what, (), Run.create(tmp_path, what, {}, hosts=hosts))
    opened = asyncio.get_running_loop().create_future()
    measuring = asyncio.create_task(served.measure(opened.set_result))
    following = asyncio.create_task(attach_command._follow(await opened))
    await following_begins.wait()
    for host in hosts:
        served._listen(StageStarted(model=f"m@{host.name}", stage="measure", requests=1))
    ended = await following
    assert ended.problem
    assert ended.problem.startswith("no Dask scheduler answers at tcp://127.0.0.1:9")
    assert shown == ["m@a: measuring", "m@b: measuring"]
    with pytest.raises(InputError, match="no Dask scheduler"):
        await measuring


def test_files_of_processes_that_are_gone_are_removed(tmp_path: Path) -> None:
    gone = {"pid": 2**22 + 1, "started": 1.0}
    beacon = Beacon(run=str(tmp_path / "r"), models=("m",), process=gone, port=1, token="t")
    with announced(beacon), announced(replace(beacon, run=str(tmp_path / "elsewhere"), host="another machine")):
        (running_dir() / "damaged.json").write_text("{")
        assert len(list(running_dir().iterdir())) == 3
        assert list_running() == []
        assert sorted(file.name[:9] for file in running_dir().iterdir()) == ["damaged.j", "elsewhere"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes")
def test_only_its_user_can_read_how_a_benchmark_is_reached(tmp_path: Path) -> None:
    beacon = Beacon(run=str(tmp_path / "r"), models=("m",), process=this_process(), port=1, token="secret")
    assert "secret" not in repr(beacon)
    with announced(beacon):
        (file,) = running_dir().iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert list_running() == [beacon]
    assert list(running_dir().iterdir()) == []


def test_a_benchmark_goes_on_where_it_can_not_be_announced(tmp_path: Path) -> None:
    running_dir().parent.mkdir()
    running_dir().write_text("a file in its place")
    with announced(Beacon(run=str(tmp_path), models=("m",), process=this_process(), port=1, token="t")):
        assert list_running() == []


def beacons(*names: str) -> list[Beacon]:
    return [
        Beacon(run=f"{os.sep}runs{os.sep}{name}", models=(name,), process=this_process(), port=1, token="t")
        for name in names
    ]


@pytest.mark.parametrize(
    ("ref", "found"),
    [("one", "one"), ("tw", "two-a"), ("last", "two-b"), (f"{os.sep}runs{os.sep}two-a", "two-a"), ("two-b", "two-b")],
)
def test_a_running_benchmark_is_named_as_a_run_is(ref: str, found: str) -> None:
    running = beacons("one", "two-a", "two-b")
    if ref == "tw":
        with pytest.raises(InputError, match="2 running benchmarks begin with 'tw', such as two-a"):
            find_running(ref, running)
    else:
        assert find_running(ref, running).id == found


def test_attach_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attach"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "no benchmark is running; 'foundry-bench history'" in err
    one, two = beacons("one", "two\x1b[2J")
    with announced(one), announced(two):
        assert main(["attach"]) == 2
        out, err = capsys.readouterr()
        assert [line.split()[0] for line in out.splitlines()] == ["one", "two"]
        assert "\x1b" not in out
        assert "name one, such as: foundry-bench attach one" in err
        assert main(["attach", "three"]) == 2
        assert "no benchmark 'three' is running (one, two" in capsys.readouterr().err


_CLIENT = """
import asyncio, sys
from foundry_bench.session.attaching import Attachment, Host, attach
from foundry_bench.session.channel import decode_line

async def main():
    async with attach(Host(decode_line(sys.stdin.buffer.readline())).opened()) as attachment:
        async for news in attachment.news():
            print(type(news).__name__, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends a process in another way")
async def test_a_benchmark_survives_who_started_it(reference_server: str, tmp_path: Path) -> None:
    what = plan(ENDLESS, rounds=3, warmup=0, max_tokens=20)
    job = Job(plan=what, targets=targets(reference_server, ENDLESS), out=str(tmp_path / "runs"))
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _CLIENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert client.stdin
    assert client.stdout
    client.stdin.write(encode_line(job))
    while (line := await client.stdout.readline()) != b"RequestStarted\n":
        assert line
    client.kill()
    await client.wait()
    (beacon,) = list_running()
    snapshot, told = await followed(beacon)
    assert snapshot.models[0].ok == 3
    assert any(isinstance(item, AnswerProgressed) for item in told)
    assert told[-1] == RunEnded(status="done")
    assert [head.status for head in list_runs(tmp_path / "runs")] == ["done"]
    assert list_running() == []


async def test_a_host_says_why_it_does_not_begin(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file in its place")
    host = Host(Job(plan=plan("m"), targets=(), out=str(tmp_path / "runs")))
    with pytest.raises(InputError, match="choose another folder"):
        await asyncio.to_thread(host.opened)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals and signals")
@pytest.mark.parametrize("told", [True, False], ids=["SIGHUP", "no signal"])
def test_a_headless_run_goes_on_when_its_terminal_is_gone(reference_server: str, tmp_path: Path, *, told: bool) -> None:
    terminal, theirs = os.openpty()
    run = [sys.executable, "-m", "foundry_bench", "run", "-e", reference_server, "-m", FAST, "--no-calibrate"]
    run += ["--rounds", "20", "--max-tokens", "20", "--out", str(tmp_path / "runs")]
    with subprocess.Popen(run, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True) as process:
        os.close(theirs)
        seen = b""
        while b"measuring" not in seen:
            seen += os.read(terminal, 4096)
        os.close(terminal)
        if told:
            process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=30) == 0
    assert [head.status for head in list_runs(tmp_path / "runs")] == ["done"]


def test_attach_off_a_terminal_prints_the_results(reference_server: str, tmp_path: Path) -> None:
    options = ["-e", reference_server, "-m", ENDLESS, "--no-calibrate", "--rounds", "3", "--max-tokens", "10"]
    run = [sys.executable, "-m", "foundry_bench", "run", *options, "--out", str(tmp_path / "runs")]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        running = waited(list_running, "it doesn't begin")
        done = command("attach", running[0].id[:12])
        assert process.communicate() == (done.stdout, done.stderr)
    assert "done, in" in done.stderr
