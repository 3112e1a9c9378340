"""The ``adapter`` backend: code of the user's own, run in this process, in threads of its own."""

import asyncio
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from foundry_bench.values.adapter import Adapter
from foundry_bench.values.events import CatalogListed, ModelDescribed, StageStarted
from foundry_bench.values.plan import Target
from foundry_bench.worker.adapter_code import AdapterCodeError, blame, find_adapter
from foundry_bench.worker.adapter_request import ask
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.model_cache import folder_mb

_CLOSE_GRACE_S = 0.25
_CLOSE_LIMIT_S = 10.0  # weights that are freed take a second or two


class AdapterBackend:
    """One adapter with its weights.

    Python can't break off a call: one that outlasts its request's timeout, and the wait after it, makes the requests
    that follow fail at once. The next model has a worker of its own.
    """

    in_process = True
    openai_url: str | None = None

    def __init__(self, target: Target) -> None:
        self._target = target
        self._code = target.adapter or ""
        self._adapter: Adapter | None = None
        self._pool = ThreadPoolExecutor(1, "adapter")
        self._abandoned: set[asyncio.Future[None]] = set()
        self._given_up = False
        self._load_s: float | None = None

    @property
    def load_s(self) -> float | None:
        """Seconds that the adapter's ``load`` took, without the import of its code."""
        return self._load_s

    async def catalog(self) -> CatalogListed:
        """Nothing: only its user knows what an adapter can load."""
        return CatalogListed(entries=())

    async def prepare(self, emit: Emit) -> ModelDescribed:
        """Import the adapter's code, then have it load the weights."""
        target, loop = self._target, asyncio.get_running_loop()
        emit(StageStarted(model=target.name, stage="start"))
        try:
            self._adapter = adapter = await loop.run_in_executor(self._pool, find_adapter, self._code)
        except AdapterCodeError as error:
            advice = "mend the adapter; its whole traceback is in the worker's log"
            raise ModelUnavailableError("adapter_unusable", str(error), advice, skipped=True) from error
        emit(StageStarted(model=target.name, stage="load"))
        await loop.run_in_executor(self._pool, self._load, adapter)
        return ModelDescribed(
            model=target.name,
            id=target.model,
            backend="adapter",
            device=_text(adapter, "device"),
            execution_provider=_text(adapter, "execution_provider"),
            disk_mb=_disk_mb(target.path),
            license=target.license,
            capabilities=target.capabilities,
        )

    async def connect(self, slots: int) -> None:
        """Have as many threads as the adapter can use; the one that loaded it stays where that is one."""
        threads = min(slots, getattr(self._adapter, "max_concurrency", 1))
        if threads > 1:
            self._pool.shutdown(wait=False)
            self._pool = ThreadPoolExecutor(threads, "adapter")

    async def answer(self, answer: Answer, slot: int) -> None:  # noqa: ARG002 - the protocol's signature
        """Run the request in a thread; cancelling closes a generator at its next piece."""
        answer.path = "adapter"
        if self._adapter is None or (self._given_up and self._busy):
            answer.fail("adapter_busy", "the adapter is still busy with a request that timed out")
            return
        cancelled = threading.Event()
        running = self._pool.submit(ask, self._adapter, self._code, answer, cancelled)
        waiting = asyncio.wrap_future(running)
        try:
            await asyncio.shield(waiting)
        except asyncio.CancelledError:
            cancelled.set()
            if not running.cancel():
                self._abandoned.add(waiting)
                await asyncio.wait([waiting], timeout=_CLOSE_GRACE_S)
            raise

    async def settle(self, timeout_s: float) -> bool:
        """Wait until the adapter has returned; it counts as given up for as long as it has not."""
        if self._abandoned and not self._given_up:
            await asyncio.wait(self._abandoned, timeout=timeout_s)
        self._given_up = self._busy
        if not self._given_up:
            self._abandoned.clear()
        return not self._given_up

    async def keep_warm(self, interval_s: float) -> None:
        """Nobody unloads it."""

    async def release(self) -> None:
        """Have the adapter close what it opened; one that is still busy, or hangs in that, ends with the process."""
        close = getattr(self._adapter, "close", None)
        if callable(close) and self._load_s is not None and not self._busy:
            closing = asyncio.get_running_loop().run_in_executor(self._pool, close)
            try:
                async with asyncio.timeout(_CLOSE_LIMIT_S):
                    await asyncio.shield(closing)
            except TimeoutError:
                sys.stderr.write(f"the adapter's close() did not return within {_CLOSE_LIMIT_S:g} s\n")
            except Exception as error:  # noqa: BLE001 - an adapter may raise whatever it likes; nothing is left to lose
                blame(error, self._code)
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def _busy(self) -> bool:
        return not all(one.done() for one in self._abandoned)

    def _load(self, adapter: Adapter) -> None:
        weights = self._target.path or ""
        started = time.perf_counter_ns()
        try:
            adapter.load(weights)
        except (Exception, SystemExit) as error:  # an adapter may raise whatever it likes
            message = f"the adapter could not load {weights or 'its model'}: {blame(error, self._code)}"
            raise ModelUnavailableError(
                "load_failed", message, "check the path of the weights, and see the whole traceback in the worker's log"
            ) from error
        self._load_s = (time.perf_counter_ns() - started) / 1e9


def _text(adapter: Adapter, name: str) -> str | None:
    """What the adapter says of itself; a ``device`` that is no text is a library's own object."""
    value = getattr(adapter, name, None)
    return value if isinstance(value, str) else None


def _disk_mb(weights: str | None) -> float | None:
    """Size in MB of a file, or of the files of a folder; None where the weights are neither, as any text may be."""
    if weights and os.path.isfile(weights):  # noqa: PTH113 - a Path's own raises for what is too long for a name
        return round(Path(weights).stat().st_size / 1e6, 1)
    return folder_mb(Path(weights)) if weights and os.path.isdir(weights) else None  # noqa: PTH112 - the same
