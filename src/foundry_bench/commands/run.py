"""``foundry-bench run``: a benchmark without a screen."""

import argparse
import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.adapters import refuse_unused
from foundry_bench.session.cluster import hosts_for
from foundry_bench.session.environment import describe_environment
from foundry_bench.session.fields import FIELDS, plan_value
from foundry_bench.session.hangup import Lossy, leave, terminals
from foundry_bench.session.json_text import in_ascii
from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import from_here, with_default_folders
from foundry_bench.session.reports import results_table
from foundry_bench.session.run_list import find_run
from foundry_bench.session.serving import ServedBenchmark
from foundry_bench.session.settings import Settings, check_agreement, resolve
from foundry_bench.session.signals import answered
from foundry_bench.session.store import Run, load
from foundry_bench.session.targets import find_targets
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan
from foundry_bench.values.result import RunRecord, RunStatus

_MAY_CHANGE = ("out", "cluster")  # where the run is, and who measures it


def main(args: argparse.Namespace) -> int:
    """Run a plan and print its results; 0 where at least one model was measured, 1 where none was."""
    if args.plan and args.resume:
        raise InputError(
            f"--resume goes on with the recorded plan; leave out {args.plan}, or begin a new run without it"
        )
    settings = resolve(vars(args), os.environ, args.plan, models_needed=not args.resume)
    if args.resume:
        path = find_run(settings.out, args.resume)
        record = load(path)
        _refuse_another_plan(settings, record.plan)
        refuse_unused(args.adapters or {}, record.plan.models, resumed=True)
        return run_benchmark(settings, as_json=args.json, resumed=(path, record))
    check_agreement(settings.plan, settings.sources)
    return run_benchmark(settings, as_json=args.json)


def _refuse_another_plan(settings: Settings, recorded: Plan) -> None:
    """A run goes on as it began: what the command line wants otherwise must not be passed over in silence."""
    wanted = replace(settings.plan, runtime=with_default_folders(settings.plan.runtime))
    given = [name for name, source in settings.sources.items() if source == "command line" and name not in _MAY_CHANGE]
    changed = [name for name in given if plan_value(wanted, name) != plan_value(recorded, name)]
    if changed:
        names = ", ".join(FIELDS[name].options[-1] for name in changed)
        raise InputError(f"--resume goes on with the recorded plan; leave out {names}, or begin a new run without it")


def run_benchmark(settings: Settings, *, as_json: bool, resumed: tuple[Path, RunRecord] | None = None) -> int:
    """Measure with progress on standard error, print the results on standard output; returns the exit code.

    Args:
        settings: what to measure, and where to record it.
        as_json: print the results as JSON.
        resumed: the run that goes on, by its own plan; its folder and what is recorded there.

    Raises:
        InputError: the run can't be begun, or the one to resume can't be read.
    """
    if resumed:
        path, record = resumed
        plan = replace(record.plan, cluster=record.plan.cluster and (settings.plan.cluster or record.plan.cluster))
    else:
        plan = replace(settings.plan, runtime=with_default_folders(settings.plan.runtime))
    targets = find_targets(plan, settings.endpoints, settings.adapters, list_own())
    hosts = hosts_for(plan, targets, record.hosts if resumed else ())
    run = Run.resume(path) if resumed else Run.create(settings.out, plan, describe_environment(), hosts=hosts)
    for host in hosts:
        run.set_host(host)
    with StderrProgress(lanes=bool(hosts)) as progress:
        benchmark = ServedBenchmark(plan, targets, run, progress.show)
        try:
            status = asyncio.run(_until_done(benchmark, progress))
        except asyncio.CancelledError:
            status = "interrupted"
        except OSError as error:
            print(
                f"foundry-bench: {run.path}: {error.strerror or error}; what was finished is there: make room, "
                f"then go on with: foundry-bench run --resume {from_here(run.path)}",
                file=Lossy(sys.stderr),
            )
            return 1
    return tell_results(run.path, run.record, status, as_json=as_json)


def tell_results(path: Path, record: RunRecord, status: RunStatus, *, as_json: bool) -> int:
    """Print what came out of the run in the folder ``path``, to whoever is still there; returns the exit code.

    Raises:
        InputError: there is no room for it where standard output leads.
    """
    text = in_ascii((path / "run.json").read_text("utf-8")) if as_json else f"{results_table(record)}\n"
    try:
        print(text, end="", file=Lossy(sys.stdout, data=True), flush=True)
    except OSError as error:
        raise InputError(f"stdout: {error.strerror or error}; the run itself is in {path}") from error
    print(one_line(f"run {record.id}: {status}, in {path}"), file=Lossy(sys.stderr))
    if any(model.sweep for model in record.models):
        print(f"the sweep's tables are in the report: foundry-bench report {from_here(path)}", file=Lossy(sys.stderr))
    return {"done": 0, "failed": 1}.get(status, 130)


async def _until_done(benchmark: ServedBenchmark, progress: StderrProgress) -> RunStatus:
    """Measure; an interrupt or a polite kill ends it with everything on disk, a closed terminal doesn't end it."""
    screens = terminals()

    def hang_up() -> None:
        leave(screens)
        progress.stop()

    task = asyncio.ensure_future(benchmark.measure())
    with answered(SIGINT=task.cancel, SIGTERM=task.cancel, SIGHUP=hang_up):
        return await task
