"""A download into the runtime's cache: the disk is held against it before, and its progress told at a steady pace."""

import asyncio
import shutil
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from foundry_bench.values.events import CatalogEntry, StageProgressed
from foundry_bench.values.format import megabytes
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.model_cache import partial_mb
from foundry_bench.worker.received import Received
from foundry_bench.worker.sdk_errors import explained_download

_PROGRESS_INTERVAL_S = 0.25
_SPARE_MB = 100.0  # what a disk keeps free of our downloads


async def fetch_model(sdk: Any, name: str, emit: Emit) -> None:
    """Have the runtime fetch what is missing of a model, and tell of it under ``name`` a few times a second.

    Raises:
        ModelUnavailableError: it didn't succeed.
    """
    progress = _Progress(name, emit)
    ticking = asyncio.create_task(progress.tick())
    try:
        with explained_download():
            await asyncio.to_thread(sdk.download, progress.reached)
    finally:
        ticking.cancel()


def check_disk(entry: CatalogEntry, cache: Path) -> None:
    """Hold what is missing of a model against the disk of the cache.

    Raises:
        ModelUnavailableError: the cache can't be written, or has no room for it.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=cache):
            pass
        needed = (entry.size_mb or 0.0) - partial_mb(cache, entry) + _SPARE_MB
        free = shutil.disk_usage(cache).free / 1e6
    except OSError as error:
        raise ModelUnavailableError(
            "cache_unusable",
            f"the folder of models {cache} can't be written: {error.strerror}",
            "see who owns it, or choose another with --model-cache",
            skipped=True,
        ) from error
    if entry.size_mb is not None and needed > free:
        raise ModelUnavailableError(
            "disk_full",
            f"the download needs {megabytes(needed)}, and {megabytes(free)} are free on the disk of {cache}",
            "remove models that are no longer wanted (`foundry-bench models remove NAME`), or move the cache with "
            "--model-cache",
            skipped=True,
        )


class _Progress:
    """How far a download is, however the runtime's threads report it."""

    def __init__(self, model: str, emit: Emit) -> None:
        self._model = model
        self._emit = emit
        self._fraction = 0.0
        self._received = Received()

    def reached(self, percent: float) -> None:
        """Called by the runtime from its threads."""
        self._fraction = max(self._fraction, percent / 100)

    async def tick(self) -> None:
        """Until cancelled."""
        first = self._received.megabytes()
        while True:
            await asyncio.sleep(_PROGRESS_INTERVAL_S)
            now = self._received.megabytes()
            received = None if first is None or now is None else round(now - first, 3)
            fraction = self._fraction
            self._emit(StageProgressed(model=self._model, stage="download", fraction=fraction, received_mb=received))
