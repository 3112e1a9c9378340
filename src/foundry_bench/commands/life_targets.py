"""Which models the names on the command line mean, for the commands that act on one."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace

from foundry_bench.session.own_models import list_own
from foundry_bench.session.paths import with_default_folders
from foundry_bench.session.settings import resolve
from foundry_bench.session.targets import find_target
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Runtime, Target


def life_targets(
    args: argparse.Namespace, names: Sequence[str], *, services: bool = False
) -> tuple[Runtime, list[Target]]:
    """The runtime's settings, and a target a name, each once; with ``services`` also of an endpoint.

    Raises:
        InputError: a name means a model of an adapter, or of a service where that is not asked for.
    """
    settings = resolve(vars(args), os.environ, models_needed=False)
    own = list_own()
    targets = []
    for name in dict.fromkeys(names):
        target = find_target(
            name, settings.plan.endpoint if services else None, settings.endpoints, settings.adapters, own
        )
        if target.backend != "foundry" and not (services and target.served):
            raise InputError(f"'{name}' belongs to a service or an adapter, which keeps its models itself")
        targets.append(
            replace(target, device=getattr(args, "device", None), execution_provider=getattr(args, "ep", None))
        )
    return with_default_folders(settings.plan.runtime), targets
