"""``foundry-bench import``: registers a model of one's own."""

import argparse
import sys
from pathlib import Path

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.importing import Choices, cache_mb, import_model

_LARGE_CACHE_MB = 1000


def main(args: argparse.Namespace) -> int:
    """Import a folder or a GGUF file and say how to use it."""
    choices = Choices(
        context=args.context, accuracy_level=args.accuracy_level, precision=args.precision, device=args.device
    )
    with StderrProgress() as progress:
        progress.step("importing", total=1.0, told=False)
        name, model = import_model(
            args.path,
            args.name,
            choices,
            replace=args.force,
            progress=lambda step, fraction: progress.update(completed=fraction, detail=step),
        )
    print(name)
    print(f"imported into {model.path}; measure it with: foundry-bench run -m {name}", file=sys.stderr)
    cache = cache_mb(Path(model.path))
    if cache and cache > _LARGE_CACHE_MB:
        text = f"its KV cache takes about {cache / 1000:.1f} GB once it runs; --context N with a smaller N takes less"
        print(text, file=sys.stderr)
    return 0
