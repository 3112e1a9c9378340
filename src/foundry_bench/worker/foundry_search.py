"""Which of the runtime's models a target means: of the catalog, an older version, of the disk alone, or one's own."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from foundry_bench.values.choice import choose, missing_variant, named, of_device
from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.fit import Room
from foundry_bench.values.plan import Target
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.foundry_runtime import FoundryRuntime
from foundry_bench.worker.genai_config import provider_of, read_config
from foundry_bench.worker.model_cache import cached_models
from foundry_bench.worker.sdk_errors import explained


class Found(NamedTuple):
    """A model with the SDK's object for it; ``own`` is one that the web service doesn't serve."""

    entry: CatalogEntry
    sdk: Any
    own: bool = False
    others: Sequence[CatalogEntry] = ()


def search(runtime: FoundryRuntime, target: Target, room: Room | None) -> Found:
    """The model, in this order: one's own folder, the catalog, its older versions, the disk.

    Of several variants the one that fits ``room`` is preferred, then one on the disk, then the catalog's first.

    Raises:
        ModelUnavailableError: there is none, or none for the target's device or execution provider.
    """
    if target.path:
        return _own(runtime, target, Path(target.path))
    with explained("catalog_failed", "the runtime could not search its catalog"):
        pairs = runtime.variants()
        catalog = [entry for entry, _ in pairs]
        found = named(catalog, target.model)
        if not found:
            pairs = _versions(runtime, catalog, target.model)
            found = [entry for entry, _ in pairs]
    if not found:
        return _on_disk(runtime, target, catalog)
    fitting = of_device(found, target.device, target.execution_provider)
    if not fitting:
        message = missing_variant(found, target.device, target.execution_provider)
        raise ModelUnavailableError("no_such_variant", message, "leave out --device and --ep", skipped=True)
    chosen = choose(fitting, room)
    return Found(chosen, next(sdk for entry, sdk in pairs if entry is chosen), others=catalog)


def _own(runtime: FoundryRuntime, target: Target, path: Path) -> Found:
    if not (path / "genai_config.json").is_file():
        raise ModelUnavailableError(
            "missing_files", f"{path} holds no genai_config.json", "import the model again", skipped=True
        )
    name = target.model
    with explained("register_failed", "the runtime refused the model's folder"):
        sdk = runtime.register(path, f"{name}:1")
    device, provider = provider_of(read_config(path))
    entry = CatalogEntry(
        id=f"{name}:1", alias=name, name=name, device=device, execution_provider=provider, source="own"
    )
    return Found(entry, sdk, own=True)


def _versions(runtime: FoundryRuntime, catalog: Sequence[CatalogEntry], wanted: str) -> list[tuple[CatalogEntry, Any]]:
    """An older version, which the catalog's list leaves out."""
    name = wanted.rpartition(":")[0].lower()
    for entry in catalog:
        if name and entry.name.lower() == name:
            versions = runtime.versions(entry.alias, entry.name)
            return [(older, sdk) for older, sdk in versions if older.id.lower() == wanted.lower()]
    return []


def _on_disk(runtime: FoundryRuntime, target: Target, catalog: Sequence[CatalogEntry]) -> Found:
    for entry in named(cached_models(runtime.cache_dir), target.model):
        if entry.path:
            with explained("register_failed", "the runtime refused the model's folder"):
                return Found(entry, runtime.register(Path(entry.path), entry.id), own=True)
    near = difflib.get_close_matches(target.model, sorted({entry.alias for entry in catalog}), n=3, cutoff=0.4)
    advice = f"did you mean {' or '.join(near)}? " if near else ""
    where = "the catalog" if catalog else "this disk (the catalog could not be reached)"
    raise ModelUnavailableError(
        "unknown_model",
        f"{where} has no model '{target.model}'",
        f"{advice}see `foundry-bench models` for what there is",
        skipped=True,
    )
