"""The figures of many answers, kept in columns of plain numbers."""

from array import array
from collections.abc import Collection
from math import nan

import numpy as np

from foundry_bench.values.cautions import Series
from foundry_bench.values.metrics import METRICS, total_tokens_per_s
from foundry_bench.values.record import Disturbance, Sample
from foundry_bench.values.result import Metrics
from foundry_bench.values.stats import Distribution, Floats, describe

TOTAL_RATE = "total_tokens_per_s"


class Pool:
    """Values that come several to an answer, with the sum and the count of each answer's."""

    __slots__ = ("counts", "sums", "values")

    def __init__(self) -> None:
        self.values = array("d")
        self.sums = array("d")
        self.counts = array("d")

    def add(self, values: Floats) -> None:
        """Append one answer's values."""
        self.values.frombytes(values.tobytes())
        self.sums.append(values.sum())
        self.counts.append(values.size)


class Columns:
    """The answers to one prompt: the round of each, and a column for each metric, where NaN stands for undefined.

    ``texts`` are the hashes of at most two different answers: enough to know that they differ. ``disturbed`` holds, by
    round, what else went on while an answer was measured, for the few where anything notable did.
    """

    __slots__ = ("disturbed", "figures", "pools", "rounds", "texts")

    def __init__(self) -> None:
        self.rounds = array("q")
        self.figures = {name: array("d") for name, metric in METRICS.items() if not metric.pooled}
        self.figures[TOTAL_RATE] = array("d")
        self.pools = {name: Pool() for name, metric in METRICS.items() if metric.pooled}
        self.texts: set[str] = set()
        self.disturbed: dict[int, Disturbance] = {}

    def add(self, sample: Sample) -> None:
        """Append one answer; O(its gaps)."""
        self.rounds.append(sample.round)
        if sample.disturbance:
            self.disturbed[sample.round] = sample.disturbance
        if len(self.texts) < 2:
            self.texts.add(sample.text_sha256)
        for name, metric in METRICS.items():
            value = metric.of(sample)
            if isinstance(value, np.ndarray):
                self.pools[name].add(value)
            elif not metric.pooled:
                self.figures[name].append(nan if value is None else value)
        total = total_tokens_per_s(sample)
        self.figures[TOTAL_RATE].append(nan if total is None else total)

    def series(self, name: str) -> Series:
        """The defined values of one column, with their rounds."""
        values, rounds = np.array(self.figures[name]), np.array(self.rounds)
        defined = ~np.isnan(values)
        return Series(rounds=rounds[defined], values=values[defined])


def describe_all(columns: Collection[Columns]) -> Metrics:
    """The distribution of every metric over all ``columns`` together."""
    return {
        name: _describe_pools([one.pools[name] for one in columns]) if metric.pooled else describe_column(columns, name)
        for name, metric in METRICS.items()
    }


def describe_column(columns: Collection[Columns], name: str) -> Distribution | None:
    """The distribution of one column over all ``columns`` together."""
    return describe(np.concatenate([np.empty(0), *(one.series(name).values for one in columns)]))


def _describe_pools(pools: Collection[Pool]) -> Distribution | None:
    values, sums, counts = (
        np.concatenate([np.empty(0), *(getattr(pool, part) for pool in pools)]) for part in ("values", "sums", "counts")
    )
    return describe(values, (sums, counts), overwrite_input=True)
