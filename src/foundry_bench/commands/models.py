"""``foundry-bench models``: the catalog, the cache and one's own models."""

import argparse
import asyncio
import os
import sys

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import log_dir, with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.session.supervisor import start_worker
from foundry_bench.session.targets import endpoint_target
from foundry_bench.values.events import CatalogEntry, CatalogListed
from foundry_bench.values.plan import Plan
from foundry_bench.worker.protocol import Catalog


def main(args: argparse.Namespace) -> int:
    """List models; a catalog out of reach is said on standard error, and what is on the disk is listed."""
    plan = resolve(vars(args), os.environ, models_needed=False).plan
    own = [
        CatalogEntry(id=name, alias=name, name=name, license=model.license, cached=True, path=model.path, source="own")
        for name, model in list_own().items()
        if not plan.endpoint
    ]
    listed = asyncio.run(_catalog(plan))
    wanted = (args.filter or "").lower()
    entries = [
        entry
        for entry in (*own, *listed.entries)
        if wanted in f"{entry.alias} {entry.id}".lower() and (entry.cached or not args.cached)
    ]
    if listed.note:
        print(listed.note, file=sys.stderr)
    if args.json:
        document = {"models": entries, "note": listed.note}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
    else:
        _print(entries)
    return 0


async def _catalog(plan: Plan) -> CatalogListed:
    target = endpoint_target(plan.endpoint) if plan.endpoint else None
    async with start_worker(log_dir() / "models.log") as worker:
        worker.send(Catalog(runtime=with_default_folders(plan.runtime), target=target))
        async for event in worker.events():
            if isinstance(event, CatalogListed):
                return event
    cause = await worker.cause_of_death()
    return CatalogListed(entries=(), note=f"the catalog could not be read: {cause.message}")


def _print(entries: list[CatalogEntry]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("alias", "id", "device", "size MB", "licence", "on disk"):
        table.add_column(heading, justify="right" if heading == "size MB" else "left", overflow="fold")
    for entry in sorted(entries, key=lambda entry: (entry.source != "own", entry.alias, entry.id)):
        size = "" if entry.size_mb is None else f"{entry.size_mb:.0f}"
        where = "own" if entry.source == "own" else "yes" if entry.cached else ""
        table.add_row(entry.alias, entry.id, entry.device or "", size, entry.license or "", where)
    Console(markup=False, highlight=False).print(table)
