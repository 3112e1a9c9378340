"""Energy and its cost: what a token and an answer take, from meters or from a stated power."""

from dataclasses import dataclass
from typing import Literal

from foundry_bench.values.telemetry import MeterUse, Telemetry

JOULES_PER_KWH = 3.6e6

# Execution providers whose device is a card, with a memory and a meter of its own.
_OF_CARDS = ("cuda", "tensorrt", "rocm", "migraphx")

# The figure's definitions, as reports print them.
DEFINITIONS = {
    "Energy": "all that the meters of processor and graphics card count while requests are under way, idle share and "
    "other programs included; display, disk and power supply are not. Estimated: stated watts x that time.",
    "J/token": "energy / completion tokens of the answers; undefined where a count is missing.",
    "J/answer": "energy / answers.",
    "Above idle": "(energy - idle power just before the load x time) / completion tokens.",
    "Cost/M tokens": "J/token x 1,000,000 / 3,600,000 x price of a kWh.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What the user states: the power of the device in W, the price of a kWh, and the name of the money."""

    watts: float | None = None
    price_per_kwh: float | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """The energy of one model's measure phase.

    Attributes:
        source: whether it was measured, or estimated from a stated power.
        parts: names of the meters that were counted; none of an estimate.
        joules: energy of the phase; see ``energy`` for the formulas of the others.
        idle_w: power of the same parts just before the load.
    """

    source: Literal["measured", "estimated"]
    parts: tuple[str, ...]
    seconds: float
    joules: float
    mean_w: float
    idle_w: float | None
    joules_per_token: float | None
    joules_per_token_above_idle: float | None
    joules_per_answer: float | None
    cost_per_million_tokens: float | None
    currency: str | None


def energy(used: Telemetry | None, device: str | None, provider: str | None, rates: Rates) -> Energy | None:
    """The energy of a model's measure phase, from meters where they cover its device, else from the stated power.

    - ``joules`` = sum over the meters, or ``watts`` x ``seconds``
    - ``mean_w`` = ``joules`` / ``seconds``; ``idle_w`` = sum of the meters' idle power, undefined if one's is
    - ``joules_per_token`` = ``joules`` / completion tokens; undefined without tokens
    - ``joules_per_token_above_idle`` = max(0, ``joules`` - ``idle_w`` x ``seconds``) / completion tokens
    - ``joules_per_answer`` = ``joules`` / answers; undefined without answers
    - ``cost_per_million_tokens`` = ``joules_per_token`` x 1e6 / 3.6e6 x price of a kWh

    None where neither can be had, and for a model that did not run in a process of ours.
    """
    if used is None:
        return None
    meters = used.meters if covers(used.meters, device, provider) else ()
    if not meters and rates.watts is None:
        return None
    joules = sum(meter.joules for meter in meters) if meters else (rates.watts or 0.0) * used.seconds
    idles = [meter.idle_w for meter in meters if meter.idle_w is not None]
    idle_w = sum(idles) if meters and len(idles) == len(meters) else None
    tokens = used.completion_tokens or None
    per_token = joules / tokens if tokens else None
    cost = None
    if per_token is not None and rates.price_per_kwh is not None:
        cost = per_token * 1e6 / JOULES_PER_KWH * rates.price_per_kwh
    return Energy(
        source="measured" if meters else "estimated",
        parts=tuple(meter.name for meter in meters),
        seconds=used.seconds,
        joules=joules,
        mean_w=joules / used.seconds if meters else rates.watts or 0.0,
        idle_w=idle_w,
        joules_per_token=per_token,
        joules_per_token_above_idle=(
            max(0.0, joules - idle_w * used.seconds) / tokens if tokens and idle_w is not None else None
        ),
        joules_per_answer=joules / used.answers if used.answers else None,
        cost_per_million_tokens=cost,
        currency=rates.currency if cost is not None else None,
    )


def covers(meters: tuple[MeterUse, ...], device: str | None, provider: str | None) -> bool:
    """Whether the meters hear what the model does: the processor's package, or for a GPU model a card's own meter.

    A package's count holds a graphics unit on the same chip, so it will do for a GPU model where no card has a meter;
    not for an execution provider that drives cards alone.
    """
    kinds = {meter.kind for meter in meters}
    on_gpu = (device or "").lower() == "gpu"
    on_card = on_gpu and any(name in (provider or "").lower() for name in _OF_CARDS)
    return ("cpu" in kinds and not on_card) or ("gpu" in kinds and on_gpu)
