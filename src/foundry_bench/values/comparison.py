"""What tells two sets of answers apart: differences with intervals, and what they amount to in a word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Literal

import numpy as np

from foundry_bench.values.errors import InputError
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.quantiles import student_t
from foundry_bench.values.record import Sample
from foundry_bench.values.resampling import Answers, Groups, Side, batches_of, draw, lasting, rounds_of
from foundry_bench.values.sample_size import WANTED, detectable, rounds_needed
from foundry_bench.values.stats import SEED, Floats

Verdict = Literal["better", "worse", "unclear"]
Interval = tuple[float, float]

STATISTICS = ("mean", "p50", "p90", "p95", "p99")
MEANS = tuple(f"{name}.mean" for name in METRICS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a figure of ``new`` differs from that of ``base``.

    Attributes:
        metric: a name of ``METRICS``.
        statistic: one of ``STATISTICS``.
        n_base: answers that enter ``base``; ``n_new`` those that enter ``new``.
        prompts: prompts compared one by one; 0 where the two sides have none in common.
        rounds: the rounds that the interval rests on; 1 where it rests on the prompts instead.
        base: the figure itself, in the metric's unit; ``new`` the other.
        change: (new - base) / base, a fraction; None where base is 0.
        ci95: 95 % interval of new - base, in the metric's unit; None where there is nothing to resample.
        ci95_change: 95 % interval of ``change``.
        error: the standard error of ``change``, a fraction.
        superiority: how often the better of two answers to one prompt is new's, from 0 to 1; 0.5 is no difference.
    """

    metric: str
    statistic: str
    n_base: int
    n_new: int
    prompts: int
    rounds: int
    base: float
    new: float
    change: float | None
    ci95: Interval | None
    ci95_change: Interval | None
    error: float | None
    superiority: float

    @property
    def name(self) -> str:
        """The figure as it is named everywhere, such as ``ttft_s.p95``."""
        return f"{self.metric}.{self.statistic}"

    @property
    def difference(self) -> float:
        """New - base, in the metric's unit."""
        return self.new - self.base

    @property
    def verdict(self) -> Verdict:
        """Better or worse where the interval leaves 0 out, in the metric's own sense; unclear otherwise."""
        if self.ci95 is None or self.ci95[0] <= 0 <= self.ci95[1]:
            return "unclear"
        lower = self.ci95[1] < 0
        return "better" if lower == (METRICS[self.metric].better == "lower") else "worse"

    @property
    def detectable(self) -> float | None:
        """The smallest true change that these rounds would find in nine of ten comparisons, a fraction."""
        return None if self.error is None or self.rounds < 2 else detectable(self.error, self.rounds)

    def rounds_for(self, change: float = WANTED) -> int | None:
        """The rounds that would find such a change in nine of ten comparisons; None where that can't be told."""
        return None if self.error is None or self.rounds < 2 else rounds_needed(self.error, self.rounds, change)


def compare(base: Iterable[Sample], new: Iterable[Sample], figures: Sequence[str]) -> tuple[Difference, ...]:
    """The differences between two sets of answers, one for each figure that both sides define.

    Only measured requests that were answered enter, and those through the ``openai`` client don't.

    Where the sides have prompts in common, only these enter, prompt against prompt: a mean is the mean over the
    prompts of each prompt's mean, so that a failed request shifts no weight; a percentile is that of all answers
    together. Otherwise all answers of a side stand in one group.

    What is independent are neither the gaps of an answer nor the answers of a round, but batches of rounds
    (``batches_of``). From them comes the standard error of log(new / base): of a mean by linearisation, of a
    percentile by resampling batches with a fixed seed; where batches still resemble their neighbours it is raised
    (``lasting``). Where both sides have the same rounds, a batch holds the same rounds of both: what both go through
    in the course of a run (a machine that heats up) cancels. The interval is Student's, with as many degrees of
    freedom as there are batches but one, and is turned back into a change; in the metric's unit it is that change of
    the measured ``base``.

    Where a prompt has only one answer on a side, a mean's interval rests on the prompts in place of the batches, and
    percentiles have none. The intervals speak of these prompts, and of these loads of the models: loaded anew, a
    model may be faster or slower by more than its rounds show.

    Source: Kalibera & Jones (2013), Rigorous Benchmarking in Reasonable Time, ISMM; batch means: ``batches_of``;
    the log ratio by the delta method: Casella & Berger (2002), Statistical Inference, section 5.5.4.

    Args:
        base: the samples to compare with, of one model.
        new: the samples compared.
        figures: names such as ``ttft_s.p95``; the means of all metrics where they are not given.

    Raises:
        InputError: there is no such figure.
    """
    before, after = Answers.of(base), Answers.of(new)
    found = (difference_of(before, after, *parse_figure(name)) for name in figures)
    return tuple(difference for difference in found if difference)


def parse_figure(name: str) -> tuple[str, str]:
    """A metric and a statistic from a name such as ``ttft_s.p95``.

    Raises:
        InputError: there is no such figure.
    """
    metric, _, statistic = name.partition(".")
    if metric not in METRICS or statistic not in STATISTICS:
        raise InputError(
            f"no figure {name!r}; write METRIC.STATISTIC, of {', '.join(METRICS)} and {', '.join(STATISTICS)}"
        )
    return metric, statistic


