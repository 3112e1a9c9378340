"""``foundry-bench models load``: loads models and keeps them loaded, each in a process of its own, until ^C."""

import argparse
import asyncio
import contextlib
import sys
from typing import Any

from foundry_bench.commands import models_service
from foundry_bench.commands.failure_line import failure_line
from foundry_bench.commands.life_targets import life_targets
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.json_text import models_text
from foundry_bench.session.model_actions import HeldModel, hold
from foundry_bench.session.signals import answered
from foundry_bench.values.events import ActionFailed
from foundry_bench.values.format import megabytes
from foundry_bench.values.plan import Runtime, Target


def main(args: argparse.Namespace) -> int:
    """Load, tell what it took, hold; 0 when all were loaded and given up since, 1 when one was not, 130 by ^C."""
    runtime, targets = life_targets(args, args.names, services=True)
    if models_service.meant(targets):
        return models_service.load(runtime, targets, once=args.once, as_json=args.json)
    try:
        return asyncio.run(_hold(runtime, targets, args))
    except (asyncio.CancelledError, KeyboardInterrupt):
        return 130


async def _hold(runtime: Runtime, targets: list[Target], args: argparse.Namespace) -> int:
    task = asyncio.ensure_future(_load(runtime, targets, args))
    with answered(SIGINT=task.cancel, SIGTERM=task.cancel, SIGHUP=task.cancel):
        return await task


async def _load(runtime: Runtime, targets: list[Target], args: argparse.Namespace) -> int:
    documents: list[dict[str, Any]] = []
    held: list[HeldModel] = []
    async with contextlib.AsyncExitStack() as stack:
        with StderrProgress() as progress:
            for target in targets:
                found = await stack.enter_async_context(hold(target, runtime, progress.show, fit_check=args.fit_check))
                documents.append(_document(found))
                if isinstance(found, HeldModel):
                    held.append(found)
                    progress.say(_line(found))
                else:
                    progress.say(failure_line(target.name, found.error.message, found.advice))
        if args.json:
            print(models_text("load", documents), flush=True)
        else:
            for document in documents:
                if document["url"]:
                    print(document["url"], flush=True)
        if held and not args.once:
            print("loaded until ^C, or until `foundry-bench models unload`", file=sys.stderr)
            await asyncio.gather(*(_until_ended(model) for model in held))
    return 0 if len(held) == len(targets) else 1


async def _until_ended(model: HeldModel) -> None:
    await model.ended()
    print(f"{model.loaded.model}: unloaded", file=sys.stderr)


def _document(found: HeldModel | ActionFailed) -> dict[str, Any]:
    if isinstance(found, ActionFailed):
        nothing = dict.fromkeys(("url", "load_s", "memory"))
        return {"name": found.model, "status": "failed", **nothing, "error": found.error, "advice": found.advice}
    loaded = found.loaded
    return {
        "name": loaded.model,
        "status": "loaded",
        "url": loaded.url,
        "load_s": loaded.load_s,
        "memory": loaded.memory,
        "error": None,
        "advice": None,
    }


def _line(found: HeldModel) -> str:
    loaded = found.loaded
    where = f"served at {loaded.url}" if loaded.url else "not served: the web service serves catalog models only"
    return f"{loaded.model}: loaded in {loaded.load_s:.2f} s, {megabytes(loaded.memory.loaded_mb)} of memory, {where}"
