"""What tells two sets of answers apart: differences with intervals, and what they amount to in a word."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from foundry_bench.values.errors import InputError
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Sample
from foundry_bench.values.resampling import Answers, Side
from foundry_bench.values.stats import NORMAL_LIMIT, RESAMPLES, SEED, Floats

Verdict = Literal["better", "worse", "unclear"]

STATISTICS = ("mean", "p50", "p90", "p95", "p99")
MEANS = tuple(f"{name}.mean" for name in METRICS)

_Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How a figure of ``new`` differs from that of ``base``.

    Attributes:
        metric: a name of ``METRICS``.
        statistic: one of ``STATISTICS``.
        n_base: answers that enter ``base``; ``n_new`` those that enter ``new``.
        prompts: prompts compared one by one; 0 where the two sides have none in common.
        base: the figure itself, in the metric's unit; ``new`` the other.
        change: (new - base) / base, a fraction; None where base is 0.
        ci95: 95 % interval of new - base, in the metric's unit; None where there is nothing to resample.
        ci95_change: 95 % interval of ``change``.
    """

    metric: str
    statistic: str
    n_base: int
    n_new: int
    prompts: int
    base: float
    new: float
    change: float | None
    ci95: tuple[float, float] | None
    ci95_change: tuple[float, float] | None

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


def compare(base: Iterable[Sample], new: Iterable[Sample], figures: Sequence[str] = MEANS) -> tuple[Difference, ...]:
    """The differences between two sets of answers, one for each figure that both sides define.

    Only measured requests that were answered enter, and those through the ``openai`` client don't.

    Where the sides have prompts in common, only these enter, prompt against prompt: a mean is the mean over the
    prompts of each prompt's mean, so that a failed request shifts no weight; a percentile is that of all answers
    together. Otherwise all answers of a side stand in one group.

    The intervals are percentile bootstraps with a fixed seed that resample whole answers (all gaps of an answer
    stay together) within each prompt, independently on both sides. Of n answers n - 1 are drawn: the plain
    bootstrap's variance is (n - 1) / n of the true one, a third too small at 3 rounds. Where a prompt has only one
    answer on a side, means resample the prompts' own differences instead, and percentiles have no interval.
    Above ``NORMAL_LIMIT`` answers the normal limit of the same bootstrap stands in for means. The intervals speak
    of these prompts, not of others.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 8 and 13; n - 1 draws in strata:
    Rao & Wu (1988), Resampling Inference with Complex Survey Data, JASA 83; clusters: Davison & Hinkley (1997),
    Bootstrap Methods and their Application, section 3.8.

    Args:
        base: the samples to compare with, of one model.
        new: the samples compared.
        figures: names such as ``ttft_s.p95``; the means of all metrics where they are not given.

    Raises:
        InputError: there is no such figure.
    """
    before, after = Answers.of(base), Answers.of(new)
    found = (_compare(before, after, *parse_figure(name)) for name in figures)
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


def _compare(base: Answers, new: Answers, metric: str, statistic: str) -> Difference | None:
    known = [answers.prompts(metric) for answers in (base, new)]
    shared = [prompt for prompt in known[0] if prompt in known[1]]
    one, other = base.side(metric, shared), new.side(metric, shared)
    if not one.answers or not other.answers:
        return None
    if statistic == "mean":
        before, after = one.mean(), other.mean()
        interval, relative = _mean_intervals(one, other)
    else:
        share = float(statistic[1:]) / 100
        before, after = one.percentile(share), other.percentile(share)
        interval, relative = _percentile_intervals(one, other, share)
    return Difference(
        metric=metric,
        statistic=statistic,
        n_base=one.answers,
        n_new=other.answers,
        prompts=len(shared),
        base=before,
        new=after,
        change=(after - before) / before if before else None,
        ci95=interval,
        ci95_change=relative if before else None,
    )


Interval = tuple[float, float]


def _mean_intervals(base: Side, new: Side) -> tuple[Interval | None, Interval | None]:
    generator = np.random.default_rng(SEED)
    if min(base.smallest, new.smallest) < 2:
        if base.groups < 2:
            return None, None
        drawn = generator.integers(0, base.groups, (RESAMPLES, base.groups))
        return _drawn_intervals(base.group_means()[drawn].mean(axis=1), new.group_means()[drawn].mean(axis=1))
    if base.answers + new.answers > NORMAL_LIMIT:
        return _normal_intervals(base, new)
    return _drawn_intervals(base.drawn_means(generator, RESAMPLES), new.drawn_means(generator, RESAMPLES))


def _percentile_intervals(base: Side, new: Side, share: float) -> tuple[Interval | None, Interval | None]:
    if min(base.smallest, new.smallest) < 2:
        return None, None
    generator = np.random.default_rng(SEED)
    times = min(base.affordable, new.affordable)
    return _drawn_intervals(
        base.drawn_percentiles(generator, share, times), new.drawn_percentiles(generator, share, times)
    )


def _drawn_intervals(base: Floats, new: Floats) -> tuple[Interval, Interval | None]:
    """The intervals of the difference and of the change, from the figure of each resample of both sides."""
    low, high = np.percentile(new - base, (2.5, 97.5)).tolist()
    if not base.all():
        return (low, high), None
    least, most = np.percentile(new / base - 1, (2.5, 97.5)).tolist()
    return (low, high), (least, most)


def _normal_intervals(base: Side, new: Side) -> tuple[Interval, Interval | None]:
    """The same of means in their normal limit; that of the change by the delta method for a ratio."""
    before, after, error, other = base.mean(), new.mean(), base.standard_error(), new.standard_error()
    difference, margin = after - before, _Z95 * float(np.hypot(error, other))
    interval = difference - margin, difference + margin
    if not before:
        return interval, None
    change, relative = difference / before, _Z95 * float(np.hypot(other, after / before * error)) / abs(before)
    return interval, (change - relative, change + relative)
