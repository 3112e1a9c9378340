"""The life cycle of models at services, each over its own control plane."""

import time

from foundry_bench.values.events import (
    CatalogEntry,
    ModelDownloaded,
    ModelLoaded,
    ModelRemoved,
    ModelUnloaded,
    StageProgressed,
    StageStarted,
)
from foundry_bench.values.plan import Target
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.openai_http import served
from foundry_bench.worker.secret import read_key
from foundry_bench.worker.service import find_entry, find_service, unknown_model
from foundry_bench.worker.service_client import ServiceClient
from foundry_bench.worker.service_control import ServiceControl, no_control


class ServiceLife:
    """What can be done with a model of a service besides measuring it; nothing is held here."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    async def download(self, target: Target) -> ModelDownloaded:
        """Have the service fetch the model."""
        control, entry, _ = await self._find(target, fetching=True)
        self._emit(StageStarted(model=target.name, stage="download"))

        def tell(fraction: float | None, detail: str) -> None:
            self._emit(StageProgressed(model=target.name, stage="download", fraction=fraction, detail=detail))

        if not (entry and entry.cached):
            await control.download(target.model, entry, tell)
        size_mb = entry.size_mb if entry else None
        model_id = entry.id if entry else target.model
        return ModelDownloaded(model=target.name, id=model_id, path=None, disk_mb=size_mb)

    async def load(self, target: Target, *, fit_check: bool) -> ModelLoaded:  # noqa: ARG002 - its memory isn't ours
        """Have the service load the model, and take the time."""
        control, entry, url = await self._find(target)
        self._emit(StageStarted(model=target.name, stage="load"))
        started_ns = time.perf_counter_ns()
        load_s = None
        if not (entry and entry.loaded):
            await control.load(target.model, entry)
            load_s = round((time.perf_counter_ns() - started_ns) / 1e9, 6)
        return ModelLoaded(model=target.name, load_s=load_s, url=f"{url}/v1")

    async def unload(self, target: Target) -> ModelUnloaded:
        """Have the service unload the model."""
        control, entry, _ = await self._find(target)
        await control.unload(target.model, entry)
        return ModelUnloaded(model=target.name)

    async def remove(self, target: Target) -> ModelRemoved:
        """Not over the network."""
        raise ModelUnavailableError(
            "unsupported", "a service's models are not removed over the network", f"do it on the host of {target.url}"
        )

    async def close(self) -> None:
        """Nothing is held."""

    async def _find(self, target: Target, *, fetching: bool = False) -> tuple[ServiceControl, CatalogEntry | None, str]:
        """The control plane, the model's entry, where the service lists it, and the base URL.

        A name that isn't listed may be an alias to a 2.x service, and something to fetch to others; they will tell.
        """
        self._emit(StageStarted(model=target.name, stage="catalog"))
        found = await find_service(ServiceClient(target.url or "", read_key(target)))
        if found.control is None:
            raise no_control(found.service)
        entry = find_entry(target.model, found.entries or ())
        if entry is None and (
            found.service.kind == "foundry-legacy" or not (fetching or found.service.kind == "foundry")
        ):
            raise unknown_model(target.model, found.entries or ())
        self._emit(served(target, entry.id if entry else target.model, entry, found.service))
        return found.control, entry, found.service.url
