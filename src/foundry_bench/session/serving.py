"""A benchmark that others on this machine can follow and steer while it is recorded."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace

from foundry_bench.session.beacons import Beacon, announced
from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.channel import (
    Hello,
    Message,
    News,
    RunEnded,
    RunOpened,
    Skip,
    decode_line,
    encode_line,
)
from foundry_bench.session.fleet import FleetBenchmark
from foundry_bench.session.measurement import Listener
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import Event
from foundry_bench.values.folding import begin, fold, paused, resumed
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.result import RunStatus
from foundry_bench.values.snapshot import Snapshot
from foundry_bench.worker.processes import this_process
from foundry_bench.worker.protocol import Pause, Resume, Stop

_HELLO_S = 5.0
_LAST_WORDS_S = 2.0
# What waits for a client before it gets a snapshot in its place: some seconds of many streams.
_BACKLOG_BYTES = 1 << 20


class ServedBenchmark:
    """A ``Benchmark`` with listeners in other processes; none of them can hold it up.

    Args:
        plan: what to measure.
        targets: where, in the plan's order.
        run: the run on disk.
        listener: is told each event too, in this process.
    """

    def __init__(self, plan: Plan, targets: Sequence[Target], run: Run, listener: Listener | None = None) -> None:
        self._plan = plan
        self._path = str(run.path.absolute())
        self._listener = listener
        kind = FleetBenchmark if plan.cluster else Benchmark
        self._benchmark = kind(plan, targets, run, self._listen)
        self._snapshot = _begin(plan, run)
        self._token = secrets.token_urlsafe(24)
        self._viewers = set[_Viewer]()

    async def measure(self, opened: Callable[[Beacon], None] | None = None) -> RunStatus:
        """Measure, and tell whoever listens.

        Args:
            opened: is called once others can connect.

        Raises:
            InputError: the plan can't be carried out here.
            OSError: the run can't be written any more.
        """
        ended = RunEnded(status="interrupted")
        async with self._open() as beacon:
            try:
                with announced(beacon):
                    if opened:
                        opened(beacon)
                    ended = RunEnded(status=await self._benchmark.measure())
                    self._go_on()
            except InputError as error:
                ended = replace(ended, problem=str(error))
                raise
            except OSError as error:
                ended = replace(ended, problem=f"{self._path}: {error.strerror or error}")
                raise
            finally:
                self._tell(ended)
        return ended.status

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncGenerator[Beacon]:
        server = await asyncio.start_server(self._welcome, "127.0.0.1", 0)
        try:
            yield Beacon(
                run=self._path,
                models=self._plan.models,
                process=this_process(),
                port=server.sockets[0].getsockname()[1],
                token=self._token,
            )
        finally:
            server.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_S):
                    await asyncio.gather(*(viewer.gone.wait() for viewer in self._viewers))

    def _listen(self, event: Event) -> None:
        self._tell(event)
        self._snapshot = fold(self._snapshot, event, time.monotonic())
        if self._listener:
            self._listener(event)

    def _tell(self, news: News) -> None:
        if self._viewers:
            line = encode_line(news)
            for viewer in self._viewers:
                if viewer.waiting_bytes > _BACKLOG_BYTES:
                    viewer.forget()
                    viewer.tell(encode_line(self._snapshot))
                viewer.tell(line)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it leaves; one that doesn't know the token learns nothing."""
        with contextlib.closing(writer), contextlib.suppress(OSError, ValueError):
            async with asyncio.timeout(_HELLO_S):
                match decode_line(await reader.readline()):
                    case Hello(token=token) if secrets.compare_digest(token.encode(), self._token.encode()):
                        pass
                    case _:
                        return
            viewer = _Viewer(writer)
            viewer.tell(encode_line(RunOpened(run=self._path, plan=self._plan, snapshot=self._snapshot)))
            self._viewers.add(viewer)
            sending = asyncio.create_task(viewer.send())
            try:
                while line := await reader.readline():
                    self._obey(decode_line(line))
            finally:
                sending.cancel()
                self._viewers.discard(viewer)
                viewer.gone.set()

    def _obey(self, order: Message) -> None:
        match order:
            case Pause():
                self._benchmark.pause()
                self._change(paused(self._snapshot, time.monotonic()))
            case Resume():
                self._benchmark.resume()
                self._go_on()
            case Skip():
                self._benchmark.skip()
                self._go_on()
            case Stop():
                self._benchmark.stop()
                self._go_on()

    def _go_on(self) -> None:
        """No pause outlasts this."""
        self._change(resumed(self._snapshot, time.monotonic()))

    def _change(self, snapshot: Snapshot) -> None:
        if snapshot is not self._snapshot:
            self._snapshot = snapshot
            self._tell(snapshot)


class _Viewer:
    """What waits to be sent to one client; it leaves once it has been told of the end."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.waiting_bytes = 0
        self.gone = asyncio.Event()
        self._writer = writer
        self._lines: list[bytes] = []
        self._news = asyncio.Event()

    def tell(self, line: bytes) -> None:
        self._lines.append(line)
        self.waiting_bytes += len(line)
        self._news.set()

    def forget(self) -> None:
        self._lines.clear()
        self.waiting_bytes = 0

    async def send(self) -> None:
        with contextlib.suppress(OSError):
            while await self._news.wait():
                self._news.clear()
                lines = b"".join(self._lines)
                self.forget()
                self._writer.write(lines)
                await self._writer.drain()


def _begin(plan: Plan, run: Run) -> Snapshot:
    """The first snapshot; of a resumed run with the models that it holds already."""
    finished, snapshot = run.finished_models(), begin(plan, time.monotonic(), run.record.hosts)
    models = (
        replace(model, status="ok", before=model.requests) if model.name in finished else model
        for model in snapshot.models
    )
    return replace(snapshot, models=tuple(models))
