"""When a model has been measured for long enough: decided between rounds, from the answers so far."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import ceil, log, sqrt

from foundry_bench.values.comparison import difference_of, parse_figure
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import percent, seconds
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.plan import Plan
from foundry_bench.values.quantiles import student_t
from foundry_bench.values.record import Stop
from foundry_bench.values.resampling import Answers, Side, batches_of, lasting, rounds_of

FEWEST_ROUNDS = 6
# Where a rule ends the rounds and nobody said how many there may be.
MOST_ROUNDS = 1_000
# Two models are compared at every look: as strict as Pocock's boundary for some 20 looks.
SEPARATION = 0.995
# By which an interval is widened that is looked at again and again, until it is narrow enough.
WATCHED = 1.2
# Each look comes after a quarter more rounds than the one before.
_LOOKS_GROW = 4

_WITHIN = re.compile(r"(?:(\S+\.\S+)\s+)?(?:within\s+)?(\d+(?:\.\d+)?)\s*%")
_SEPARATED = re.compile(r"(?:(\S+\.\S+)\s+)?separated")
# Requests of a connection in one turn: at its end connections wait for the slowest.
_TURN_REQUESTS = 4
_WITHIN_ALONE = 0.05
_DEFAULT_FIGURE = "latency_s.mean"


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """A rule that ends the rounds.

    Attributes:
        metric: a name of ``METRICS``; the rule is about its mean.
        within: half the width of the mean's 95 % interval that is wanted, as a fraction of the mean; None where the
            two best models are to be told apart instead.
    """

    metric: str
    within: float | None

    def __str__(self) -> str:
        """As it is written in a plan."""
        rule = "separated" if self.within is None else f"within {self.within * 100:g}%"
        return f"{self.metric}.mean {rule}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The time of a model: what it may take, what it took so far, what its next turn is likely to take; seconds.

    ``share_s`` is 0 or less where those before it took more than all of the time.
    """

    share_s: float
    spent_s: float
    turn_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether to go on: ``stop`` says why not; ``expected`` is how many rounds there will probably be."""

    stop: Stop | None
    expected: int


def decide(plan: Plan, models: Mapping[str, Answers], model: str, rounds: int, pace: Pace | None) -> Decision:
    """Whether a model has been measured for long enough.

    One that is to be told apart from others, but has none to alternate with, is measured to within 5 %.

    Args:
        plan: its rules, and the most rounds that there may be.
        models: the answers so far of every model whose turns alternate with this one's, and of itself.
        model: the model's name.
        rounds: those that are finished.
        pace: its time; None where there is no budget.
    """
    until = parse_until(plan.until) if plan.until else None
    looking = rounds >= FEWEST_ROUNDS and rounds in {next_look(rounds), plan.rounds}
    if until and until.within is None and len(models) < 2:
        until = replace(until, within=_WITHIN_ALONE)
    stop, foreseen = None, list[int]()
    if until and until.within is not None:
        stop, wanted = precise(until, models[model], rounds, looking=looking)
        foreseen += [wanted] if wanted else []
    elif until and looking:
        stop = separated(until, models, rounds)
    if pace and not stop:
        stop, fitting = spent(pace, rounds)
        foreseen.append(fitting)
    if not stop and rounds >= FEWEST_ROUNDS and (until or pace) and not models[model].prompts("latency_s"):
        stop = Stop(kind="no_answers", rounds=rounds, message=f"no request of {rounds} rounds was answered")
    if not stop and rounds >= plan.rounds:
        stop = Stop(kind="rounds", rounds=rounds, message=f"all {plan.rounds} rounds")
    return Decision(stop=stop, expected=rounds if stop else min([plan.rounds, *foreseen]))


def next_round(plan: Plan, rounds: int, *, alternating: bool) -> int:
    """Up to which round the next turn goes.

    All of them where nothing has to be decided on the way; up to the next look where nothing but that is. Otherwise the
    fewest rounds that keep all connections busy for most of a turn, or a tenth of those that are done, but no turn
    passes over a look.
    """
    if not (alternating or plan.until or plan.budget_s):
        return plan.rounds
    busy = 1 if plan.concurrency == 1 else ceil(_TURN_REQUESTS * plan.concurrency / len(plan.prompts))
    through = rounds + max(busy, rounds // 10)
    nothing_else = not (alternating or plan.budget_s)
    if plan.until and (nothing_else or through > next_look(rounds + 1)):
        through = next_look(rounds + busy)
    return min(plan.rounds, through)


def next_look(rounds: int) -> int:
    """The first look at or after ``rounds``: looks that grow rarer cost less, and are wrong less often."""
    look = FEWEST_ROUNDS
    while look < rounds:
        look += max(1, look // _LOOKS_GROW)
    return look


def parse_until(text: str) -> Until:
    """A rule such as ``latency_s.mean within 5%``, ``5%``, ``ttft_s.mean separated`` or ``separated``.

    Raises:
        InputError: it is no such rule.
    """
    within, separated = _WITHIN.fullmatch(text.strip()), _SEPARATED.fullmatch(text.strip())
    found = within or separated
    if not found:
        raise InputError(f"{text!r} is no rule; write '5%', '{_DEFAULT_FIGURE} within 5%' or 'separated'")
    metric, statistic = parse_figure(found[1] or _DEFAULT_FIGURE)
    if statistic != "mean":
        raise InputError(f"{text!r}: a rule is about a mean; write {metric}.mean")
    share = float(within[2]) / 100 if within else None
    if share is not None and not 0 < share < 1:
        raise InputError(f"{text!r}: the interval must be within more than 0 and less than 100 %")
    return Until(metric=metric, within=share)


def relative_margin(answers: Answers, metric: str) -> float | None:
    """Half the width of the mean's interval, as a fraction of the mean; None where it can't be told yet.

    The mean is that of the prompts' means, the interval Student's over batches of successive rounds, wider where
    batches resemble their neighbours (``resampling``): it holds up on few rounds, where a bootstrap's is too narrow.

    A rule that looks again and again and stops at the first interval that is narrow enough stops by preference where
    the spread happens to look small, so a plain 95 % interval would be too narrow then. Three things mend that: looks
    are few (``next_look``), the interval is wider by ``WATCHED``, and what is claimed in the end is the width that was
    asked for, not the one that was seen. Then the mean is as near the true one as is claimed in 95 % of runs or more,
    on a machine busy throughout in 90 (simulated: ``benchmarks/decisions.py``). The mean itself is unbiased only where
    spread and level have nothing to do with each other.

    Source: Chow & Robbins (1965), On the Asymptotic Theory of Fixed-Width Sequential Confidence Intervals for the
    Mean, Annals of Mathematical Statistics 36; batch means: ``batches_of``.
    """
    groups = answers.groups(metric, answers.prompts(metric))
    side = Side(groups, batches_of(rounds_of(groups))) if all(groups) else None
    if side is None or side.batches < 2 or not side.mean():
        return None
    influences = side.influences()
    n = influences.size
    variance = float(influences @ influences) * n / (n - 1) * lasting(influences)
    return WATCHED * student_t(0.975, n - 1) * sqrt(variance) / abs(side.mean())


def precise(until: Until, answers: Answers, rounds: int, *, looking: bool) -> tuple[Stop | None, int | None]:
    """Whether the interval is narrow enough, or else how many rounds that is likely to take."""
    margin = relative_margin(answers, until.metric)
    if margin is None or until.within is None:
        return None, None
    if looking and margin <= until.within:
        said = f"{until.metric}.mean is known to within {percent(until.within)} (95 % interval), as was asked for"
        return Stop(kind="precision", rounds=rounds, message=said), None
    return None, next_look(max(rounds + 1, ceil(rounds * (margin / until.within) ** 2)))


def separated(until: Until, models: Mapping[str, Answers], rounds: int) -> Stop | None:
    """Whether the two best models are told apart, each by the mean of its prompts' means.

    Each look is one more chance to be wrong, so a look asks for ``SEPARATION`` instead of 95 %: of models without any
    difference 2 to 5 % are told apart within 200 rounds, on a machine busy throughout 10 (simulated).

    Source: Pocock (1977), Group Sequential Methods in the Design and Analysis of Clinical Trials, Biometrika 64.
    """
    levels = {name: _level(answers, until.metric) for name, answers in models.items()}
    known = {name: level for name, level in levels.items() if level is not None}
    ordered = sorted(known, key=lambda name: known[name], reverse=METRICS[until.metric].better == "higher")
    if len(ordered) < 2:
        return None
    best, second = ordered[:2]
    found = difference_of(models[second], models[best], until.metric, "mean")
    if found is None or not found.error or not found.change or found.rounds < 2:
        return None
    freedom = len(set(batches_of(range(found.rounds)).values())) - 1
    if abs(log(1 + found.change)) < student_t(1 - (1 - SEPARATION) / 2, freedom) * found.error:
        return None
    said = f"{best} and {second} are told apart: {until.metric}.mean differs by {percent(abs(found.change))}"
    return Stop(kind="separated", rounds=rounds, message=said)


def spent(pace: Pace, rounds: int) -> tuple[Stop | None, int]:
    """Whether the next turn would end after the time is over, or else how many rounds there is time for."""
    if rounds and pace.spent_s + pace.turn_s > pace.share_s:
        said = f"its share of the time, {seconds(pace.share_s)}, would have been over before another round's end"
        if pace.share_s <= 0:
            said = "the models before it had used up the time"
        return Stop(kind="budget", rounds=rounds, message=said), rounds
    return None, max(rounds + 1, int(rounds * pace.share_s / pace.spent_s) if pace.spent_s else 1)


def _level(answers: Answers, metric: str) -> float | None:
    groups = answers.groups(metric, answers.prompts(metric))
    return Side(groups, batches_of(rounds_of(groups))).mean() if all(groups) else None
