"""``foundry-bench models unload``: ends the processes that hold models in memory."""

import argparse
import sys

from foundry_bench.commands import models_service
from foundry_bench.commands.life_targets import life_targets
from foundry_bench.session.json_text import models_text
from foundry_bench.session.model_actions import loaded_now
from foundry_bench.values.format import megabytes, one_line


def main(args: argparse.Namespace) -> int:
    """Unload what `models load` or the TUI holds; 0 when it was loaded and no longer is, else 1."""
    runtime, targets = life_targets(args, args.names, services=True)
    if models_service.meant(targets):
        return models_service.unload(runtime, targets, as_json=args.json)
    loaded = loaded_now(runtime)
    documents = []
    for target in targets:
        name = target.name.lower()
        meant = [model for model in loaded if name in {model.alias.lower(), model.id.lower()}]
        held = [model for model in meant if not model.measured]
        freed_mb = sum(model.rss_mb or 0.0 for model in held)
        ended = [model.id for model in held if model.end()]
        if ended:
            line = f"unloaded, {megabytes(freed_mb)} of memory free again"
        elif meant:
            line = f"a benchmark measures it (process {meant[0].pid}); stop the run instead"
        else:
            now = ", ".join(one_line(model.alias) for model in loaded)
            line = f"not loaded; loaded now: {now or 'nothing'}"
        print(f"{target.name}: {line}", file=sys.stderr)
        documents.append({"name": target.name, "unloaded": ended, "freed_mb": round(freed_mb, 1) if ended else None})
    if args.json:
        print(models_text("unload", documents), flush=True)
    return 0 if all(document["unloaded"] for document in documents) else 1
