"""``foundry-bench models``: what is on the disk at once, then what the catalog offers besides."""

import argparse
import asyncio
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from foundry_bench.session.catalog import list_models, on_disk
from foundry_bench.session.json_text import json_text
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.reaching import DEFAULT_CATALOG, reach
from foundry_bench.session.settings import resolve
from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.events import CatalogEntry, CatalogListed
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan
from foundry_bench.worker.loaded_models import loaded_models

_SAVED = "known from the saved catalog, not downloadable now"


def main(args: argparse.Namespace) -> int:
    """List models; 1 where there is nothing to list, for a reason that is told.

    A catalog that is slow, or out of reach, keeps nobody from what is on the disk.
    """
    plan = resolve(vars(args), os.environ, models_needed=False).plan
    wanted = (args.filter or "").lower()
    disk = [] if plan.endpoint else _matching(_with_loaded(on_disk(plan), plan), wanted)
    if args.cached and not plan.endpoint:
        listed, entries = CatalogListed(entries=()), disk
    else:
        if disk and not args.json:
            print(as_text(_table(disk)), flush=True)
        listed = asyncio.run(_listed(plan, args.wait))
        known = {entry.id for entry in disk}
        others = [entry for entry in _with_loaded(listed.entries, plan) if entry.id not in known]
        entries = _matching(others, wanted, cached_only=args.cached)
        if listed.service:
            print(f"{one_line(listed.service.label)} at {listed.service.url}", file=sys.stderr)
        if listed.note:
            print(one_line(listed.note), file=sys.stderr)
        if args.json:
            fresh = {entry.id: entry for entry in listed.entries}
            entries = [*(_newer(entry, fresh.get(entry.id)) for entry in disk), *entries]
        elif entries and (listed.note or "").endswith(_SAVED):
            print(*([""] if disk else []), f"{_SAVED}:", sep="\n")
        elif disk and entries:
            print("\nin the catalog:")
    if args.json:
        document = {
            "schema": "foundry-bench/models/1",
            "models": entries,
            "note": listed.note,
            "service": listed.service,
        }
        print(json_text(document))
    elif entries or not (disk or listed.note):
        print(as_text(_table(entries)))
    return int(bool(listed.note) and not (disk or listed.entries))


async def _listed(plan: Plan, wait_s: float) -> CatalogListed:
    """The catalog, or after ``wait_s`` seconds a note that it didn't answer."""
    try:
        async with asyncio.timeout(wait_s):
            return await _doubted(plan)
    except TimeoutError:
        more = "" if plan.endpoint else "; listed is what this disk holds"
        silent = f"{plan.endpoint or 'the catalog'} did not answer within {wait_s:g} s"
        note = f"{silent}{more} (--wait S waits longer)"
        return CatalogListed(entries=(), note=note)


async def _doubted(plan: Plan) -> CatalogListed:
    """The catalog, with a note where it is doubtful that there is one."""
    if plan.endpoint:
        listed = await list_models(plan)
        if listed.service and listed.service.kind == "unknown" and not listed.entries:
            note = f"{listed.service.url} lists no models; is it an OpenAI-compatible service, and is this its address?"
            return replace(listed, service=None, note=note)
        return listed
    url = plan.runtime.catalog_url or DEFAULT_CATALOG
    listed, (missed, _) = await asyncio.gather(list_models(plan), reach(url))
    if missed and not listed.note and any(not entry.cached for entry in listed.entries):
        return replace(listed, note=f"{urlsplit(url).netloc}: {missed}; {_SAVED}")
    return listed


def _matching(entries: Sequence[CatalogEntry], wanted: str, *, cached_only: bool = False) -> list[CatalogEntry]:
    return [
        entry
        for entry in entries
        if wanted in f"{entry.alias} {entry.id}".lower() and (entry.cached or not cached_only)
    ]


def _with_loaded(entries: Collection[CatalogEntry], plan: Plan) -> list[CatalogEntry]:
    """The entries, those loaded that some process of this user holds in memory; a service tells that itself."""
    if plan.endpoint:
        return list(entries)
    loaded = {model.id for model in loaded_models(Path(with_default_folders(plan.runtime).app_data_dir or "."))}
    return [replace(entry, loaded=True) if entry.id in loaded else entry for entry in entries]


def _newer(entry: CatalogEntry, listed: CatalogEntry | None) -> CatalogEntry:
    """What the catalog says now of a model on the disk, with its folder and whether it is loaded."""
    return entry if listed is None else replace(listed, cached=True, loaded=entry.loaded, path=entry.path)


def _table(entries: Sequence[CatalogEntry]) -> Table:
    headings = {"Alias": False, "Id": False, "Device": False, "MB": True, "Licence": False, "On disk": False}
    rows = [
        (
            one_line(entry.alias),
            one_line(entry.id),
            entry.device or "",
            "" if entry.size_mb is None else f"{entry.size_mb:.0f}",
            one_line(entry.license or ""),
            ("own" if entry.source == "own" else "yes" if entry.cached else "") + (", loaded" if entry.loaded else ""),
        )
        for entry in sorted(entries, key=lambda entry: (entry.source != "own", entry.alias, entry.id))
    ]
    return Table([Column(heading, figures=figures) for heading, figures in headings.items()], rows)
