"""The list of models: what one imported, what the catalog offers, what the disk holds."""

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

from foundry_bench.session.own_models import OwnModel, list_own
from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.supervisor import start_worker
from foundry_bench.session.targets import endpoint_target
from foundry_bench.values.events import CatalogEntry, CatalogListed
from foundry_bench.values.plan import Plan
from foundry_bench.worker.genai_config import provider_of, read_config
from foundry_bench.worker.model_cache import cached_models, folder_mb
from foundry_bench.worker.protocol import Catalog


def own_entries() -> tuple[CatalogEntry, ...]:
    """Imported models, known at once by their folders; of one that is gone, or can't be read, the size is not known.

    Raises:
        InputError: the registry was damaged by hand.
    """
    return tuple(_own_entry(name, model) for name, model in list_own().items())


def _own_entry(name: str, model: OwnModel) -> CatalogEntry:
    size_mb: float | None = None
    with contextlib.suppress(OSError):  # a folder that can't be read, or whose disk is gone
        size_mb = folder_mb(Path(model.path))
    device, provider = provider_of(read_config(Path(model.path)))
    return CatalogEntry(
        id=name,
        alias=name,
        name=name,
        device=device,
        execution_provider=provider,
        size_mb=size_mb,
        license=model.license,
        task="chat-completion",
        cached=True,
        path=model.path,
        source="own",
    )


def on_disk(plan: Plan) -> tuple[CatalogEntry, ...]:
    """Imported models and the cache's, read from the disk alone.

    Raises:
        InputError: the registry of imported models was damaged by hand.
    """
    cache = with_default_folders(plan.runtime).model_cache_dir
    return (*own_entries(), *cached_models(Path(cache) if cache else None))


async def list_models(plan: Plan) -> CatalogListed:
    """Everything that ``plan`` could measure; with an unreachable catalog this takes 4 to 30 s and ends with a note.

    Raises:
        InputError: the registry of imported models was damaged by hand.
    """
    own = () if plan.endpoint else own_entries()
    target = endpoint_target(plan.endpoint) if plan.endpoint else None
    async with start_worker(log_dir() / "models.log") as worker:
        worker.send(Catalog(runtime=with_default_folders(plan.runtime), target=target))
        try:
            async for event in worker.events():
                if isinstance(event, CatalogListed):
                    return replace(event, entries=(*own, *event.entries))
        except asyncio.CancelledError:
            worker.kill()  # it waits for a catalog that doesn't answer, and hears nothing
            raise
    cause = await worker.cause_of_death()
    return CatalogListed(entries=own, note=f"the catalog could not be read: {cause.message}")
