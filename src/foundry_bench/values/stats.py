"""Distributions of measured figures: percentiles, the interval of the mean, outlying values."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

SEED = 0
RESAMPLES = 2_000
NORMAL_LIMIT = 1_000
OUTLIER_SCORE = 3.5

Z95 = 1.9599639845400536  # the 97.5 % quantile of the normal distribution
_DRAWS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """Summary of ``n`` finite values, in their own unit.

    Attributes:
        std: sample standard deviation (n - 1); None for one value.
        p50: this and the other percentiles by numpy's ``linear`` method (Hyndman & Fan's type 7).
        ci95_mean: 95 % interval of the mean; None where there is nothing to resample.
    """

    n: int
    mean: float
    std: float | None
    min: float
    p50: float
    p90: float
    p95: float
    p99: float
    max: float
    ci95_mean: tuple[float, float] | None


def describe(
    values: ArrayLike, clusters: tuple[ArrayLike, ArrayLike] | None = None, *, overwrite_input: bool = False
) -> Distribution | None:
    """Describe ``values`` (any shape, no NaN) in O(n) time and one copy of their memory.

    Args:
        values: the values, pooled.
        clusters: sum and count of the values of each cluster (two arrays of one length), where values come
            in clusters whose members resemble each other, as the gaps within one answer do.
            They tell ``ci95_mean`` what to resample; without them each value stands for itself.
        overwrite_input: lets ``values`` be reordered and changed in place, which saves the copy.

    Returns:
        The distribution, or None of no values.
    """
    data = np.array(values, dtype=np.float64, copy=None if overwrite_input else True).ravel()
    if not data.size:
        return None
    interval = mean_interval(data) if clusters is None else mean_interval(*map(np.asarray, clusters))
    mean, lowest, highest = float(data.mean()), float(data.min()), float(data.max())
    p50, p90, p95, p99 = np.percentile(data, (50, 90, 95, 99), overwrite_input=True).tolist()
    data -= mean
    return Distribution(
        n=data.size,
        mean=mean,
        std=float(np.sqrt(data @ data / (data.size - 1))) if data.size > 1 else None,
        min=lowest,
        p50=p50,
        p90=p90,
        p95=p95,
        p99=p99,
        max=highest,
        ci95_mean=interval,
    )


def mean_interval(sums: Floats, counts: Floats | None = None) -> tuple[float, float] | None:
    """The 95 % percentile-bootstrap interval of a mean, in the unit of the values.

    What is resampled with replacement, ``RESAMPLES`` times from a fixed seed and in blocks of bounded memory,
    are single values (``sums``), or with ``counts`` clusters, each given by the sum and the count of its values
    (two arrays of one length): the mean of a resample is then the sum of its sums over the sum of its counts.

    Above ``NORMAL_LIMIT`` units the normal limit of the same bootstrap stands in. Its variance is known in closed
    form (for clusters by linearisation of the ratio), and the two intervals differ by the skewness of the mean,
    which shrinks with the root of the number of units and is by then within the noise of drawing; drawing would
    cost 2,000 passes over the data.

    Of few units the interval is too narrow, as any percentile bootstrap's: it holds the true mean in some
    74 % of cases at 3 units, 90 % at 12 and 93 % at 30 (simulated, mildly skewed values).

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13; clusters and the linearised
    ratio: Davison & Hinkley (1997), Bootstrap Methods and their Application, sections 2.7 and 3.8.

    Returns:
        (low, high), or None under two units.
    """
    units = sums.size
    if units < 2:
        return None
    if units > NORMAL_LIMIT:
        total = float(units if counts is None else counts.sum())
        mean = float(sums.sum()) / total
        residuals = sums - mean * (1 if counts is None else counts)
        margin = Z95 * float(np.sqrt(residuals @ residuals)) / total
        return mean - margin, mean + margin
    generator = np.random.default_rng(SEED)
    means = np.empty(RESAMPLES)
    step = max(1, _DRAWS_AT_ONCE // units)
    for start in range(0, RESAMPLES, step):
        block = means[start : start + step]
        drawn = generator.integers(0, units, (block.size, units), dtype=np.int32)
        block[:] = sums[drawn].sum(axis=1) / (units if counts is None else counts[drawn].sum(axis=1))
    low, high = np.percentile(means, (2.5, 97.5)).tolist()
    return low, high


def modified_z_scores(values: Floats) -> Floats:
    """How many standard deviations each value lies from the median, judged by robust spread.

    0.6745 (x - median) / MAD, where MAD is the median absolute deviation; where that is 0 (more than half
    of the values are equal) (x - median) / (1.253314 x mean absolute deviation). Beyond ``OUTLIER_SCORE``
    in size a value is an outlier. Zeros for fewer than 5 values, which can't tell, or values all equal.

    Source: Iglewicz & Hoaglin (1993), How to Detect and Handle Outliers; the fallback as IBM Cognos documents it.
    """
    if values.size < 5:
        return np.zeros(values.size)
    deviations = values - np.median(values)
    sizes = np.abs(deviations)
    spread = float(np.median(sizes)) / 0.6745 or float(sizes.mean()) * 1.253314
    return deviations / spread if spread else np.zeros(values.size)