def difference_of(base: Answers, new: Answers, metric: str, statistic: str) -> Difference | None:
    """One difference, as in ``compare``; None where a side has no such figure."""
    known = [answers.prompts(metric) for answers in (base, new)]
    shared = [prompt for prompt in known[0] if prompt in known[1]]
    groups = base.groups(metric, shared), new.groups(metric, shared)
    if not all(any(side) for side in groups):
        return None
    rounds = [rounds_of(side) for side in groups]
    one, other = (Side(side, batches_of(some)) for side, some in zip(groups, rounds, strict=True))
    paired = rounds[0] == rounds[1]
    share = None if statistic == "mean" else float(statistic[1:]) / 100
    before, after = (side.mean() if share is None else side.percentile(share) for side in (one, other))
    many = min(one.smallest, other.smallest, one.batches, other.batches) > 1
    if share is not None:
        spread = _spread_of_percentile(one, other, share, paired=paired) if many else None
    elif many:
        sides = one.influences(), other.influences()
        spread = _spread(sides, before, after, paired=paired, in_time=True)
    else:
        sides = _prompts_influences(one), _prompts_influences(other)
        spread = _spread(sides, before, after, paired=True, in_time=False)
    interval, relative = _intervals(before, after, spread)
    return Difference(
        metric=metric,
        statistic=statistic,
        n_base=one.answers,
        n_new=other.answers,
        prompts=len(shared),
        rounds=min(map(len, rounds)) if many else 1,
        base=before,
        new=after,
        change=(after - before) / before if before else None,
        ci95=interval,
        ci95_change=relative,
        error=spread.ratio if spread else None,
        superiority=_superiority(*groups, lower=METRICS[metric].better == "lower"),
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """Standard errors of new - base and of log(new / base), and their degrees of freedom."""

    difference: float
    ratio: float | None
    freedom: int


def _prompts_influences(side: Side) -> Floats:
    """By how much each prompt moves the mean."""
    return (side.group_means() - side.mean()) / side.group_means().size


def _spread(
    influences: tuple[Floats, Floats], before: float, after: float, *, paired: bool, in_time: bool
) -> _Spread | None:
    """From the influences of what is independent on either side, in pairs or not, in the order of time or not."""
    base, new = influences
    freedom = min(base.size, new.size) - 1
    if freedom < 1:
        return None

    def error(one: Floats, other: Floats) -> float:
        variances = [
            float(side @ side) * side.size / (side.size - 1) * (lasting(side) if in_time else 1)
            for side in ([other - one] if paired else [one, other])
        ]
        return sqrt(sum(variances))

    ratio = error(base / before, new / after) if before > 0 and after > 0 else None
    return _Spread(error(base, new), ratio, freedom)


def _spread_of_percentile(base: Side, new: Side, share: float, *, paired: bool) -> _Spread | None:
    """From resamples of the batches of either side, the same ones of both where they are pairs."""
    generator = np.random.default_rng(SEED)
    times = min(base.affordable, new.affordable)
    drawn = draw(generator, base.batches, times)
    one = base.drawn_percentiles(drawn, share)
    other = new.drawn_percentiles(drawn if paired else draw(generator, new.batches, times), share)
    kept = np.isfinite(one) & np.isfinite(other)
    if kept.sum() < 2:
        return None
    one, other = one[kept], other[kept]
    sides = [new.influences() - base.influences()] if paired else [base.influences(), new.influences()]
    factor = sqrt(max(map(lasting, sides)))
    ratio = factor * float(np.std(np.log(other / one))) if min(one.min(), other.min()) > 0 else None
    return _Spread(factor * float(np.std(other - one)), ratio, min(base.batches, new.batches) - 1)


def _intervals(before: float, after: float, spread: _Spread | None) -> tuple[Interval | None, Interval | None]:
    """The intervals of the difference and of the change."""
    if spread is None:
        return None, None
    reach = student_t(0.975, spread.freedom)
    if spread.ratio is None:
        margin, difference = reach * spread.difference, after - before
        return (difference - margin, difference + margin), None
    low, high = (exp(log(after / before) + sign * min(reach * spread.ratio, 700.0)) - 1 for sign in (-1, 1))
    return (low * before, high * before), (low, high)


def _superiority(base: Groups, new: Groups, *, lower: bool) -> float:
    """The mean over the prompts of the share of pairs of answers in which new's is the better; ties are halves.

    Source: Vargha & Delaney (2000), A Critique and Improvement of the CL Common Language Effect Size Statistics.
    """
    shares = []
    for some, others in zip(base, new, strict=True):
        one, other = (np.sort([values.mean() for _, values in group]) for group in (some, others))
        below = sum(np.searchsorted(one, other, side=side).sum() for side in ("left", "right")) / 2
        shares.append(float(below) / (one.size * other.size))
    share = float(np.mean(shares))
    return 1 - share if lower else share
