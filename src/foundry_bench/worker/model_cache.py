"""What a Foundry Local model cache holds, read from the disk alone."""

import contextlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from foundry_bench.values.events import CatalogEntry
from foundry_bench.worker.bounded import read_bounded


def cached_models(cache_dir: Path | None) -> list[CatalogEntry]:
    """The complete models of a cache: ``<publisher>/<name>-<version>/`` with its two files and no partial download."""
    if cache_dir is None or not cache_dir.is_dir():
        return []
    saved = _saved_catalog(cache_dir)
    entries = []
    for marker in sorted(cache_dir.glob("*/*/inference_model.json")):
        folder = marker.parent
        if not (folder / "genai_config.json").is_file() or (folder / "download.tmp").exists():
            continue
        try:
            model_id = json.loads(read_bounded(marker))["Name"]
            name, _, version = model_id.rpartition(":")
            known = saved.get(model_id) or CatalogEntry(
                id=model_id, alias=name, name=name, version=int(version), publisher=folder.parent.name
            )
            entries.append(replace(known, size_mb=folder_mb(folder), cached=True, path=str(folder), source="disk"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue  # a damaged marker: not a model the runtime would take
    return entries


class _Runtime(msgspec.Struct):
    deviceType: str | None = None  # noqa: N815 - the runtime's names
    executionProvider: str | None = None  # noqa: N815


class _Saved(msgspec.Struct):
    id: str
    alias: str
    name: str
    version: int | None = None
    runtime: _Runtime | None = None
    license: str | None = None
    task: str | None = None
    publisher: str | None = None
    intProperties: dict[str, Any] | None = None  # noqa: N815


def _saved_catalog(cache_dir: Path) -> dict[str, CatalogEntry]:
    """What the runtime last heard from its catalog and keeps beside the models, by id; without what isn't readable."""
    listed: list[Any] = []
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        listed = list(json.loads(read_bounded(cache_dir / "foundry.modelinfo.json"))["models"])
    found = {}
    for one in listed:
        with contextlib.suppress(msgspec.ValidationError):
            model = msgspec.convert(one, type=_Saved)
            runtime, context = model.runtime or _Runtime(), (model.intProperties or {}).get("context_length")
            found[model.id] = CatalogEntry(
                id=model.id,
                alias=model.alias,
                name=model.name,
                version=model.version,
                device=runtime.deviceType,
                execution_provider=runtime.executionProvider,
                license=model.license,
                task=model.task,
                publisher=model.publisher,
                context_length=context if isinstance(context, int) else None,
            )
    return found


def model_folder(cache_dir: Path | None, entry: CatalogEntry) -> Path | None:
    """Where a cache keeps a model, whole or in part; None where it has nothing of it."""
    if cache_dir is None:
        return None
    name = f"{entry.name}-{entry.version}"
    return next((folder for folder in cache_dir.glob("*/*") if folder.name == name), None)


def partial_mb(cache_dir: Path, entry: CatalogEntry) -> float:
    """MB that an unfinished download has taken on the disk so far; files are made at full length and filled later."""
    folder = model_folder(cache_dir, entry)
    return _taken_mb(folder) if folder else 0.0


def partial_downloads(cache_dir: Path | None) -> dict[Path, float]:
    """The folders of unfinished downloads, with the MB that each has taken on the disk."""
    if cache_dir is None:
        return {}
    folders = {marker.parent for marker in cache_dir.glob("*/*/download.tmp")}
    return {folder: _taken_mb(folder) for folder in sorted(folders)}


def _taken_mb(folder: Path) -> float:
    files = [file.stat() for file in folder.rglob("*") if file.is_file()]
    # Windows has no st_blocks; there a file's length has to do.
    return sum(getattr(stat, "st_blocks", stat.st_size / 512) * 512 for stat in files) / 1e6


def folder_mb(folder: Path) -> float | None:
    """Size in MB of the files below ``folder``; None where there is no such folder."""
    if not folder.is_dir():
        return None
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 1)
