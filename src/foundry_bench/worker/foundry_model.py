"""One model's life in the embedded runtime: found, downloaded, loaded, unloaded, removed."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from foundry_bench.values.choice import smaller
from foundry_bench.values.events import CatalogEntry, FitChecked
from foundry_bench.values.fit import Demand, Room, Shape, free_mb, need, quantities, read_shape, verdict
from foundry_bench.values.format import megabytes
from foundry_bench.values.plan import Target
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.foundry_runtime import FoundryRuntime
from foundry_bench.worker.foundry_search import Found, search
from foundry_bench.worker.genai_config import read_config
from foundry_bench.worker.loaded_models import LoadedModel, loaded_models, note_loaded, note_unloaded
from foundry_bench.worker.model_cache import folder_mb, model_folder
from foundry_bench.worker.model_download import check_disk, fetch_model
from foundry_bench.worker.room import read_room
from foundry_bench.worker.sdk_errors import explained

_UNLOAD_RETRY_S = 2.0


class FoundryModel:
    """A model that ``find`` has looked up.

    Args:
        runtime: of this process.
        target: which model is meant.
        demand: what it is to be loaded for.
    """

    def __init__(self, runtime: FoundryRuntime, target: Target, demand: Demand) -> None:
        self._runtime = runtime
        self._target = target
        self._demand = demand
        self._found: Found | None = None
        self._loaded = False

    @property
    def entry(self) -> CatalogEntry:
        """What is known of it."""
        return self._known.entry

    @property
    def own(self) -> bool:
        """Whether the web service doesn't serve it."""
        return self._known.own

    @property
    def sdk(self) -> Any:
        """The SDK's object."""
        return self._known.sdk

    @property
    def _known(self) -> Found:
        if self._found is None:
            raise RuntimeError("find comes first")
        return self._found

    async def find(self) -> CatalogEntry:
        """Look it up.

        Raises:
            ModelUnavailableError: there is none of this name, or none for this device.
        """
        room = read_room() if self._demand.check else None
        self._found = await asyncio.to_thread(search, self._runtime, self._target, room)
        return self.entry

    async def path(self) -> Path:
        """Its folder on the disk."""
        return Path(await asyncio.to_thread(self.sdk.get_path))

    async def download(self, emit: Emit) -> None:
        """Fetch what is missing of it, telling how far that is a few times a second.

        Raises:
            ModelUnavailableError: it didn't succeed, or doesn't fit on the disk.
        """
        if self.own or await asyncio.to_thread(lambda: bool(self.sdk.is_cached)):
            return
        if self._runtime.cache_dir:
            check_disk(self.entry, self._runtime.cache_dir)
        await fetch_model(self.sdk, self._target.name, emit)

    async def check_fit(self, emit: Emit, *, whole_context: bool = False) -> None:
        """Hold what it needs against the free memory; by its files, or by its size alone while they are not there.

        Raises:
            ModelUnavailableError: it can't fit; the advice names what would, and what else is loaded.
        """
        entry, room = self.entry, read_room()
        shape, size_mb = await self._measure_files()
        if size_mb is None:
            return
        tokens = shape.context_length if shape and whole_context else self._demand.tokens
        needed = need(size_mb, shape, replace(self._demand, tokens=tokens))
        found = verdict(needed, room, entry.device)
        if not self._demand.check and found == "no":
            found = "tight"
        free = free_mb(room)
        where = "memory" if room.address_mb is None else "its address space (RLIMIT_AS)"
        message = (
            f"it needs {megabytes(needed.least_mb)} to {megabytes(needed.likely_mb)} of memory "
            f"({megabytes(size_mb)} of weights), and {megabytes(free)} of {where} are free"
        )
        if found == "no":
            raise ModelUnavailableError("does_not_fit", message, self._fit_advice(room), skipped=True)
        emit(
            FitChecked(
                model=self._target.name,
                verdict=found,
                least_mb=round(needed.least_mb, 1),
                likely_mb=round(needed.likely_mb, 1),
                free_mb=round(free, 1),
                message=message,
            )
        )

    async def load(self) -> float:
        """Load it; returns the seconds that took.

        Raises:
            ModelUnavailableError: the runtime refused.
        """
        with explained("load_failed", "the runtime could not load the model"):
            started = time.perf_counter_ns()
            await asyncio.to_thread(self.sdk.load)
            self._loaded = True
            return (time.perf_counter_ns() - started) / 1e9

    async def serve(self) -> str:
        """The base URL of the runtime's web service, which is started where it isn't running."""
        with explained("service_failed", "the runtime's web service did not start"):
            if not self._runtime.manager.urls:
                await asyncio.to_thread(self._runtime.manager.start_web_service)
            return str(self._runtime.manager.urls[0])

    def note(self, *, measured: bool, url: str | None = None) -> None:
        """Let other processes know that this one holds it."""
        if self._runtime.data_dir:
            entry = self.entry
            note_loaded(self._runtime.data_dir, id=entry.id, alias=entry.alias, measured=measured, url=url)

    async def unload(self) -> None:
        """Unload it, which the runtime refuses for some milliseconds after an answer.

        Raises:
            ModelUnavailableError: it is still in use after two seconds.
        """
        if not self._loaded:
            return
        deadline = time.monotonic() + _UNLOAD_RETRY_S
        with explained("unload_failed", "the runtime did not unload the model"):
            while True:
                try:
                    await asyncio.to_thread(self.sdk.unload)
                    break
                except Exception:  # the SDK raises its own and native errors alike
                    if time.monotonic() > deadline:
                        raise
                    await asyncio.sleep(0.05)
        self._loaded = False
        if self._runtime.data_dir:
            note_unloaded(self._runtime.data_dir)

    async def remove(self) -> float | None:
        """Delete it, or what is there of it, from the cache; returns the MB that it took.

        Raises:
            ModelUnavailableError: a process holds it, it is one's own, or it isn't there.
        """
        entry = self.entry
        if self.own:
            advice = "`foundry-bench import` registered it; its folder is yours to delete"
            raise ModelUnavailableError("not_cached", f"{entry.alias} is not in the cache", advice)
        holders = [model for model in self._others() if model.id == entry.id]
        if holders:
            what = "is being measured" if holders[0].measured else "is loaded"
            advice = "stop the run first" if holders[0].measured else f"foundry-bench models unload {entry.alias}"
            raise ModelUnavailableError("loaded", f"{entry.id} {what} by process {holders[0].pid}", advice)
        folder = model_folder(self._runtime.cache_dir, entry)
        size_mb = folder_mb(folder) if folder else None
        if size_mb is None:
            raise ModelUnavailableError(
                "not_cached", f"{entry.id} is not on the disk", "see `foundry-bench models --cached` for what is"
            )
        with explained("remove_failed", "the runtime did not remove the model"):
            await asyncio.to_thread(self.sdk.remove_from_cache)
        return size_mb

    async def _measure_files(self) -> tuple[Shape | None, float | None]:
        """The model's shape and its size in MB, from its folder where it is there, else the catalog's size."""
        if not self.own and not await asyncio.to_thread(lambda: bool(self.sdk.is_cached)):
            return None, self.entry.size_mb
        folder = await self.path()
        shape = read_shape(read_config(folder), self.entry.device)
        return shape, folder_mb(folder) or self.entry.size_mb

    def _fit_advice(self, room: Room) -> str:
        parts = []
        if fitting := smaller(self._known.others, self.entry, room):
            parts.append(f"what fits: {quantities(fitting)}")
        if held := {f"{model.alias}, process {model.pid}": model.rss_mb or 0.0 for model in self._others()}:
            parts.append(f"loaded now: {quantities(held)}, see `foundry-bench models unload`")
        return "; ".join([*parts, "close other programs, or try it all the same with --no-fit-check"])

    def _others(self) -> tuple[LoadedModel, ...]:
        return loaded_models(self._runtime.data_dir) if self._runtime.data_dir else ()
