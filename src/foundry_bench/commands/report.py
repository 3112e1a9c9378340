"""``foundry-bench report``: recorded runs as a document."""

import argparse
import os
import sys

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.reports import render
from foundry_bench.session.settings import resolve
from foundry_bench.session.store import find_run, load
from foundry_bench.values.errors import InputError


def main(args: argparse.Namespace) -> int:
    """Write a report of ``args.runs`` in ``args.format`` to ``args.output``, or to standard output; returns 0.

    Raises:
        InputError: a run can't be found or read, there is no such format, or the file can't be written.
    """
    out = resolve(vars(args), os.environ, models_needed=False).out
    runs = [load(find_run(out, ref)) for ref in args.runs]
    content = render(runs, args.format).encode()
    if args.output:
        try:
            write_atomically(args.output, content)
        except OSError as error:
            raise InputError(f"{args.output}: {error.strerror}; choose another file with -o") from error
        print(f"wrote {args.output}", file=sys.stderr)
    else:
        # Bytes: a report's encoding and line ends are its own, not the terminal's.
        sys.stdout.buffer.write(content)
    return 0
