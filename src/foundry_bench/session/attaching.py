"""The other end of a served benchmark: starts a process for one, or finds one under way, and follows it."""

import asyncio
import contextlib
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator
from pathlib import Path

from foundry_bench.session.beacons import Beacon
from foundry_bench.session.channel import (
    Hello,
    Job,
    News,
    Order,
    Refused,
    RunEnded,
    RunOpened,
    decode_line,
    encode_line,
)
from foundry_bench.session.paths import from_here, log_dir
from foundry_bench.values.errors import InputError
from foundry_bench.worker.processes import apart

_LONGEST_LINE = 1 << 28
_OPEN_S = 10.0


class Host:
    """A process that is started for a job: no part of this one's session, so that it outlives it.

    Raises:
        OSError: it can't be started.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._log = log_dir() / "host.log"
        self._log.parent.mkdir(parents=True, exist_ok=True)
        options = apart()
        # Windows: a console of its own that nobody sees, and that its workers share.
        options["creationflags"] |= getattr(subprocess, "CREATE_NO_WINDOW", 0)
        with self._log.open("ab") as log:
            # Not asyncio's: that one kills its processes when the loop is closed.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "foundry_bench.session.hosting"],  # -P: not the current folder's modules
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                **options,
            )
        # It is waited for lest it stays behind as a zombie; nothing waits for the thread.
        threading.Thread(target=self._process.wait, name="host", daemon=True).start()

    def opened(self) -> Beacon:
        """How the benchmark is reached; blocks until it begins.

        Raises:
            InputError: it does not begin.
        """
        source, answers = self._process.stdin, self._process.stdout
        if source is None or answers is None:
            raise ValueError("a host is asked once")
        with answers:
            with contextlib.suppress(OSError), source:
                source.write(encode_line(self._job))
            line = answers.readline()
        match decode_line(line) if line else None:
            case Beacon() as beacon:
                return beacon
            case Refused(message=message):
                raise InputError(message)
        raise InputError(f"the benchmark's process ended at once; see {self._log}")

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()


class Attachment:
    """A benchmark in another process, while one follows it. Use ``attach``, which also lets go of it."""

    def __init__(self, opened: RunOpened, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened = opened
        self._reader = reader
        self._writer = writer

    async def news(self) -> AsyncGenerator[News]:
        """What happens from now on; a ``Snapshot`` takes the place of all before it, ``RunEnded`` is the last.

        Raises:
            InputError: the process ended without a word; what was measured is on disk.
        """
        with contextlib.suppress(OSError):
            while (line := await self._reader.readline()).endswith(b"\n"):
                news = decode_line(line)
                if isinstance(news, News):
                    yield news
                if isinstance(news, RunEnded):
                    return
        run = from_here(Path(self.opened.run))
        raise InputError(f"its process is gone; what was measured is on disk: foundry-bench run --resume {run}")

    def send(self, order: Order) -> None:
        """Steer it; a benchmark that is gone is not told, and ``news`` says so."""
        if not self._writer.is_closing():
            self._writer.write(encode_line(order))


@contextlib.asynccontextmanager
async def attach(beacon: Beacon) -> AsyncGenerator[Attachment]:
    """Follow a benchmark under way; it goes on when the block is left.

    Raises:
        InputError: it can't be reached.
    """
    async with contextlib.AsyncExitStack() as stack:
        opened = None
        with contextlib.suppress(OSError, ValueError):
            async with asyncio.timeout(_OPEN_S):
                reader, writer = await asyncio.open_connection("127.0.0.1", beacon.port, limit=_LONGEST_LINE)
                stack.callback(writer.close)
                writer.write(encode_line(Hello(token=beacon.token)))
                opened = decode_line(await reader.readline())
        if not isinstance(opened, RunOpened):
            raise InputError(f"{beacon.id}: its process, {beacon.process['pid']:.0f}, does not answer; wait, or end it")
        yield Attachment(opened, reader, writer)
