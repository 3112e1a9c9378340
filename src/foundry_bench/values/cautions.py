"""What makes a figure less certain than it looks, as data: shown next to the figure that it touches."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from foundry_bench.values.format import figure, percent
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.stats import Distribution, Floats

ENOUGH_FOR_P95 = 20
ENOUGH_FOR_P99 = 100
SLOW_FIRST_ROUND = 1.2
DRIFT_ROUNDS = 8
DRIFT_Z = 2.576
NOTABLE_CHANGE = 0.05
BIMODAL_SHARE = 0.85
SMALLEST_MODE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """A reason for care: a machine-readable kind, the metric that it touches (None: all), one line for a person."""

    kind: str
    metric: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The defined values of one metric for one prompt, and the round of each (two arrays of one length)."""

    rounds: NDArray[np.int64]
    values: Floats


def sample_size(metric: str, distribution: Distribution | None) -> Iterator[Caution]:
    """Too few values for the upper percentiles.

    A percentile is an interpolation between order statistics. With n values fewer than 1 / (1 - p) none is
    expected beyond the p-th, so p95 asks for 20 and p99 for 100; under that they mostly restate the maximum.
    """
    if distribution is None:
        return
    n = distribution.n
    if n < ENOUGH_FOR_P95:
        message = f"p95 and p99 of {n} values mostly restate the maximum, and the mean's interval is too narrow"
        yield Caution(kind="few_for_p95", metric=metric, message=message)
    elif n < ENOUGH_FOR_P99:
        yield Caution(kind="few_for_p99", metric=metric, message=f"p99 of {n} values mostly restates the maximum")


def over_time(metric: str, series: Mapping[str, Series]) -> Iterator[Caution]:
    """A slow first round, and a drift over the rounds.

    Both look at one level a round: the mean over the prompts of each value divided by its prompt's median.

    - Slow first round (3 rounds or more): the first level is over 1.2 times the 95th percentile of the others.
      It means that warming up was not over.
    - Drift (8 rounds or more): Spearman's rank correlation r of level and round is significant at 1 %
      (|r| sqrt(n - 1) > 2.576, its limit under no trend), and the medians of the first and the last third
      differ by 5 % or more. The machine heats up, or something else runs.

    Source: Spearman (1904); Kendall & Gibbons (1990), Rank Correlation Methods, ch. 4.
    """
    levels = _levels(series)
    n = levels.size
    if n >= 3:
        excess = float(levels[0] / np.percentile(levels[1:], 95))
        if excess > SLOW_FIRST_ROUND:
            message = f"the first round is {percent(excess - 1)} above the later ones: more warm-up is needed"
            yield Caution(kind="slow_first_round", metric=metric, message=message)
    if n >= DRIFT_ROUNDS and np.ptp(levels):
        correlation = float(np.corrcoef(np.arange(n), _ranks(levels))[0, 1])
        change = float(np.median(levels[-(n // 3) :]) / np.median(levels[: n // 3])) - 1
        if abs(correlation) * np.sqrt(n - 1) > DRIFT_Z and abs(change) >= NOTABLE_CHANGE:
            message = f"drifts over the {n} rounds: the last third is {percent(change, sign=True)} against the first"
            yield Caution(kind="drift", metric=metric, message=message)


def two_modes(metric: str, series: Mapping[str, Series]) -> Iterator[Caution]:
    """Values of a prompt that fall into two groups, where a mean describes neither.

    The best split into two groups explains 85 % or more of the variance, each group has a fifth of the values or
    more, the groups' means differ by 5 % or more, and there are 20 values or more. The best split of a normal
    distribution explains 64 %, of a uniform one 75 %; of two equal normal ones 5 standard deviations apart 86 %.

    Source: Otsu (1979), A Threshold Selection Method from Gray-Level Histograms, the criterion eta.
    """
    modes = [found for one in series.values() if (found := _modes(one.values))]
    if modes:
        low, high = (figure(mode, METRICS[metric].unit) for mode in modes[0])
        message = f"two groups of values in {len(modes)} of {len(series)} prompts, such as {low} and {high}"
        yield Caution(kind="bimodal", metric=metric, message=message)


def _levels(series: Mapping[str, Series]) -> Floats:
    """One level a round, in the order of the rounds; prompts with a value of 0 have no ratios and are left out."""
    some = [one for one in series.values() if one.values.size and one.values.min() > 0]
    if not some:
        return np.empty(0)
    _, position = np.unique(np.concatenate([one.rounds for one in some]), return_inverse=True)
    ratios = np.concatenate([one.values / np.median(one.values) for one in some])
    return np.asarray(np.bincount(position, ratios) / np.bincount(position))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs."""
    _, position, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[position])


def _modes(values: Floats) -> tuple[float, float] | None:
    """The means of the two groups of ``values`` where they are bimodal."""
    n = values.size
    if n < ENOUGH_FOR_P95 or not (variance := float(values.var())):
        return None
    smallest = int(np.ceil(SMALLEST_MODE * n))
    below = np.arange(smallest, n - smallest + 1)
    sums = np.cumsum(np.sort(values))
    low, high = sums[below - 1] / below, (sums[-1] - sums[below - 1]) / (n - below)
    explained = (high - low) ** 2 * below * (n - below) / n**2 / variance
    best = int(np.argmax(explained))
    notable = high[best] > low[best] * (1 + NOTABLE_CHANGE)
    return (float(low[best]), float(high[best])) if explained[best] >= BIMODAL_SHARE and notable else None
