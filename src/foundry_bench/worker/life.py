"""Carries out downloads, loads, unloads and removals; what becomes of each is told in one last event."""

import contextlib

from foundry_bench.values.events import (
    ActionFailed,
    Event,
    ModelDownloaded,
    ModelLoaded,
    ModelRemoved,
    ModelUnloaded,
    StageStarted,
)
from foundry_bench.values.fit import Demand
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.values.record import Failure, Memory
from foundry_bench.worker.backend import Emit, LifeCycle, ModelUnavailableError, described
from foundry_bench.worker.foundry_model import FoundryModel
from foundry_bench.worker.foundry_runtime import FoundryRuntime, start_runtime
from foundry_bench.worker.model_cache import folder_mb
from foundry_bench.worker.process_watch import ProcessWatch
from foundry_bench.worker.protocol import Download, Load, Remove, Unload

LifeCommand = Download | Load | Unload | Remove


class FoundryLife:
    """The life cycle on the embedded runtime of this process, which holds at most one model."""

    def __init__(self, settings: Runtime, emit: Emit) -> None:
        self._settings = settings
        self._emit = emit
        self._runtime: FoundryRuntime | None = None
        self._held: FoundryModel | None = None

    async def download(self, target: Target) -> ModelDownloaded:
        """Fetch the whole model."""
        model = await self._find(target, Demand(check=False))
        await model.download(self._emit)
        path = await model.path()
        return ModelDownloaded(model=target.name, id=model.entry.id, path=str(path), disk_mb=folder_mb(path))

    async def load(self, target: Target, *, fit_check: bool) -> ModelLoaded:
        """Load a model that is on the disk, in place of one that is held, and serve it where the runtime can."""
        await self.unload(target)
        watch = ProcessWatch()
        baseline_mb = watch.rss_mb()
        model = await self._find(target, Demand(check=fit_check))
        if not model.own and not model.entry.cached:
            raise ModelUnavailableError(
                "not_cached",
                f"{model.entry.id} is not on the disk",
                f"foundry-bench models download {target.name}",
                skipped=True,
            )
        await model.check_fit(self._emit, whole_context=model.own)
        self._emit(StageStarted(model=target.name, stage="load"))
        load_s = await model.load()
        self._held = model
        url = None if model.own else await model.serve()
        model.note(measured=False, url=url)
        memory = Memory(baseline_mb=baseline_mb, loaded_mb=watch.rss_mb(), peak_mb=watch.peak_mb())
        return ModelLoaded(model=target.name, load_s=round(load_s, 6), url=url and f"{url}/v1", memory=memory)

    async def unload(self, target: Target) -> ModelUnloaded:
        """Give the held model up."""
        if self._held:
            await self._held.unload()
            self._held = None
        return ModelUnloaded(model=target.name)

    async def remove(self, target: Target) -> ModelRemoved:
        """Delete the model from the cache."""
        model = await self._find(target, Demand(check=False))
        freed_mb = await model.remove()
        return ModelRemoved(model=target.name, id=model.entry.id, freed_mb=freed_mb)

    async def close(self) -> None:
        """Unload and end the runtime."""
        with contextlib.suppress(ModelUnavailableError):  # the process ends anyway
            await self.unload(Target(name="", backend="foundry", model=""))
        if self._runtime:
            await self._runtime.close()

    async def _find(self, target: Target, demand: Demand) -> FoundryModel:
        if self._runtime is None:
            self._emit(StageStarted(model=target.name, stage="start"))
            self._runtime = await start_runtime(self._settings)
        self._emit(StageStarted(model=target.name, stage="catalog"))
        model = FoundryModel(self._runtime, target, demand)
        entry = await model.find()
        self._emit(described(target, entry))
        return model


async def carry_out(command: LifeCommand, life: LifeCycle) -> Event:
    """Do it, and return what became of it: an ActionFailed where it didn't succeed."""
    try:
        match command:
            case Download(target=target):
                return await life.download(target)
            case Load(target=target, fit_check=fit_check):
                return await life.load(target, fit_check=fit_check)
            case Unload(target=target):
                return await life.unload(target)
            case Remove(target=target):
                return await life.remove(target)
    except ModelUnavailableError as error:
        failure = Failure(type=error.kind, message=str(error))
        return ActionFailed(model=command.target.name, error=failure, advice=error.advice or None)
