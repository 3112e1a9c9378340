"""Loads, unloads and removes models of the embedded runtime, each in a worker of its own."""

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.events import ActionFailed, Event, ModelLoaded, ModelRemoved, ModelUnloaded
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.worker.loaded_models import LoadedModel, loaded_models
from foundry_bench.worker.protocol import Load, Remove, Unload

Listener = Callable[[Event], None]
Ended = ModelLoaded | ModelUnloaded | ModelRemoved | ActionFailed

_LOG = "models.log"


class HeldModel:
    """A model in the memory of a worker of its own, for as long as ``hold`` lasts."""

    def __init__(self, worker: Worker, loaded: ModelLoaded) -> None:
        self._worker = worker
        self.loaded = loaded

    async def ended(self) -> None:
        """Return when the worker is gone, whoever ended it."""
        async for _ in self._worker.events():
            pass


@contextlib.asynccontextmanager
async def hold(
    target: Target, runtime: Runtime, listener: Listener, *, fit_check: bool = True
) -> AsyncIterator[HeldModel | ActionFailed]:
    """Load a model in a fresh worker and hold it until the block is left; or say why that didn't succeed."""
    async with start_worker(log_dir() / _LOG) as worker:
        worker.send(Load(runtime=with_default_folders(runtime), target=target, fit_check=fit_check))
        ended = await _outcome(worker, target, listener)
        yield HeldModel(worker, ended) if isinstance(ended, ModelLoaded) else _failed(ended, target)
        worker.send(Unload(runtime=runtime, target=target))


async def remove(target: Target, runtime: Runtime, listener: Listener) -> ModelRemoved | ActionFailed:
    """Delete a model, or what there is of it, from the cache; the runtime refuses one that is loaded."""
    async with start_worker(log_dir() / _LOG) as worker:
        worker.send(Remove(runtime=with_default_folders(runtime), target=target))
        ended = await _outcome(worker, target, listener)
    return ended if isinstance(ended, ModelRemoved) else _failed(ended, target)


async def at_service(command: Load | Unload, listener: Listener) -> Ended:
    """Have a service load or unload a model, and hold it by itself: the worker only tells it to."""
    async with start_worker(log_dir() / _LOG) as worker:
        worker.send(command)
        return await _outcome(worker, command.target, listener)


def loaded_now(runtime: Runtime) -> tuple[LoadedModel, ...]:
    """The models that this user's processes hold in memory."""
    return loaded_models(Path(with_default_folders(runtime).app_data_dir or "."))


async def _outcome(worker: Worker, target: Target, listener: Listener) -> Ended:
    async with contextlib.aclosing(worker.events()) as events:
        async for event in events:
            if isinstance(event, Ended):
                return event
            listener(event)
    return ActionFailed(
        model=target.name,
        error=await worker.cause_of_death(),
        advice=f"see {log_dir() / _LOG}; a smaller variant may fit where this one doesn't",
    )


def _failed(ended: Ended, target: Target) -> ActionFailed:
    if isinstance(ended, ActionFailed):
        return ended
    raise TypeError(f"{target.name}: the worker answered with {type(ended).__name__}")
