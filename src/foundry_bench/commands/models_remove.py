"""``foundry-bench models remove``: deletes models, or what unfinished downloads left, from the cache."""

import argparse
import asyncio
import sys
from pathlib import Path

from foundry_bench.commands.failure_line import failure_line
from foundry_bench.commands.life_targets import life_targets
from foundry_bench.session.downloads import unfinished
from foundry_bench.session.json_text import models_text
from foundry_bench.session.model_actions import remove
from foundry_bench.session.own_models import unregister
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import ActionFailed
from foundry_bench.values.format import megabytes, one_line
from foundry_bench.values.plan import Runtime, Target


def main(args: argparse.Namespace) -> int:
    """Remove, after a yes; 0 when all are gone, 1 when one is not."""
    runtime, targets = life_targets(args, args.names)
    if args.partial:
        partial = unfinished(Path(runtime.model_cache_dir or "."))
        wanted = set(args.names)
        names = [name for name in partial if not wanted or name in wanted or name.rpartition(":")[0] in wanted]
        targets = [Target(name=name, backend="foundry", model=name) for name in names]
        for name in names:
            print(f"{one_line(name)}: {megabytes(partial[name])} of an unfinished download", file=sys.stderr)
        if not names:
            named = f" of {', '.join(map(one_line, args.names))}" if args.names else ""
            print(f"no unfinished download{named} is on the disk", file=sys.stderr)
            return int(bool(wanted))
    elif not targets:
        raise InputError("name the models to remove, or say --partial; 'foundry-bench models --cached' lists them")
    if targets and not args.yes and not _agreed(targets):
        print("nothing was removed", file=sys.stderr)
        return 1
    documents = [_remove(target, runtime) for target in targets]
    if args.json:
        print(models_text("remove", documents), flush=True)
    return 0 if all(document["removed"] for document in documents) else 1


def _agreed(targets: list[Target]) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise InputError("there is no terminal to ask on; say --yes")
    names = ", ".join(one_line(target.name) for target in targets)
    print(f"Remove {names} from this disk? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _remove(target: Target, runtime: Runtime) -> dict[str, object]:
    document: dict[str, object] = {"name": target.name, "removed": True, "freed_mb": None, "error": None}
    if target.path:
        kept = unregister(target.name)
        where = f"; its folder {target.path} is left as it is" if kept else ""
        print(f"{target.name}: no longer registered{where}", file=sys.stderr)
        return document
    ended = asyncio.run(remove(target, runtime, lambda _event: None))
    if isinstance(ended, ActionFailed):
        print(failure_line(target.name, ended.error.message, ended.advice), file=sys.stderr)
        return document | {"removed": False, "error": ended.error}
    print(f"{target.name}: removed, {megabytes(ended.freed_mb)} free again", file=sys.stderr)
    return document | {"freed_mb": ended.freed_mb}
