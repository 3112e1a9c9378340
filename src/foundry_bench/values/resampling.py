"""Answers in groups by prompt, and the resamples of them that intervals are made of."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Sample
from foundry_bench.values.stats import RESAMPLES, Floats

Counts = NDArray[np.int64]

FEWEST_RESAMPLES = 200
_WORK = 50_000_000
_DRAWS_AT_ONCE = 1 << 20


class Answers:
    """The figures of measured and answered requests, by metric and prompt: an array an answer."""

    def __init__(self) -> None:
        self._figures: dict[str, defaultdict[str, list[Floats]]] = {name: defaultdict(list) for name in METRICS}

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Self:
        """Take in the samples that enter the metrics; O(their gaps)."""
        found = cls()
        for sample in samples:
            if sample.phase == "measure" and sample.counts and sample.path != "openai":
                for name, metric in METRICS.items():
                    value = metric.of(sample)
                    if value is not None:
                        found._figures[name][sample.prompt_id].append(np.atleast_1d(np.asarray(value, np.float64)))
        return found

    def prompts(self, metric: str) -> Sequence[str]:
        """The prompts that have a figure."""
        return tuple(self._figures[metric])

    def side(self, metric: str, prompts: Sequence[str]) -> "Side":
        """The answers to these prompts in a group each; without any, all answers in one group."""
        figures = self._figures[metric]
        return Side([figures[prompt] for prompt in prompts] or [[one for some in figures.values() for one in some]])


class Side:
    """One side of a comparison: answers in groups, each with one value or several.

    Attributes:
        answers: how many there are; ``groups`` how many groups, ``smallest`` how many answers the smallest has.
    """

    def __init__(self, groups: Sequence[Sequence[Floats]]) -> None:
        self._sizes = [len(group) for group in groups]
        flat = [answer for group in groups for answer in group]
        self._sums = np.array([answer.sum() for answer in flat])
        self._counts = np.array([float(answer.size) for answer in flat])
        self._values = np.concatenate([np.empty(0), *flat])
        self.answers, self.groups, self.smallest = len(flat), len(groups), min(self._sizes)

    def group_means(self) -> Floats:
        """The mean of the values of each group."""
        starts = np.cumsum([0, *self._sizes[:-1]])
        means: Floats = np.add.reduceat(self._sums, starts) / np.add.reduceat(self._counts, starts)
        return means

    def mean(self) -> float:
        """The mean of the groups' means."""
        return float(self.group_means().mean())

    def standard_error(self) -> float:
        """Of ``mean``: by the linearised ratio of sums and counts within each group. Groups of two and more only."""
        variance, start = 0.0, 0
        for size, mean in zip(self._sizes, self.group_means(), strict=True):
            part = slice(start, start := start + size)
            residuals = self._sums[part] - mean * self._counts[part]
            variance += float(residuals @ residuals) * size / (size - 1) / float(self._counts[part].sum()) ** 2
        return float(np.sqrt(variance)) / self.groups

    def drawn_means(self, generator: np.random.Generator, times: int) -> Floats:
        """``mean`` of each of ``times`` resamples of n - 1 out of n answers a group."""
        means, start = np.zeros(times), 0
        for size in self._sizes:
            drawn = generator.integers(start, start + size, (times, size - 1))
            means += self._sums[drawn].sum(axis=1) / self._counts[drawn].sum(axis=1)
            start += size
        return means / self.groups

    def percentile(self, share: float) -> float:
        """The percentile of all values together, by numpy's linear method."""
        return float(np.percentile(self._values, share * 100))

    @property
    def affordable(self) -> int:
        """How many resamples of a percentile to draw: each is a pass over the values; 200 to 2,000 of them."""
        return int(np.clip(_WORK // max(1, self._values.size), FEWEST_RESAMPLES, RESAMPLES))

    def drawn_percentiles(self, generator: np.random.Generator, share: float, times: int) -> Floats:
        """``percentile`` of each of ``times`` resamples of n - 1 out of n answers a group."""
        order = np.argsort(self._values, kind="stable")
        ordered = self._values[order]
        owners = np.repeat(np.arange(self.answers), self._counts.astype(np.int64))[order]
        found = np.empty(times)
        step = max(1, _DRAWS_AT_ONCE // max(1, ordered.size))
        for begin in range(0, times, step):
            block = found[begin : begin + step]
            reached = np.cumsum(self._drawn(generator, block.size)[:, owners], axis=1)
            block[:] = [_weighted(ordered, row, share) for row in reached]
        return found

    def _drawn(self, generator: np.random.Generator, times: int) -> Counts:
        """How often each answer is drawn in each resample."""
        drawn: Counts = np.empty((times, self.answers), np.int64)
        start = 0
        for size in self._sizes:
            picked = generator.integers(0, size, (times, size - 1)) + np.arange(times)[:, None] * size
            counts = np.bincount(picked.ravel(), minlength=times * size)
            drawn[:, start : start + size] = counts.reshape(times, size)
            start += size
        return drawn


def _weighted(ordered: Floats, reached: Counts, share: float) -> float:
    """The linear percentile of ascending values, of which ``reached`` tells how many there are up to each."""
    position = (int(reached[-1]) - 1) * share
    low, high = np.searchsorted(reached, (int(position), int(np.ceil(position))), side="right")
    return float(ordered[low] + (ordered[high] - ordered[low]) * (position - int(position)))
