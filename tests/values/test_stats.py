"""Distributions by hand, against the standard library, and by properties."""

import math
import statistics
import tracemalloc
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import known
from foundry_bench.values import stats
from foundry_bench.values.stats import OUTLIER_SCORE, describe, mean_interval, modified_z_scores

FINITE = st.floats(min_value=-1e6, max_value=1e6, allow_nan=False)


def test_nothing_has_no_distribution() -> None:
    assert describe([]) is None


def test_one_value_has_no_spread() -> None:
    found = known(describe([0.25]))
    assert (found.n, found.mean, found.std, found.ci95_mean) == (1, 0.25, None, None)
    assert {found.min, found.p50, found.p90, found.p95, found.p99, found.max} == {0.25}


def test_four_values_by_hand() -> None:
    found = known(describe([4.0, 1.0, 3.0, 2.0]))
    assert (found.n, found.mean, found.min, found.max) == (4, 2.5, 1.0, 4.0)
    assert found.std == pytest.approx(math.sqrt(5 / 3))
    # The p-th of 4 stands at 1 + 3 p: halfway between 2 and 3, seven tenths from 3 to 4, and so on.
    assert (found.p50, found.p90, found.p95, found.p99) == pytest.approx((2.5, 3.7, 3.85, 3.97))


def test_twenty_values_do_not_make_p99_the_maximum() -> None:
    found = known(describe(range(1, 21)))
    assert (found.p95, found.p99) == pytest.approx((19.05, 19.81))


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = known(describe([0.5] * 7))
    assert (found.std, found.ci95_mean) == (0.0, (0.5, 0.5))


def test_the_bootstrap_of_two_values() -> None:
    # Resamples of (0, 1) have the means 0, 1/2, 1 with the chances 1/4, 1/2, 1/4: both tails are over 2.5 %.
    assert mean_interval(np.array([0.0, 1.0])) == (0.0, 1.0)


def test_the_interval_is_the_same_each_time() -> None:
    values = np.random.default_rng(1).lognormal(size=50)
    assert mean_interval(values) == mean_interval(values)


def test_clusters_of_one_value_are_the_ordinary_bootstrap() -> None:
    values = np.random.default_rng(1).lognormal(size=50)
    assert mean_interval(values, np.ones(50)) == mean_interval(values)


def test_one_cluster_has_no_interval() -> None:
    found = known(describe([0.1, 0.2, 0.3], ([0.6], [3])))
    assert found.ci95_mean is None
    assert found.std == pytest.approx(0.1)


def test_values_alike_within_clusters_give_a_wider_interval() -> None:
    levels = np.random.default_rng(1).normal(10, 1, 20)
    values = np.repeat(levels, 100)
    clustered = known(known(describe(values, (levels * 100, np.full(20, 100)))).ci95_mean)
    pooled = known(known(describe(values)).ci95_mean)
    assert clustered == pytest.approx(known(mean_interval(levels)))
    assert np.diff(clustered) > 5 * np.diff(pooled)


def test_a_cluster_counts_by_its_size() -> None:
    # Whatever is drawn, the mean lies between those of the clusters, and near that of the large one.
    assert mean_interval(np.array([100.0, 0.0]), np.array([100.0, 1.0])) == (0.0, 1.0)
    found = known(describe(np.r_[np.ones(100), 0.0], ([100.0, 0.0], [100, 1])))
    assert found.mean == pytest.approx(100 / 101)


def test_many_values_take_the_normal_limit() -> None:
    values = np.tile([0.0, 1.0], 501)
    margin = NormalDist().inv_cdf(0.975) * 0.5 / math.sqrt(1002)
    assert mean_interval(values) == pytest.approx((0.5 - margin, 0.5 + margin))


def test_the_normal_limit_agrees_with_the_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(1)
    counts = generator.integers(50, 150, 1000).astype(float)
    sums = counts * generator.lognormal(0, 0.3, 1000)
    drawn = known(mean_interval(sums, counts))
    monkeypatch.setattr(stats, "NORMAL_LIMIT", 999)
    limit = known(mean_interval(sums, counts))
    assert np.diff(limit) == pytest.approx(np.diff(drawn), rel=0.1)
    assert np.mean(limit) == pytest.approx(np.mean(drawn), rel=0.002)


def test_drawing_takes_bounded_memory() -> None:
    values = np.random.default_rng(1).lognormal(size=1000)
    tracemalloc.start()
    mean_interval(values)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8e6


def test_the_input_is_left_alone_unless_given_away() -> None:
    values = np.array([3.0, 1.0, 2.0])
    describe(values)
    assert values.tolist() == [3.0, 1.0, 2.0]
    assert describe(values, overwrite_input=True) == describe([3.0, 1.0, 2.0])


@given(st.lists(FINITE, min_size=2, max_size=60))
def test_agrees_with_the_standard_library(values: list[float]) -> None:
    found = known(describe(values))
    scale = max(1.0, *map(abs, values))
    assert found.mean == pytest.approx(statistics.fmean(values), abs=1e-9 * scale)
    assert found.std == pytest.approx(statistics.stdev(values), abs=1e-6 * scale)
    assert found.p50 == pytest.approx(statistics.median(values), abs=1e-9 * scale)
    order = [found.min, found.p50, found.p90, found.p95, found.p99, found.max]
    assert all(low <= high + 1e-9 * scale for low, high in pairwise(order))
    low, high = known(found.ci95_mean)
    assert found.min - 1e-9 * scale <= low <= high <= found.max + 1e-9 * scale


@pytest.mark.parametrize(
    ("values", "scores"),
    [
        # Median 3, deviations 2 1 0 1 97, their median 1.
        ([1.0, 2.0, 3.0, 4.0, 100.0], [-1.349, -0.6745, 0.0, 0.6745, 65.4265]),
        # Median and MAD 10 and 0; the mean absolute deviation is 90 / 8.
        ([10.0] * 7 + [100.0], [0.0] * 7 + [90 / (1.253314 * 11.25)]),
        ([1.0, 1.0, 1.0, 100.0], [0.0] * 4),
        ([2.0] * 9, [0.0] * 9),
        ([], []),
    ],
)
def test_modified_z_scores(values: list[float], scores: list[float]) -> None:
    assert modified_z_scores(np.array(values)) == pytest.approx(np.array(scores))


def test_a_normal_sample_has_few_outliers() -> None:
    scores = modified_z_scores(np.random.default_rng(1).normal(size=1000))
    assert np.count_nonzero(np.abs(scores) > OUTLIER_SCORE) <= 3
