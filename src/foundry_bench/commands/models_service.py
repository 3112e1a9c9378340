"""``foundry-bench models load|unload`` at a service, which holds the model by itself: the command ends at once."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from foundry_bench.commands.failure_line import failure_line
from foundry_bench.commands.progress import StderrProgress
from foundry_bench.session.json_text import models_text
from foundry_bench.session.model_actions import at_service
from foundry_bench.values.errors import InputError
from foundry_bench.values.events import ActionFailed, ModelLoaded
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.worker.protocol import Load, Unload


def meant(targets: Sequence[Target]) -> bool:
    """Whether the targets are models of services.

    Raises:
        InputError: some are, and some are not.
    """
    services = [target.served for target in targets]
    if any(services) and not all(services):
        raise InputError("models of a service and models of this machine are mixed; name them in commands of their own")
    return all(services)


def load(runtime: Runtime, targets: Sequence[Target], *, once: bool, as_json: bool) -> int:
    """Have the models loaded, and with ``once`` unloaded again; 0 when all were, else 1."""
    documents = [_load(runtime, target, once=once) for target in targets]
    if as_json:
        print(models_text("load", documents), flush=True)
    else:
        for document in documents:
            if document["url"]:
                print(document["url"])
    return 0 if all(document["error"] is None for document in documents) else 1


def unload(runtime: Runtime, targets: Sequence[Target], *, as_json: bool) -> int:
    """Have the models unloaded; 0 when all were, else 1."""
    documents: list[dict[str, Any]] = []
    for target in targets:
        ended = _order(Unload(runtime=runtime, target=target))
        failed = isinstance(ended, ActionFailed)
        documents.append({"name": target.name, "unloaded": [] if failed else [target.model], "freed_mb": None})
        if not failed:
            _say(target, f"unloaded at {target.url}")
    if as_json:
        print(models_text("unload", documents), flush=True)
    return 0 if all(document["unloaded"] for document in documents) else 1


def _load(runtime: Runtime, target: Target, *, once: bool) -> dict[str, Any]:
    ended = _order(Load(runtime=runtime, target=target))
    if isinstance(ended, ModelLoaded):
        how = "was loaded already" if ended.load_s is None else f"loaded in {ended.load_s:.2f} s"
        _say(target, f"{how}, served at {ended.url}")
        if once:
            unloaded = _order(Unload(runtime=runtime, target=target))
            ended = unloaded if isinstance(unloaded, ActionFailed) else ended
    failed = ended if isinstance(ended, ActionFailed) else None
    loaded = ended if isinstance(ended, ModelLoaded) else None
    return {
        "name": target.name,
        "status": "failed" if failed else "loaded",
        "url": loaded.url if loaded else None,
        "load_s": loaded.load_s if loaded else None,
        "memory": None,
        "error": failed.error if failed else None,
        "advice": failed.advice if failed else None,
    }


def _order(command: Load | Unload) -> object:
    with StderrProgress() as progress:
        ended = asyncio.run(at_service(command, progress.show))
    if isinstance(ended, ActionFailed):
        print(failure_line(command.target.name, ended.error.message, ended.advice), file=sys.stderr)
    return ended


def _say(target: Target, line: str) -> None:
    print(f"{one_line(target.name)}: {line}", file=sys.stderr)
