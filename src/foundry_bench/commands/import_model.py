"""``foundry-bench import``: registers a model of one's own."""

import argparse
import sys

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.importing import import_model


def main(args: argparse.Namespace) -> int:
    """Import a folder or a GGUF file and say how to use it."""
    with StderrProgress() as progress:
        progress.step("importing", total=1.0)
        name, model = import_model(
            args.path,
            args.name,
            context=args.context,
            accuracy_level=4 if args.accuracy_level is None else args.accuracy_level,
            replace=args.force,
            progress=lambda step, fraction: progress.update(completed=fraction, detail=step),
        )
    print(name)
    print(f"imported into {model.path}; measure it with: foundry-bench run -m {name}", file=sys.stderr)
    return 0
