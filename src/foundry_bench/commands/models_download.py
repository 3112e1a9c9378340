"""``foundry-bench models download``: fetches models, one after the other, and resumes what was broken off."""

import argparse
import asyncio
import sys
from dataclasses import asdict
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from foundry_bench.commands.life_targets import life_targets
from foundry_bench.session.downloads import Downloads
from foundry_bench.session.json_text import models_text
from foundry_bench.session.signals import answered
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.values.transfer import Transfer
from foundry_bench.values.transfer_lines import detail, outcome

_STEP = 0.1  # where there is no terminal, a line each tenth


def main(args: argparse.Namespace) -> int:
    """Download; 0 when all are on the disk, 1 when one is not, 130 when interrupted."""
    runtime, targets = life_targets(args, args.names, services=True)
    if own := [target.name for target in targets if target.path]:
        raise InputError(f"'{own[0]}' is a model of your own and on the disk already")
    return download(runtime, targets, as_json=args.json)


def download(runtime: Runtime, targets: list[Target], *, as_json: bool) -> int:
    """Download with progress on standard error and the outcome on standard output; returns the exit code."""
    with TransferProgress() as progress:
        transfers, interrupted = asyncio.run(_until_done(runtime, targets, progress))
    if as_json:
        print(models_text("download", [_document(transfer) for transfer in transfers]), flush=True)
    else:
        for transfer in transfers:
            if transfer.state == "done":
                print(transfer.id)
    if interrupted:
        print("interrupted; what was fetched stays, and the same command goes on from there", file=sys.stderr)
        return 130
    return 0 if all(transfer.state == "done" for transfer in transfers) else 1


async def _until_done(
    runtime: Runtime, targets: list[Target], progress: "TransferProgress"
) -> tuple[list[Transfer], bool]:
    downloads = Downloads(runtime, progress.show)
    for target in targets:
        downloads.add(target)
    task = asyncio.ensure_future(downloads.finished())
    interrupted = False
    with answered(SIGINT=task.cancel, SIGTERM=task.cancel, SIGHUP=task.cancel):
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            interrupted = True
            await downloads.close()
    return list(downloads.transfers.values()), interrupted


def _document(transfer: Transfer) -> dict[str, object]:
    whole = asdict(transfer)
    return {key: whole[key] for key in ("name", "id", "state", "size_mb", "fraction", "error", "advice")}


class TransferProgress:
    """A bar a model on a terminal; elsewhere a line now and then. Retries and failures are lines that stay."""

    def __init__(self) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            TextColumn("{task.fields[detail]}", markup=False),
            console=Console(stderr=True, highlight=False, emoji=False),
            disable=not sys.stderr.isatty(),
        )
        self._tasks: dict[str, TaskID] = {}
        self._shown: dict[str, tuple[str, int, float]] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, transfer: Transfer) -> None:
        """Follow a transfer."""
        name = one_line(transfer.name)
        if transfer.name not in self._tasks:
            self._tasks[transfer.name] = self._bars.add_task(name, total=1.0, detail="")
        task = self._tasks[transfer.name]
        self._bars.update(task, completed=transfer.arrived, detail=detail(transfer))
        state, attempt, fraction = self._shown.get(transfer.name, ("", 0, 0.0))
        if (transfer.state, transfer.attempt) != (state, attempt):
            self._shown[transfer.name] = (transfer.state, transfer.attempt, fraction)
            if line := outcome(transfer):
                self._say(f"{name}: {line}")
        elif not sys.stderr.isatty() and transfer.arrived >= fraction + _STEP:
            self._shown[transfer.name] = (state, attempt, transfer.arrived)
            self._say(f"{name}: {transfer.arrived:.0%} {detail(transfer)}")

    def _say(self, line: str) -> None:
        self._bars.console.print(line, markup=False, soft_wrap=True)
