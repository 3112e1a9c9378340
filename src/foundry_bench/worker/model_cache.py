"""What a Foundry Local model cache holds, read from the disk alone."""

import json
from pathlib import Path

from foundry_bench.values.events import CatalogEntry


def cached_models(cache_dir: Path | None) -> list[CatalogEntry]:
    """The complete models of a cache: ``<publisher>/<name>-<version>/`` with its two files and no partial download."""
    if cache_dir is None or not cache_dir.is_dir():
        return []
    entries = []
    for marker in sorted(cache_dir.glob("*/*/inference_model.json")):
        folder = marker.parent
        if not (folder / "genai_config.json").is_file() or (folder / "download.tmp").exists():
            continue
        try:
            model_id = json.loads(marker.read_text("utf-8"))["Name"]
            name, _, version = model_id.rpartition(":")
            entries.append(
                CatalogEntry(
                    id=model_id,
                    alias=name,
                    name=name,
                    version=int(version),
                    size_mb=folder_mb(folder),
                    publisher=folder.parent.name,
                    cached=True,
                    path=str(folder),
                    source="disk",
                )
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # a damaged marker: not a model the runtime would take
    return entries


def folder_mb(folder: Path) -> float | None:
    """Size in MB of the files below ``folder``; None where there is no such folder."""
    if not folder.is_dir():
        return None
    return round(sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6, 1)
