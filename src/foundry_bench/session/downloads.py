"""The queue of downloads: one at a time, each watched, broken off where it stalls, tried again by a fresh worker."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.events import ActionFailed, Event, ModelDescribed, ModelDownloaded, StageProgressed
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.values.record import Failure
from foundry_bench.values.transfer import Transfer, begun, broke_off, found, progressed, stall_limit_s, stalled
from foundry_bench.worker.protocol import Download

Listener = Callable[[Transfer], None]

_TICK_S = 0.25
_CLOSE_S = 5.0


class Downloads:
    """Transfers by name, in the order they were asked for.

    Args:
        runtime: the embedded runtime's settings.
        listener: is told of each change of a transfer.
        clock: seconds of a monotonic clock.
    """

    def __init__(self, runtime: Runtime, listener: Listener, clock: Callable[[], float] = time.monotonic) -> None:
        self.transfers: dict[str, Transfer] = {}
        self._runtime = with_default_folders(runtime)
        self._listener = listener
        self._clock = clock
        self._targets: dict[str, Target] = {}
        self._task: asyncio.Task[None] | None = None
        self._cancelling = asyncio.Event()
        self._stack = contextlib.AsyncExitStack()
        self._worker: Worker | None = None

    @property
    def running(self) -> bool:
        """Whether any is under way or waits."""
        return any(transfer.open for transfer in self.transfers.values())

    def add(self, target: Target, size_mb: float | None = None) -> None:
        """Queue a model; one that is queued already stays where it is."""
        transfer = self.transfers.get(target.name)
        if transfer is None or not transfer.open:
            self._targets[target.name] = target
            self.transfers.pop(target.name, None)
            self._change(Transfer(name=target.name, size_mb=size_mb))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work_off())

    def cancel(self, name: str) -> None:
        """Give one up; what is there of it stays for the next time."""
        transfer = self.transfers.get(name)
        if transfer and transfer.open:
            self._change(replace(transfer, state="cancelled"))
            if transfer.state != "waiting":
                self._cancelling.set()

    async def finished(self) -> None:
        """Wait until nothing is queued any more; to be cancelled in this is no reason to end the queue."""
        if self._task:
            await asyncio.shield(self._task)

    async def close(self) -> None:
        """Give all up and leave no worker behind."""
        for name in list(self.transfers):
            self.cancel(name)
        if self._task and not self._task.done():
            await asyncio.wait([self._task], timeout=_CLOSE_S)
            self._task.cancel()

    async def _work_off(self) -> None:
        try:
            while self.running:
                while name := next((transfer.name for transfer in self.transfers.values() if transfer.open), None):
                    await self._attempt(name)
                await self._end_worker()  # takes a while, in which more may be queued
        finally:
            await self._end_worker()

    async def _attempt(self, name: str) -> None:
        """One try of one model; its transfer then is over, or due for another."""
        self._cancelling.clear()
        transfer = self.transfers[name]
        if transfer.retried_s is not None and await self._cancelled_within(transfer.retried_s - self._clock()):
            return
        self._change(begun(self.transfers[name], self._clock()))
        worker = await self._start_worker()
        worker.send(Download(runtime=self._runtime, target=self._targets[name]))
        following = asyncio.create_task(self._follow(worker, name))
        try:
            await self._watch(name, following)
        finally:
            following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await following
        # Nobody reads the worker's events any more: its end is no news.
        transfer = self.transfers[name]
        if self._cancelling.is_set():
            await self._end_worker(by_force=True)
        elif stalled(transfer, self._clock()):
            await self._end_worker(by_force=True)
            silent = f"nothing arrived for {stall_limit_s(transfer):.0f} s"
            self._change(broke_off(transfer, self._clock(), Failure(type="stalled", message=silent)))

    async def _watch(self, name: str, following: asyncio.Task[None]) -> None:
        """Until the attempt is over, stalls or is given up."""
        while not (following.done() or self._cancelling.is_set() or stalled(self.transfers[name], self._clock())):
            await asyncio.wait([following], timeout=_TICK_S)

    async def _follow(self, worker: Worker, name: str) -> None:
        """Until the worker says what became of it, or dies."""
        async with contextlib.aclosing(worker.events()) as events:
            async for event in events:
                if self._take(event, name):
                    return
        failure = await worker.cause_of_death()
        if not self._cancelling.is_set() and self.transfers[name].state == "downloading":
            await self._end_worker()
            self._change(broke_off(self.transfers[name], self._clock(), failure))

    def _take(self, event: Event, name: str) -> bool:
        """Follow an event; whether it was the last one."""
        transfer, now_s = self.transfers[name], self._clock()
        if transfer.state != "downloading":
            return isinstance(event, ModelDownloaded | ActionFailed)
        match event:
            case StageProgressed(fraction=fraction, received_mb=received_mb):
                self._change(progressed(transfer, now_s, fraction=fraction, received_mb=received_mb))
            case ModelDownloaded():
                size_mb = event.disk_mb or transfer.size_mb
                self._change(replace(transfer, state="done", fraction=1.0, id=event.id, size_mb=size_mb))
                return True
            case ActionFailed(error=error, advice=advice):
                self._change(broke_off(transfer, now_s, error, advice))
                return True
            case ModelDescribed(id=model_id, disk_mb=size_mb):
                self._change(found(transfer, now_s, model_id, size_mb))
            case _:
                pass
        return False

    async def _cancelled_within(self, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._cancelling.wait()
        return self._cancelling.is_set()

    async def _start_worker(self) -> Worker:
        if self._worker is None:
            self._worker = await self._stack.enter_async_context(start_worker(log_dir() / "downloads.log"))
        return self._worker

    async def _end_worker(self, *, by_force: bool = False) -> None:
        if self._worker:
            if by_force:  # a native call that hangs hears nothing else; a download resumes whatever ended it
                self._worker.kill()
            self._worker = None
            await self._stack.aclose()

    def _change(self, transfer: Transfer) -> None:
        self.transfers[transfer.name] = transfer
        self._listener(transfer)


def unfinished(cache_dir: Path) -> dict[str, float]:
    """Downloads that were begun and not finished, as ``name:version``, with the MB that each takes on the disk."""
    from foundry_bench.worker.model_cache import partial_downloads

    return {_model_id(folder): size_mb for folder, size_mb in partial_downloads(cache_dir).items()}


def _model_id(folder: Path) -> str:
    name, _, version = folder.name.rpartition("-")
    return f"{name}:{version}"
