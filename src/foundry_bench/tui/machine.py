"""What this machine has: memory, a model cache, models on its disk. It reads the disk: not for the event loop."""

import shutil
from pathlib import Path

from foundry_bench.session.catalog import own_entries
from foundry_bench.session.paths import with_default_folders
from foundry_bench.tui.drawn.cache_use import CacheUse
from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.fit import Room
from foundry_bench.values.plan import Plan
from foundry_bench.worker.model_cache import cached_models
from foundry_bench.worker.room import read_room


def look(plan: Plan) -> tuple[Room, CacheUse, tuple[CatalogEntry, ...]]:
    """Memory, cache and what is on the disk.

    Raises:
        InputError: the registry of imported models was damaged by hand.
    """
    folder = Path(with_default_folders(plan.runtime).model_cache_dir or ".")
    cached = cached_models(folder)
    use = CacheUse(
        folder=str(folder),
        models=[(entry.id, entry.size_mb or 0.0) for entry in cached],
        free_mb=_free_mb(folder),
    )
    on_disk = () if plan.endpoint else (*own_entries(), *cached)
    return read_room(), use, on_disk


def _free_mb(folder: Path) -> float | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free / 1e6
    except OSError:
        return None
