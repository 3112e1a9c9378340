"""Answers in groups by prompt, and the batches of successive rounds that intervals are made of."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Sample
from foundry_bench.values.stats import RESAMPLES, Floats

Counts = NDArray[np.int64]
Groups = Sequence[Sequence[tuple[int, Floats]]]
"""For each prompt its answers: the round and the values (one, or the gaps) of each."""

FEWEST_BATCHES = 3
MOST_BATCHES = 8
FEWEST_TO_CORRELATE = 5
MOST_CORRELATED = 0.6
# What disturbances raise a variance by where few batches can't show it, and at the least where they can: simulated, as
# benchmarks/decisions.py does, so that intervals of 3 to 20 rounds on a usual machine hold what they promise.
UNSEEN = 1.5
LEAST_RAISED = 1.25
FEWEST_RESAMPLES = 200
_WORK = 50_000_000
_DRAWS_AT_ONCE = 1 << 20


class Answers:
    """The figures of measured and answered requests, by metric and prompt: a round and an array an answer."""

    def __init__(self) -> None:
        self._figures: dict[str, defaultdict[str, list[tuple[int, Floats]]]] = {
            name: defaultdict(list) for name in METRICS
        }

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Self:
        """Take in the samples that enter the metrics; O(their gaps)."""
        found = cls()
        for sample in samples:
            found.add(sample)
        return found

    def add(self, sample: Sample) -> None:
        """Take in one sample, if it enters the metrics."""
        if not sample.measured:
            return
        for name, metric in METRICS.items():
            value = metric.of(sample)
            if value is not None:
                values = np.atleast_1d(np.asarray(value, np.float64))
                self._figures[name][sample.prompt_id].append((sample.round, values))

    def prompts(self, metric: str) -> Sequence[str]:
        """The prompts that have a figure."""
        return tuple(self._figures[metric])

    def groups(self, metric: str, prompts: Sequence[str]) -> Groups:
        """The answers to these prompts in a group each; without any, all answers in one group."""
        figures = self._figures[metric]
        return [figures[prompt] for prompt in prompts] or [[one for some in figures.values() for one in some]]


def rounds_of(groups: Groups) -> frozenset[int]:
    """The rounds that have an answer."""
    return frozenset(number for group in groups for number, _ in group)


def batches_of(rounds: Iterable[int]) -> Mapping[int, int]:
    """The batch of each round: what is resampled, since what goes on in a machine lasts longer than an answer.

    Answers of one round, and of rounds that follow each other, resemble each other: a busy or hot machine slows them
    all. Batches of successive rounds are nearly independent. Up to 3 rounds each is a batch of its own; then there are
    3 to 8 batches, of 2 rounds or more where there are 6 rounds or more.

    Source: batch means, Law (2015), Simulation Modeling and Analysis, 5th ed., section 9.5.3; the number of batches:
    Schmeiser (1982), Batch Size Effects in the Analysis of Simulation Output, Operations Research 30.
    """
    ordered = sorted(set(rounds))
    count = min(len(ordered), max(FEWEST_BATCHES, min(len(ordered) // 2, MOST_BATCHES)))
    return {number: place * count // len(ordered) for place, number in enumerate(ordered)}


def lasting(influences: Floats) -> float:
    """By which factor disturbances that last longer than a batch raise the variance of a mean.

    (1 + r) / (1 - r), with r the correlation of successive batches, which few batches underestimate by (1 + 3 r) / n;
    at least ``LEAST_RAISED``. Under 5 batches it can't be told and is ``UNSEEN``.

    Source: Kendall (1954), Note on Bias in the Estimation of Autocorrelation, Biometrika 41.

    Args:
        influences: what each batch adds to the mean, in the order of time; they sum to 0.
    """
    n, total = influences.size, float(influences @ influences)
    if n < FEWEST_TO_CORRELATE or not total:
        return UNSEEN
    r = (n * float(influences[1:] @ influences[:-1]) / total + 1) / (n - 3)
    r = min(r, MOST_CORRELATED)
    return max((1 + r) / (1 - r), LEAST_RAISED)


def draw(generator: np.random.Generator, batches: int, times: int) -> Counts:
    """How often each batch is in each of ``times`` resamples of batches - 1 out of ``batches``.

    The plain bootstrap's variance is (n - 1) / n of the true one, which matters at 3 batches; one less mends it.

    Source: Rao & Wu (1988), Resampling Inference with Complex Survey Data, JASA 83.

    Returns:
        An array of ``times`` rows and ``batches`` columns.
    """
    picked = generator.integers(0, batches, (times, batches - 1)) + np.arange(times)[:, None] * batches
    counts: Counts = np.bincount(picked.ravel(), minlength=times * batches).reshape(times, batches)
    return counts


class Side:
    """One side of a comparison: answers in groups, each with one value or several, and in batches.

    Attributes:
        answers: how many there are.
        smallest: how many answers the smallest group has.
    """

    def __init__(self, groups: Groups, batches: Mapping[int, int]) -> None:
        flat = [(place, batches[number], values) for place, some in enumerate(groups) for number, values in some]
        self.answers, self.smallest = len(flat), min(map(len, groups))
        self.batches = max(batches.values(), default=-1) + 1
        self._sums, self._counts = np.zeros((2, len(groups), self.batches))
        for group, batch, values in flat:
            self._sums[group, batch] += values.sum()
            self._counts[group, batch] += values.size
        self._values = np.concatenate([np.empty(0), *(values for _, _, values in flat)])
        self._owners = np.repeat([batch for _, batch, _ in flat], [values.size for _, _, values in flat])

    def group_means(self) -> Floats:
        """The mean of the values of each group."""
        means: Floats = self._sums.sum(axis=1) / self._counts.sum(axis=1)
        return means

    def mean(self) -> float:
        """The mean of the groups' means."""
        return float(self.group_means().mean())

    def influences(self) -> Floats:
        """By how much each batch moves ``mean``; they sum to 0.

        Source: the linearised ratio of sums and counts, Davison & Hinkley (1997), Bootstrap Methods and their
        Application, section 3.8.
        """
        residuals = self._sums - self.group_means()[:, None] * self._counts
        found: Floats = (residuals / self._counts.sum(axis=1)[:, None]).mean(axis=0)
        return found

    def drawn_means(self, drawn: Counts) -> Floats:
        """``mean`` of each resample; a group that a resample misses keeps its own mean there."""
        sums, counts = drawn @ self._sums.T, drawn @ self._counts.T
        kept = np.where(counts > 0, sums / np.maximum(counts, 1), self.group_means())
        return np.asarray(kept.mean(axis=1))

    def percentile(self, share: float) -> float:
        """The percentile of all values together, by numpy's linear method."""
        return float(np.percentile(self._values, share * 100))

    @property
    def affordable(self) -> int:
        """How many resamples of a percentile to draw: each is a pass over the values; 200 to 2,000 of them."""
        return int(np.clip(_WORK // max(1, self._values.size), FEWEST_RESAMPLES, RESAMPLES))

    def drawn_percentiles(self, drawn: Counts, share: float) -> Floats:
        """``percentile`` of each resample; NaN of one without values."""
        order = np.argsort(self._values, kind="stable")
        ordered, owners = self._values[order], self._owners[order]
        found = np.empty(len(drawn))
        step = max(1, _DRAWS_AT_ONCE // max(1, ordered.size))
        for begin in range(0, len(drawn), step):
            reached = np.cumsum(drawn[begin : begin + step][:, owners], axis=1)
            found[begin : begin + step] = [_weighted(ordered, row, share) for row in reached]
        return found


def _weighted(ordered: Floats, reached: Counts, share: float) -> float:
    """The linear percentile of ascending values, of which ``reached`` tells how many there are up to each."""
    if not reached.size or not reached[-1]:
        return float("nan")
    position = (int(reached[-1]) - 1) * share
    low, high = np.searchsorted(reached, (int(position), int(np.ceil(position))), side="right")
    return float(ordered[low] + (ordered[high] - ordered[low]) * (position - int(position)))
