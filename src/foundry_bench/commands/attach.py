"""``foundry-bench attach``: back to a benchmark whose terminal went away."""

import argparse
import asyncio
import contextlib
import os
import sys
from pathlib import Path

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.commands.run import tell_results
from foundry_bench.session.attaching import attach
from foundry_bench.session.beacons import Beacon, find_running, list_running
from foundry_bench.session.channel import RunEnded
from foundry_bench.session.hangup import Lossy
from foundry_bench.session.settings import resolve
from foundry_bench.session.store import load
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import StageStarted
from foundry_bench.values.snapshot import Snapshot


def main(args: argparse.Namespace) -> int:
    """Open the TUI on a running benchmark; off a terminal follow it as ``run`` does, with its exit codes.

    Raises:
        InputError: none is running, or several are and none is named.
    """
    beacon = _find(args.run)
    if sys.stdin.isatty() and sys.stdout.isatty() and not args.json:
        from foundry_bench.tui.start import open_app

        return open_app(resolve(vars(args), os.environ, models_needed=False), start=beacon)
    try:
        ended = asyncio.run(_follow(beacon))
    except KeyboardInterrupt:
        print(f"the benchmark goes on; back to it with: foundry-bench attach {beacon.id}", file=Lossy(sys.stderr))
        return 130
    if ended.problem:
        print(f"foundry-bench: {ended.problem}", file=Lossy(sys.stderr))
        return 1
    return tell_results(Path(beacon.run), load(Path(beacon.run)), ended.status, as_json=args.json)


def _find(ref: str | None) -> Beacon:
    running = list_running()
    if ref:
        return find_running(ref, running)
    if not running:
        raise InputError("no benchmark is running; 'foundry-bench history' lists what was recorded")
    if len(running) > 1:
        for beacon in running:
            print(beacon.line)
        raise InputError(
            f"{len(running)} benchmarks are running; name one, such as: foundry-bench attach {running[0].id}"
        )
    return running[0]


async def _follow(beacon: Beacon) -> RunEnded:
    """Show progress until the end, from where the benchmark is now."""
    async with attach(beacon) as attachment, contextlib.aclosing(attachment.news()) as news:
        with StderrProgress(lanes=bool(attachment.opened.plan.cluster)) as progress:
            _catch_up(progress, attachment.opened.snapshot)
            async for item in news:
                if isinstance(item, RunEnded):
                    return item
                if isinstance(item, Snapshot):
                    _catch_up(progress, item)
                else:
                    progress.show(item)
    raise InputError(f"{beacon.id}: it ended without a word")


def _catch_up(progress: StderrProgress, snapshot: Snapshot) -> None:
    model = snapshot.model
    if model and model.stage:
        progress.show(StageStarted(model=model.name, stage=model.stage, requests=model.to_send))
        progress.update(advance=model.sent)
    if snapshot.paused_at_s is not None:
        progress.update(detail="paused")
