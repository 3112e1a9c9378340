"""Whether the memory of this machine holds several models at once."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from foundry_bench.session.catalog import list_models
from foundry_bench.values.choice import named, of_device
from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.fit import demand, need
from foundry_bench.values.format import megabytes, one_line
from foundry_bench.values.plan import Plan, Target
from foundry_bench.worker.model_cache import folder_mb
from foundry_bench.worker.room import read_room


async def lack_of_room(plan: Plan, targets: Sequence[Target]) -> str | None:
    """Why these models can't be loaded at once, in words; None where they can.

    Compares the memory that is free now with what all of them are likely to need. What an endpoint serves is its
    server's own affair. With an unreachable catalog this takes up to 30 s.
    """
    local = [target for target in targets if not target.served]
    listed: Sequence[CatalogEntry] = ()
    if any(target.path is None for target in local):
        listed = (await list_models(replace(plan, endpoint=None))).entries
    needed_mb = 0.0
    for target in local:
        size_mb = _disk_mb(Path(target.path)) if target.path else _listed_mb(target, listed)
        if size_mb is None:
            return f"the size of {one_line(target.name)} is not known"
        needed_mb += need(size_mb, demand=demand(plan)).likely_mb
    free_mb = read_room().available_mb
    if needed_mb > free_mb:
        return f"together they need about {megabytes(needed_mb)} of memory, and {megabytes(free_mb)} are free"
    return None


def _disk_mb(path: Path) -> float | None:
    """None of weights that are a name, which the adapter alone understands."""
    return path.stat().st_size / 1e6 if path.is_file() else folder_mb(path)


def _listed_mb(target: Target, listed: Sequence[CatalogEntry]) -> float | None:
    """Of the largest variant that the name may stand for, those on the disk first."""
    meant = of_device(named(listed, target.model), target.device, target.execution_provider)
    meant = [one for one in meant if one.cached] or meant
    return max((one.size_mb for one in meant if one.size_mb is not None), default=None)
