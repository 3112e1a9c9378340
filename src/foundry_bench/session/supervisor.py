"""Starts a worker, speaks with it, notices its death whatever the cause, and leaves nothing running."""

import asyncio
import contextlib
import re
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

from foundry_bench.values.events import Event
from foundry_bench.values.format import brief
from foundry_bench.values.record import Failure
from foundry_bench.worker.processes import apart
from foundry_bench.worker.protocol import Command, decode_event, encode

_LONGEST_EVENT = 1 << 28
_STOP_GRACE_S = 8.0
_LOG_TAIL = 4096

_SIGNAL_MEANING = {
    "SIGKILL": "most often the system does this when memory runs out",
    "SIGABRT": "the native runtime gave up, most often for lack of memory",
    "SIGSEGV": "the native runtime crashed",
    "SIGBUS": "the native runtime crashed, most often on a full disk or a file that was cut short",
    "SIGILL": "the native runtime uses an instruction that this processor doesn't have",
}


class Worker:
    """A running worker process. Use ``start_worker``, which also ends it."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log
        self._given_up: Failure | None = None
        self._silent_s = 0
        self.awaited = True  # whether anybody reads its events now: silence counts only then

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, command: Command) -> None:
        """Tell the worker something; one that has died is not told, and ``events`` ends."""
        stdin = self._process.stdin
        if stdin and not stdin.is_closing():
            stdin.write(encode(command))

    async def events(self, silence_s: float | None = None) -> AsyncGenerator[Event]:
        """What the worker tells, until it ends; one that writes nonsense, or nothing for ``silence_s``, is ended."""
        stdout = self._process.stdout
        watch = asyncio.create_task(self._watch(silence_s)) if silence_s else None
        try:
            while stdout and (line := await stdout.readline()):
                self._silent_s = 0
                if line.endswith(b"\n"):  # else the worker died while it wrote
                    yield decode_event(line)
        except ValueError as error:  # readline's own says that a line has no end
            self._give_up("worker_garbled", f"its process wrote what is no event: {brief(str(error))}")
        finally:
            if watch:
                watch.cancel()

    async def _watch(self, silence_s: float) -> None:
        """Counts seconds in which this process was awake: a machine that slept has no silent worker."""
        while self._silent_s < silence_s:
            await asyncio.sleep(1)
            self._silent_s = self._silent_s + 1 if self.awaited else 0
        self._give_up("worker_hung", f"its process said nothing for {silence_s:g} s and was ended")

    def _give_up(self, kind: str, message: str) -> None:
        self._given_up = Failure(type=kind, message=message)
        self.kill()

    async def cause_of_death(self) -> Failure:
        """Why the worker ended before its time, in one line."""
        code = await self._process.wait()
        if self._given_up:
            return self._given_up
        if code < 0:
            try:
                name = signal.Signals(-code).name
            except ValueError:
                name = f"signal {-code}"
            parts = [f"its process was ended by {name}", _SIGNAL_MEANING.get(name)]
        else:
            parts = [f"its process ended with exit code {code}", self._last_words()]
        return Failure(type="worker_died", message="; ".join(part for part in parts if part))

    def _last_words(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(0, 2)
                file.seek(max(0, file.tell() - _LOG_TAIL))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            return ""
        words = [re.sub(r"[^\x20-\x7e]", " ", line).strip() for line in lines]
        return next((word[:200] for word in reversed(words) if word), "")

    async def close(self) -> None:
        """Close its input, which ends it; end it by force where that takes too long."""
        if self._process.stdin:
            self._process.stdin.close()
        drain = asyncio.ensure_future(self._drain())
        try:
            async with asyncio.timeout(_STOP_GRACE_S):
                await self._process.wait()
        except TimeoutError:
            self.kill()
            await self._process.wait()
        finally:
            drain.cancel()

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def _drain(self) -> None:
        """Keep its output flowing: a worker that waits for a full pipe would not end."""
        while self._process.stdout and await self._process.stdout.read(1 << 16):
            pass


@contextlib.asynccontextmanager
async def start_worker(log: Path, module: str = "foundry_bench.worker") -> AsyncIterator[Worker]:
    """A worker whose native output goes to ``log``; ended, and reaped, when the block is left however.

    ``module`` is what it runs; one that speaks the same protocol.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stderr:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # not the current folder's modules
            "-m",
            module,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            limit=_LONGEST_EVENT,
            **apart(),
        )
    worker = Worker(process, log)
    try:
        yield worker
    except BaseException:
        # Leaving in a hurry: whatever it is doing, it is told to stop, then made to.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(worker.close())
        raise
    else:
        await worker.close()
