"""``foundry-bench history``: the recorded runs."""

import argparse
import os
import sys

from foundry_bench.session.json_text import json_text
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.settings import runs_folder
from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import UNDEFINED, one_line


def main(args: argparse.Namespace) -> int:
    """List the recorded runs, newest first, as a table or with ``args.json`` as one document; returns 0.

    Raises:
        InputError: the folder that was named is none.
    """
    settings = runs_folder(vars(args), os.environ)
    out = settings.out
    runs = list_runs(out)
    if not runs and settings.sources["out"] == "command line" and not out.is_dir():
        raise InputError(f"{out} is {'a file' if out.exists() else 'not there'}; choose another folder with --out")
    if args.json:
        document = {"schema": "foundry-bench/history/1", "runs": runs}
        print(json_text(document))
        return 0
    if not runs:
        print(f"no runs in {out.absolute()}; 'foundry-bench run' records one", file=sys.stderr)
        return 0
    columns = [Column(heading, figures=False) for heading in ("Run", "Recorded (UTC)", "Status", "Models")]
    rows = [
        (
            one_line(run.id),
            f"{run.created:%Y-%m-%d %H:%M}" if run.created else UNDEFINED,
            run.status,
            one_line(", ".join(run.models)),
        )
        for run in runs
    ]
    print(as_text(Table(columns, rows)))
    return 0
