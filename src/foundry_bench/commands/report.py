"""``foundry-bench report``: recorded runs as a document."""

import argparse
import os
import sys
from dataclasses import replace

from foundry_bench.session.outputs import write_output
from foundry_bench.session.preferences import read_preference
from foundry_bench.session.reports import NAME, render
from foundry_bench.session.run_list import find_answered
from foundry_bench.session.run_view import open_run
from foundry_bench.session.settings import runs_folder
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.preference import Preference


def main(args: argparse.Namespace) -> int:
    """Write a report of ``args.runs`` in ``args.format`` to ``args.output``, or to standard output; returns 0.

    Where ``args.output`` is a folder, the file there is ``benchmark_report`` with the format's ending.

    Raises:
        InputError: a run or the weights can't be found or read, or the file can't be written.
    """
    ending = _ending(args.format, samples=args.samples)
    out = runs_folder(vars(args), os.environ).out
    preference = read_preference(args.weights) if args.weights else Preference()
    views = [replace(open_run(out, find_answered(out, ref)), preference=preference) for ref in args.runs]
    content = render(views, ending).encode()
    for view in views:
        for words in filter(None, (view.problem, view.left_out)):
            print(f"caution: {one_line(words)}", file=sys.stderr)
    if args.output:
        file = args.output / f"{NAME}.{ending}" if args.output.is_dir() else args.output
        write_output(file, content, "-o")
        print(f"wrote {file}", file=sys.stderr)
    else:
        # Bytes: a report's encoding and line ends are its own, not the terminal's.
        sys.stdout.buffer.write(content)
    return 0


def _ending(report_format: str, *, samples: bool) -> str:
    if samples and report_format != "csv":
        raise InputError(f"--samples is a table, not {report_format}; add --format csv")
    return "samples.csv" if samples else report_format
