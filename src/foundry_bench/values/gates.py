"""Gates: conditions on a comparison under which a build is to fail, and what the data say of each."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from foundry_bench.values.changes import Reading
from foundry_bench.values.comparison import Difference, parse_figure
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import figure as with_unit
from foundry_bench.values.format import percent
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.sample_size import MOST_ROUNDS

Outcome = Literal["failed", "passed", "undecided"]

READINGS = (
    *("load_s", "cold_ttft_s", "disk_mb", "memory.peak_mb"),
    *("quality", "changed_answers", "failed_requests"),
)

_FORM = re.compile(
    r"\s*([\w.]+)\s*([<>])\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(%?)\s*", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """Fails where the change of ``figure`` is beyond ``limit``.

    Attributes:
        text: as it was written.
        figure: such as ``ttft_s.p95``, or one of ``READINGS``.
        above: whether beyond is above the limit, or below it.
        limit: a fraction of base where ``relative``, else in the figure's own unit.
    """

    text: str
    figure: str
    above: bool
    limit: float
    relative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What the data say of a gate, and why, in a line."""

    gate: str
    outcome: Outcome
    reason: str


def parse_gate(text: str) -> Gate:
    """A gate from an expression such as ``ttft_s.p95>10%`` or ``decode_tokens_per_s.mean<-2``.

    Raises:
        InputError: it is none, or names no figure, or its limit lies on the wrong side of 0.
    """
    form = _FORM.fullmatch(text)
    if not form:
        raise InputError(f"{text!r} is no gate; write FIGURE>LIMIT or FIGURE<LIMIT, such as 'ttft_s.p95>10%'")
    name, sign, number, unit = form.groups()
    if name not in READINGS:
        try:
            parse_figure(name)
        except InputError as error:
            raise InputError(f"gate {text!r}: {error}, or one of {', '.join(READINGS)}") from None
    limit = float(number) / (100 if unit else 1)
    if limit < 0 if sign == ">" else limit > 0:
        way = "at least 0" if sign == ">" else "at most 0"
        raise InputError(f"gate {text!r}: it is the change from BASE to NEW, so the limit after {sign} must be {way}")
    if not math.isfinite(limit) or (unit and limit <= -1):
        raise InputError(f"gate {text!r}: no change is ever beyond that limit; write one that can be reached")
    return Gate(text=text.strip(), figure=name, above=sign == ">", limit=limit, relative=bool(unit))


def judge(gate: Gate, found: Mapping[str, Difference | Reading]) -> Judgement:
    """What the data say of a gate.

    - failed: the change is beyond the limit, and its 95 % interval leaves out 0, so that it is no noise. A figure
      that a side doesn't have fails too: what can't be judged must not pass in silence.
    - passed: the whole interval lies within the limit.
    - undecided: everything between.

    Figures that are read once (load time, memory, disk) have no interval, and counts need none: their value decides.
    """
    one = found.get(gate.figure)
    change = None if one is None else one.change if gate.relative else one.difference
    if one is None or change is None:
        lacking = "is not known on both sides" if one is None else "was 0, so there is no change in %"
        return Judgement(gate=gate.text, outcome="failed", reason=f"{gate.figure} {lacking}")
    shown = f"{gate.figure} changed by {_shown(gate, change)}"
    if isinstance(one, Reading) and one.name != "quality":
        outcome: Outcome = "failed" if _beyond(gate, change) else "passed"
        return Judgement(gate=gate.text, outcome=outcome, reason=shown if one.counted else f"{shown}, read once")
    interval = _interval(one, relative=gate.relative)
    if interval is None:
        return Judgement(gate=gate.text, outcome="undecided", reason=f"{shown}; too few values for an interval")
    shown = f"{shown}, 95 % interval {_shown(gate, interval[0])} to {_shown(gate, interval[1])}"
    outcome = _outcome(gate, change, interval)
    return Judgement(
        gate=gate.text, outcome=outcome, reason=f"{shown}{_hint(gate, one) if outcome == 'undecided' else ''}"
    )


def _outcome(gate: Gate, change: float, interval: tuple[float, float]) -> Outcome:
    if _beyond(gate, change) and not interval[0] <= 0 <= interval[1]:
        return "failed"
    return "undecided" if any(_beyond(gate, end) for end in interval) else "passed"


def _beyond(gate: Gate, change: float) -> bool:
    return change > gate.limit if gate.above else change < gate.limit


def _interval(one: Difference | Reading, *, relative: bool) -> tuple[float, float] | None:
    if isinstance(one, Difference):
        return one.ci95_change if relative else one.ci95
    if one.ci95 is None or not relative:
        return one.ci95
    return (one.ci95[0] / one.base, one.ci95[1] / one.base)


def _shown(gate: Gate, change: float) -> str:
    if gate.relative:
        return percent(change, sign=True)
    metric = METRICS.get(gate.figure.partition(".")[0])
    return with_unit(change, metric.unit, sign=True) if metric else f"{change:+.3g}"


def _hint(gate: Gate, one: Difference | Reading) -> str:
    """How many rounds would decide if the change stayed: a failure needs it apart from 0, a pass from the limit."""
    if isinstance(one, Reading) or not one.base or one.change is None or one.error is None:
        return ""
    limit = gate.limit if gate.relative else gate.limit / one.base
    beyond = one.change > limit if gate.above else one.change < limit
    apart = abs(one.change if beyond else one.change - limit)
    rounds = one.rounds_for(apart) if apart else None
    wanted = f"about {rounds}" if rounds else f"more than {MOST_ROUNDS:,}"
    return f"; {wanted} rounds would decide, if it stays at that" if not rounds or rounds > one.rounds else ""
