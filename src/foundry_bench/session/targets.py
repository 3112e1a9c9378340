"""From the names in a plan to the targets that workers are sent to."""

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from foundry_bench.session.adapters import NamedAdapter, adapter_target
from foundry_bench.session.inputs import Endpoint
from foundry_bench.session.own_models import OwnModel
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan, Target

# The key of an endpoint that is named by its URL alone.
KEY_VARIABLE = "FOUNDRY_BENCH_API_KEY"


def find_targets(
    plan: Plan, endpoints: Mapping[str, Endpoint], adapters: Mapping[str, NamedAdapter], own: Mapping[str, OwnModel]
) -> tuple[Target, ...]:
    """One target a name: ``endpoint:id`` of a named endpoint, an adapter, the plan's endpoint, one's own, the catalog.

    Raises:
        InputError: an adapter's file is not there, or a name is that of an endpoint, badly written.
    """
    return tuple(find_target(name, plan.endpoint, endpoints, adapters, own) for name in plan.models)


def find_target(
    name: str,
    url: str | None,
    endpoints: Mapping[str, Endpoint],
    adapters: Mapping[str, NamedAdapter],
    own: Mapping[str, OwnModel],
) -> Target:
    """The target that ``name`` stands for; whether the model is there only its worker can tell.

    Raises:
        InputError: an adapter's file is not there, or a name is that of an endpoint, badly written.
    """
    prefix, colon, model = name.partition(":")
    if colon and prefix in endpoints:
        endpoint = endpoints[prefix]
        return Target(name=name, backend="openai_http", model=model, url=endpoint.url, key_env=endpoint.key_env)
    if target := adapter_target(name, adapters):
        return target
    if url:
        return endpoint_target(url, name)
    _see_that_no_endpoint_is_meant(name, {*endpoints, *adapters} - own.keys())
    if name in own:
        return Target(name=name, backend="foundry", model=name, path=own[name].path, license=own[name].license)
    return Target(name=name, backend="foundry", model=name)


def _see_that_no_endpoint_is_meant(name: str, known: Collection[str]) -> None:
    """Ask that a name for the catalog isn't that of an endpoint or adapter, badly written.

    Raises:
        InputError: it is; what to write is told.
    """
    prefix, colon, model = name.partition(":")
    if not colon and name in known:
        raise InputError(f"'{name}' is an endpoint; write {name}:MODEL")
    near = get_close_matches(prefix, known, n=1, cutoff=0.7) if colon and not model.isdigit() else []
    if near:
        raise InputError(f"no endpoint or adapter is named '{prefix}'; did you mean '{near[0]}:{model}'?")


def endpoint_target(url: str, model: str = "") -> Target:
    """A model at an endpoint that is named by its URL alone."""
    return Target(name=model, backend="openai_http", model=model, url=url, key_env=KEY_VARIABLE)
