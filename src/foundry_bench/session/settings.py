"""Which value each setting has, and where it came from."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from foundry_bench.session.adapters import NamedAdapter, refuse_unused
from foundry_bench.session.fields import DEFAULTS, FIELDS, SCREEN, plan_field
from foundry_bench.session.inputs import Endpoint, read_models, read_settings
from foundry_bench.session.paths import config_path
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan, Runtime, Sweep


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, merged.

    Attributes:
        plan: what is to be measured.
        out: the folder of recorded runs.
        endpoints: the services that have a name.
        adapters: the adapters that have a name.
        values: each setting by its name in a plan file.
        sources: where each value came from, such as "command line", "environment BENCH_ROUNDS" or "plan.toml".
        screen: how the screen looks, where that was said.
        keys: the user's keys for the screen, by the action's id.
    """

    plan: Plan
    out: Path
    endpoints: Mapping[str, Endpoint]
    adapters: Mapping[str, NamedAdapter]
    values: Mapping[str, Any]
    sources: Mapping[str, str]
    screen: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)


def resolve(
    options: Mapping[str, object],
    environ: Mapping[str, str],
    plan: Path | None = None,
    *,
    models_needed: bool = True,
) -> Settings:
    """Merges command line > environment > plan file > user's config.toml > defaults.

    Args:
        options: checked values of the command line by name; None, and names of no setting, are passed over.
        environ: the environment.
        plan: a ``.toml`` plan, or a ``models.json``.
        models_needed: whether it is an error to name no model.

    Raises:
        InputError: for a file or variable that can't be used, an adapter without a model, or if no model is named.
    """
    config = _config(environ)
    written = _written(plan, environ) if plan else {}
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for source, layer in (
        ("default", DEFAULTS),
        (config_path(environ).name, config),
        (plan.name if plan else "", written),
        *_environment(environ),
        ("command line", {name: value for name, value in options.items() if value is not None}),
    ):
        ours = {name: value for name, value in layer.items() if name in FIELDS}
        values |= ours
        sources |= dict.fromkeys(ours, source)
    if models_needed and not values["models"]:
        raise InputError("no model is named; use -m NAME, BENCH_MODELS or a plan ('foundry-bench models' lists them)")
    if models_needed:
        refuse_unused(_adapter_files(options), values["models"])
    if sources["rounds"] == "default" and (values["until"] or values["budget"]):
        from foundry_bench.values.stopping import MOST_ROUNDS  # numpy: late

        values["rounds"] = MOST_ROUNDS
    return Settings(
        plan=_plan(values, written.get("capabilities", {})),
        out=Path(values["out"]),
        endpoints=config.get("endpoints", {}) | written.get("endpoints", {}),
        adapters={**config.get("adapters", {}), **written.get("adapters", {}), **_adapter_files(options)},
        values=values,
        sources=sources,
        screen={name.removeprefix("screen."): values[name] for name in SCREEN if values[name] is not None},
        keys=config.get("keys", {}),
    )


def runs_folder(options: Mapping[str, object], environ: Mapping[str, str]) -> Settings:
    """The settings of who only reads recorded runs, whatever the environment says of how to measure.

    Raises:
        InputError: for a config that can't be used.
    """
    config = {name: value for name, value in environ.items() if name == "FOUNDRY_BENCH_CONFIG"}
    return resolve(options, config, models_needed=False)


def _config(environ: Mapping[str, str]) -> dict[str, Any]:
    path = config_path(environ)
    named = environ.get("FOUNDRY_BENCH_CONFIG", "").strip()
    if named and not os.path.lexists(path):  # False for any odd name
        raise InputError(f"FOUNDRY_BENCH_CONFIG: {path}: there is no such file; mend the variable, or unset it")
    with suppress(OSError):  # a folder we may not look into: reading the file gives the reason
        if not named and not path.exists():
            return {}
    return read_settings(path)


