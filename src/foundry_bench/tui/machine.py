"""What this machine has: memory, a model cache, models on its disk. It reads the disk: not for the event loop."""

import shutil
from pathlib import Path

import psutil

from foundry_bench.session.catalog import own_entries
from foundry_bench.session.paths import with_default_folders
from foundry_bench.tui.catalog_view import Memory
from foundry_bench.tui.widgets.cache_use import CacheUse
from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.plan import Plan
from foundry_bench.worker.model_cache import cached_models


def look(plan: Plan) -> tuple[Memory, CacheUse, tuple[CatalogEntry, ...]]:
    """Memory, cache and what is on the disk.

    Raises:
        InputError: the registry of imported models was damaged by hand.
    """
    memory = psutil.virtual_memory()
    folder = Path(with_default_folders(plan.runtime).model_cache_dir or ".")
    cached = cached_models(folder)
    use = CacheUse(
        folder=str(folder),
        models=[(entry.id, entry.size_mb or 0.0) for entry in cached],
        free_mb=_free_mb(folder),
    )
    on_disk = () if plan.endpoint else (*own_entries(), *cached)
    return Memory(memory.total / 1e6, memory.available / 1e6), use, on_disk


def _free_mb(folder: Path) -> float | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free / 1e6
    except OSError:
        return None
