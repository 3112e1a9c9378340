"""``foundry-bench calibrate``: this machine's own timing error."""

import argparse
import asyncio

import msgspec

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.calibrating import FULL, calibrate
from foundry_bench.session.json_text import json_text
from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.calibration import Calibration
from foundry_bench.values.format import percent, seconds


def main(args: argparse.Namespace) -> int:
    """Measure streams of known cadence and print the error: a table, or one JSON document."""
    with StderrProgress() as progress:
        progress.step("calibrating", total=1.0)
        found = asyncio.run(
            calibrate(FULL, short=False, progress=lambda done, what: progress.update(completed=done, detail=what))
        )
    if args.json:
        document = {"schema": "foundry-bench/calibration/1", **msgspec.to_builtins(found)}
        print(json_text(document))
    else:
        ttft, itl = seconds(found.ttft_p99_s), seconds(found.itl_p99_s)
        bounds = f"TTFT is off by at most {ttft} and ITL by at most {itl}"
        print(f"On this machine {bounds} (99 % of a stream of known cadence).\n")
        print(as_text(_table(found)))
        print(f"clock resolution {seconds(found.clock_resolution_s)}; machine: {_words(found.machine)}")
    return 0


def _table(found: Calibration) -> Table:
    headings = (
        "Streams", "Interval", "Stamps", "TTFT p50", "p99", "max", "ITL p50", "p99", "max", "exact p99",
        "Bounds", "Rate bias", "Tokens/s", "Lag", "CPU/1,000",
    )  # fmt: skip
    rows = [
        (
            str(level.streams),
            seconds(level.interval_s),
            level.clock,
            *(seconds(value) for value in (level.ttft.p50_s, level.ttft.p99_s, level.ttft.max_s)),
            *(seconds(value) for value in (level.itl.p50_s, level.itl.p99_s, level.itl.max_s)),
            seconds(level.itl_exact.p99_s if level.itl_exact else None),
            percent(level.shared_share),
            percent(level.rate_bias, sign=True),
            "" if level.tokens_per_s is None else f"{level.tokens_per_s:.0f}",
            seconds(level.max_lag_s),
            seconds(level.cpu_s_per_1000_tokens),
        )
        for level in found.levels
    ]
    return Table([Column(heading, figures=heading != "Stamps") for heading in headings], rows)


def _words(machine: object) -> str:
    items = machine.items() if isinstance(machine, dict) else ()
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in items)
