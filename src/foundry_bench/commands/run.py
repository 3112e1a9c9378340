"""``foundry-bench run``: a benchmark without a screen."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.environment import describe_environment
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.reports import results_table
from foundry_bench.session.settings import Settings, resolve
from foundry_bench.session.store import Run, find_run
from foundry_bench.session.targets import find_targets
from foundry_bench.values.result import RunStatus


def main(args: argparse.Namespace) -> int:
    """Run a plan and print its results; 0 where at least one model was measured, 1 where none was."""
    settings = resolve(vars(args), os.environ, args.plan, models_needed=not args.resume)
    resumed = find_run(settings.out, args.resume) if args.resume else None
    return run_benchmark(settings, as_json=args.json, resumed=resumed)


def run_benchmark(settings: Settings, *, as_json: bool, resumed: Path | None = None) -> int:
    """Measure with progress on standard error, print the results on standard output; returns the exit code.

    Raises:
        InputError: the run to resume can't be read.
    """
    if resumed:
        run = Run.resume(resumed)
        plan = run.record.plan
    else:
        plan = replace(settings.plan, runtime=with_default_folders(settings.plan.runtime))
        run = None
    targets = find_targets(plan, settings.endpoints, settings.adapters, list_own())
    run = run or Run.create(settings.out, plan, describe_environment())
    with StderrProgress() as progress:
        benchmark = Benchmark(plan, targets, run, progress.show)
        try:
            status = asyncio.run(_until_done(benchmark))
        except asyncio.CancelledError:
            status = "interrupted"
        except OSError as error:
            print(
                f"foundry-bench: {run.path}: {error.strerror or error}; what was finished is there: make room, "
                f"then go on with: foundry-bench run --resume {run.record.id}",
                file=sys.stderr,
            )
            return 1
    if as_json:
        sys.stdout.write((run.path / "run.json").read_text("utf-8"))
    else:
        print(results_table(run.record))
    print(f"run {run.record.id}: {status}, in {run.path}", file=sys.stderr)
    return {"done": 0, "failed": 1}.get(status, 130)


async def _until_done(benchmark: Benchmark) -> RunStatus:
    """Measure; an interrupt, a closed terminal or a polite kill ends it with everything on disk."""
    task = asyncio.ensure_future(benchmark.measure())
    with _signals_cancel(task):
        return await task


@contextlib.contextmanager
def _signals_cancel(task: "asyncio.Future[RunStatus]") -> Iterator[None]:
    loop = asyncio.get_running_loop()
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    try:
        for name in names:
            loop.add_signal_handler(getattr(signal, name), task.cancel)
    except NotImplementedError:  # Windows: ^C arrives as KeyboardInterrupt, which asyncio.run turns into the same
        names = []
    try:
        yield
    finally:
        for name in names:
            loop.remove_signal_handler(getattr(signal, name))
