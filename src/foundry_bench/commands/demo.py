"""``foundry-bench demo``: the main job with nothing to configure."""

import argparse
import os
import sys
from dataclasses import replace

from foundry_bench.commands.progress import StderrProgress
from foundry_bench.commands.run import run_benchmark
from foundry_bench.session.demo_weights import LICENSE, MODEL_NAME, weights
from foundry_bench.session.importing import Choices, import_model
from foundry_bench.session.own_models import list_own, register
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.values.plan import WORKSHOP_PROMPTS, Plan

# Room for every prompt of the demo and its answer; the KV cache is allocated for all of it.
_CONTEXT = 2048


def main(args: argparse.Namespace) -> int:
    """Fetch a real small model, import it, measure it on the workshop's prompts: on the screen, or without."""
    if MODEL_NAME not in list_own():
        _import()
    settings = resolve(vars(args) | {"models": (MODEL_NAME,)}, os.environ)
    # Of the user's own settings only those that say where things are: the demo is the same for everybody.
    runtime = with_default_folders(settings.plan.runtime)
    plan = Plan(models=(MODEL_NAME,), prompts=WORKSHOP_PROMPTS, rounds=args.rounds or 3, runtime=runtime)
    if not (args.headless or args.json) and sys.stdin.isatty() and sys.stdout.isatty():
        from foundry_bench.tui.start import open_app

        return open_app(settings, start=plan)
    return run_benchmark(replace(settings, plan=plan), as_json=args.json)


def _import() -> None:
    with StderrProgress() as progress:
        progress.step("fetching SmolLM2-135M-Instruct (93 MB)", total=1.0)
        file = weights(lambda fraction: progress.update(completed=fraction))
        progress.step("turning it into an ONNX Runtime GenAI model", total=1.0)
        name, model = import_model(
            file,
            MODEL_NAME,
            Choices(context=_CONTEXT),
            replace=True,
            progress=lambda step, fraction: progress.update(completed=fraction, detail=step),
        )
        register(name, replace(model, license=LICENSE))