def _written(path: Path, environ: Mapping[str, str]) -> dict[str, Any]:
    match path.suffix.lower():
        case ".toml":
            found = read_settings(path)
            for name in found:
                if name == "keys" or name in SCREEN:
                    table = name.partition(".")[0]
                    mend = f"it belongs in {config_path(environ)}, as it is the same for every plan"
                    raise InputError(f"{path}: [{table}] says how the screen is used; {mend}")
            return found
        case ".json":
            return read_models(path)
    raise InputError(f"{path}: must be a .toml plan or a .json list of models")


def _environment(environ: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, setting in FIELDS.items():
        if setting.env and environ.get(setting.env, "").strip():
            try:
                value = setting.rule.read([environ[setting.env]], setting.env)
            except InputError as error:
                raise InputError(f"{error}; mend that variable, or unset it") from None
            yield f"environment {setting.env}", {name: value}


def _adapter_files(options: Mapping[str, object]) -> Mapping[str, NamedAdapter]:
    found = options.get("adapters")
    return found if isinstance(found, dict) else {}


def _plan(values: Mapping[str, Any], capabilities: Mapping[str, tuple[str, ...]]) -> Plan:
    def table(name: str) -> dict[str, Any]:
        return {key.removeprefix(name): value for key, value in values.items() if key.startswith(name)}

    own = {plan_field(name): value for name, value in values.items() if name != "out" and "." not in name}
    runtime, sweep = Runtime(**table("foundry.")), Sweep(**table("sweep."))
    return Plan(**own, capabilities=capabilities, runtime=runtime, sweep=sweep)


def check_agreement(plan: Plan, sources: Mapping[str, str] | None = None) -> None:
    """See that what ends the rounds, and what divides them among hosts, goes with the rest of the plan.

    Only for what is to be measured by it: who lists runs is not asked how long a run would last.

    Args:
        plan: what is to be measured.
        sources: where each value came from, as in ``Settings``.

    Raises:
        InputError: it doesn't; where the values came from is told.
    """
    for message, names in (*_of_rules(plan), *_of_fleet(plan)):
        told = {name: (sources or {}).get(name, "default") for name in names}
        where = ", ".join(f"{name} from {source}" for name, source in told.items() if source != "default")
        raise InputError(f"{message} ({where})" if where else message)


def _of_rules(plan: Plan) -> Iterator[tuple[str, Sequence[str]]]:
    """What doesn't agree, and which settings say so."""
    if not (plan.until or plan.budget_s):
        return
    from foundry_bench.values.stopping import FEWEST_ROUNDS, parse_until  # numpy: late
    from foundry_bench.values.sweep import sweep_levels

    if plan.until and plan.rounds < FEWEST_ROUNDS:
        message = (
            f"until is first looked at after {FEWEST_ROUNDS} rounds, and rounds, the most there may be, is "
            f"{plan.rounds}; raise it, or leave one of them out"
        )
        yield message, ("until", "rounds")
    if plan.until and parse_until(plan.until).within is None and (len(plan.models) == 1 or plan.order == "sequential"):
        message = f"until '{plan.until}' compares models round by round; name two, and add --order interleaved"
        yield message, ("until", "models", "order")
    if plan.budget_s and sweep_levels(plan):
        message = "a sweep takes as long as its levels need; leave out the budget, or the sweep"
        yield message, ("budget", "sweep.concurrency", "sweep.prompt_tokens")


def _of_fleet(plan: Plan) -> Iterator[tuple[str, Sequence[str]]]:
    if plan.cluster is None and (plan.on or plan.spread):
        message = "--on and --spread choose hosts of a cluster; name its scheduler with --cluster tcp://HOST:8786"
        yield message, ("on", "spread")
    if plan.spread is None:
        return
    if plan.until or plan.budget_s or plan.order == "interleaved" or plan.sweep != Sweep():
        message = "--spread sends a fixed load; leave out until, budget, order and sweep"
        yield message, ("spread", "until", "budget", "order", "sweep.concurrency", "sweep.prompt_tokens")
    for name, number in (("rounds", plan.rounds), ("concurrency", plan.concurrency)):
        if number < plan.spread:
            message = f"{name} {number} can't be divided among {plan.spread} hosts; use at least {plan.spread}"
            yield message, ("spread", name)
