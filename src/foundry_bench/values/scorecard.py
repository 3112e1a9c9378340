"""The selection scorecard: weighted criteria, how sure the order is, and at which weight it changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from foundry_bench.values.quantiles import student_t
from foundry_bench.values.resampling import batches_of
from foundry_bench.values.sample_size import rounds_needed
from foundry_bench.values.stats import Floats
from foundry_bench.values.votes import FEWEST_PROMPTS

DECISIVE = 0.95
FEWEST_ROUNDS = 3  # of fewer, resamples show two states of a machine at most
# Logarithms of scores that are nearer to each other differ by rounding alone.
TIE = 1e-12

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One thing to choose by.

    Attributes:
        weight: what it weighs where nothing else is said.
        figure: what stands behind it where nothing else is said.
        better: which way is better.
        timed: whether its figure is measured anew in every round.
    """

    weight: float
    figure: str
    better: Literal["lower", "higher"]
    timed: bool = False


# The weights take a stand on the order alone: an answer that is wrong is of no use however soon it comes; then people
# wait for it, then read along; memory decides what else can run, and a disk costs least. They are the mean of all
# weights that keep this order (rank-order centroid), to the next 0.05.
#
# Source: Barron & Barrett (1996), Decision Quality Using Ranked Attribute Weights, Management Science 42.
CRITERIA: Mapping[str, Criterion] = {
    "latency": Criterion(weight=0.25, figure="latency_s.mean", better="lower", timed=True),
    "throughput": Criterion(weight=0.15, figure="decode_tokens_per_s.mean", better="higher", timed=True),
    "memory": Criterion(weight=0.1, figure="memory.peak_mb", better="lower"),
    "quality": Criterion(weight=0.45, figure="quality", better="higher"),
    "footprint": Criterion(weight=0.05, figure="disk_mb", better="lower"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model to choose from.

    Attributes:
        figures: by criterion; what is not known is not there. All above 0.
        drawn: by criterion the figure of each resample, arrays of one length; what doesn't vary is not there.
    """

    name: str
    figures: Mapping[str, float]
    drawn: Mapping[str, Floats] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A candidate's place.

    Attributes:
        score: weighted geometric mean of ``ratios``, above 0, at most 1.
        ci95: 95 % interval of ``score`` over the resamples, drawn out to the score itself where chance left that
            outside; None of fewer than ``FEWEST_ROUNDS`` rounds.
        wins: the share of resamples in which it is first; where several are, each has its part of that resample.
        ratios: by criterion how near it is to the best one: 1 is the best, 0.5 half as good.
        pareto: whether no other candidate is as good in every criterion and better in one.
    """

    name: str
    score: float
    ci95: tuple[float, float] | None
    wins: float
    figures: Mapping[str, float]
    ratios: Mapping[str, float]
    pareto: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """Where a criterion weighs ``below`` or above ``weight``, all others keeping their proportions, ``winner`` wins."""

    criterion: str
    below: bool
    weight: float
    winner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """The order of the candidates, best first, and how far it can be trusted.

    Attributes:
        weights: of the criteria that count; they sum to 1.
        left_out: criteria with a weight that not all candidates have, and who lacks them.
        decided: whether the first one wins ``DECISIVE`` of the resamples, and they tell enough.
        too_few_rounds: whether ``FEWEST_ROUNDS`` are not there, though the figures vary by round.
        rounds: how many rounds would separate the first two, where more rounds would; None otherwise.
        to_rate: how many more prompts must be rated for all before quality may count in a decision.
    """

    weights: Mapping[str, float]
    left_out: Mapping[str, tuple[str, ...]]
    ranking: tuple[Ranked, ...]
    flips: tuple[Flip, ...]
    decided: bool
    too_few_rounds: bool = False
    rounds: int | None = None
    to_rate: int = 0


def score(
    candidates: Sequence[Candidate], weights: Mapping[str, float], *, rounds: int, rated: int | None = None
) -> Scorecard:
    """Rank the candidates.

    The score is prod(ratio ** weight), where ratio is best / figure where lower is better and figure / best where
    higher is: the weighted product model. It has no units to choose and no range to fix, twice as fast is worth the
    same anywhere, and neither the order nor a flip point depends on which other candidates there are. Its logarithm is
    linear in the weights, so the flip points are exact. A criterion that a candidate lacks is left out for all.

    Source: Bridgman (1922), Dimensional Analysis; Triantaphyllou (2000), Multi-Criteria Decision Making Methods, ch. 2;
    geometric means of ratios: Fleming & Wallace (1986), How Not to Lie with Statistics, CACM 29.

    Args:
        candidates: one or more.
        weights: by criterion, 0 or more.
        rounds: the rounds that the resamples were drawn from.
        rated: the prompts that quality's scores are means over; None where it is no such mean.
    """
    wanted = {name: weight for name, weight in weights.items() if weight > 0}
    lacking = {name: tuple(one.name for one in candidates if name not in one.figures) for name in wanted}
    used = [name for name in wanted if not lacking[name]]
    total = sum(wanted[name] for name in used)
    share = np.array([wanted[name] / total for name in used])
    logs = _logs([one.figures for one in candidates], used)
    drawn = _drawn(candidates, used, logs)
    best = logs.max(axis=0)
    scores, resampled = (logs - best) @ share, (drawn - drawn.max(axis=1, keepdims=True)) @ share
    wins = _wins(resampled)
    order = np.argsort(-scores, kind="stable")
    ends = np.percentile(resampled, (2.5, 97.5), axis=0)
    lows, highs = np.exp(np.minimum(ends[0], scores)), np.exp(np.maximum(ends[1], scores))
    too_few = rounds < FEWEST_ROUNDS and any(CRITERIA[name].timed for name in used)
    front = _pareto(logs)
    ranking = tuple(
        Ranked(
            name=candidates[place].name,
            score=float(np.exp(scores[place])),
            ci95=None if too_few else (float(lows[place]), float(highs[place])),
            wins=float(wins[place]),
            figures=candidates[place].figures,
            ratios=dict(zip(used, np.exp(logs[place] - best).tolist(), strict=True)),
            pareto=bool(front[place]),
        )
        for place in order
    )
    to_rate = max(0, FEWEST_PROMPTS - rated) if rated is not None and "quality" in used and len(candidates) > 1 else 0
    decided = len(candidates) == 1 or (bool(used) and not too_few and not to_rate and ranking[0].wins >= DECISIVE)
    return Scorecard(
        weights=dict(zip(used, share.tolist(), strict=True)),
        left_out={name: names for name, names in lacking.items() if names},
        ranking=ranking,
        flips=_flips([candidates[place].name for place in order], logs[order], used, share),
        decided=decided,
        too_few_rounds=too_few and len(candidates) > 1,
        rounds=None
        if decided or ranking[0].wins >= DECISIVE
        else _rounds(drawn[:, order[:2]], logs[order[:2]], used, share, rounds),
        to_rate=to_rate,
    )


def widened(figure: float, drawn: Floats, units: int, variance: float = 1.0) -> Floats:
    """Resamples of ``units`` units, spread as far as Student's t asks for so few; all stay above 0.

    ``variance`` is the factor by which the units' resemblance raises the variance (``resampling.lasting``).

    Source: Hesterberg (2015), What Teachers Should Know About the Bootstrap, The American Statistician 69.
    """
    found: Floats = figure * (drawn / figure) ** (_widening(units) * sqrt(variance))
    return found


def _widening(units: int) -> float:
    return student_t(0.975, units - 1) / student_t(0.975, 10_000)


def _logs(figures: Sequence[Mapping[str, float]], used: Sequence[str]) -> Matrix:
    """The logarithms, a row a candidate and a column a criterion, higher being better."""
    signs = np.array([1.0 if CRITERIA[name].better == "higher" else -1.0 for name in used])
    values = np.array([[one[name] for name in used] for one in figures]).reshape(len(figures), -1)
    found: Matrix = np.log(values) * signs
    return found


def _drawn(candidates: Sequence[Candidate], used: Sequence[str], logs: Matrix) -> Matrix:
    """The same for each resample, as the first of three axes; what doesn't vary is repeated."""
    times = max((some.size for one in candidates for some in one.drawn.values()), default=1)
    found = np.repeat(logs[None], times, axis=0)
    for place, one in enumerate(candidates):
        for column, name in enumerate(used):
            if name in one.drawn:
                found[:, place, column] = np.log(one.drawn[name]) * (1 if CRITERIA[name].better == "higher" else -1)
    return found


def _pareto(logs: Matrix) -> NDArray[np.bool_]:
    """Which rows no other row dominates."""
    as_good = (logs[:, None] >= logs[None]).all(axis=2)
    better = (logs[:, None] > logs[None]).any(axis=2)
    return np.asarray(~(as_good & better).any(axis=0))


def _wins(scores: Matrix) -> Floats:
    """Of each column the share of rows in which it is the highest; those that tie share the row."""
    first = scores >= scores.max(axis=1, keepdims=True) - TIE
    found: Floats = (first / first.sum(axis=1, keepdims=True)).mean(axis=0)
    return found


def _flips(names: Sequence[str], logs: Matrix, used: Sequence[str], share: Floats) -> tuple[Flip, ...]:
    """The nearest weights on either side at which another than the first row wins.

    With weight x for one criterion and the others scaled to 1 - x, the lead over a rival is x a + (1 - x) b: a is the
    lead in that criterion alone and b the weighted lead in the others. It is 0 at x = b / (b - a).
    """
    found = []
    for column, name in enumerate(used):
        weight = share[column]
        if weight >= 1:
            continue
        alone = logs[0, column] - logs[1:, column]
        others = ((logs[0] - logs[1:]) @ share - weight * alone) / (1 - weight)
        crossing = {
            float(b / (b - a)): rival for a, b, rival in zip(alone, others, names[1:], strict=True) if a * b < 0
        }
        below = [x for x in crossing if x <= weight]
        above = [x for x in crossing if x > weight]
        if below:
            found.append(Flip(criterion=name, below=True, weight=max(below), winner=crossing[max(below)]))
        if above:
            found.append(Flip(criterion=name, below=False, weight=min(above), winner=crossing[min(above)]))
    return tuple(found)


def _rounds(drawn: Matrix, logs: Matrix, used: Sequence[str], share: Floats, rounds: int) -> int | None:
    """How many rounds would separate the first two, if what varies by round is what keeps them together."""
    lead = float((logs[0] - logs[1]) @ share)
    if rounds < FEWEST_ROUNDS or not lead:
        return None
    by_round = np.array([CRITERIA[name].timed for name in used], dtype=bool)
    gaps = drawn[:, 0] - drawn[:, 1]
    error, other = (float(np.std(gaps[:, some] @ share[some])) for some in (by_round, ~by_round))
    units = len(set(batches_of(range(rounds)).values()))
    return rounds_needed(error / _widening(units), rounds, lead) if error > other else None
