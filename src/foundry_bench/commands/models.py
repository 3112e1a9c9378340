"""``foundry-bench models``: the catalog, the cache and one's own models."""

import argparse
import asyncio
import os
import sys

import msgspec

from foundry_bench.session.catalog import list_models
from foundry_bench.session.settings import resolve
from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.format import one_line


def main(args: argparse.Namespace) -> int:
    """List models; a catalog out of reach is said on standard error, and what is on the disk is listed."""
    listed = asyncio.run(list_models(resolve(vars(args), os.environ, models_needed=False).plan))
    wanted = (args.filter or "").lower()
    entries = [
        entry
        for entry in listed.entries
        if wanted in f"{entry.alias} {entry.id}".lower() and (entry.cached or not args.cached)
    ]
    if listed.note:
        print(listed.note, file=sys.stderr)
    if args.json:
        document = {"schema": "foundry-bench/models/1", "models": entries, "note": listed.note}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
    else:
        print(as_text(_table(entries)))
    return 0


def _table(entries: list[CatalogEntry]) -> Table:
    headings = {"Alias": False, "Id": False, "Device": False, "MB": True, "Licence": False, "On disk": False}
    rows = [
        (
            one_line(entry.alias),
            one_line(entry.id),
            entry.device or "",
            "" if entry.size_mb is None else f"{entry.size_mb:.0f}",
            one_line(entry.license or ""),
            "own" if entry.source == "own" else "yes" if entry.cached else "",
        )
        for entry in sorted(entries, key=lambda entry: (entry.source != "own", entry.alias, entry.id))
    ]
    return Table([Column(heading, figures=figures) for heading, figures in headings.items()], rows)
