"""How far two raters agree: weighted kappa with its interval."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from foundry_bench.values.ratings import Rating
from foundry_bench.values.stats import RESAMPLES, SEED, Floats

# Under this, a resample too often holds one answer only, or one score only.
FEWEST_FOR_INTERVAL = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two raters' scores of one facet.

    Attributes:
        n: how many distinct answers both scored.
        kappa: from -1 over 0 (no more than by chance) to 1; None where both gave one and the same score throughout.
        ci95: its 95 % interval; None where the answers are too few or too much alike.
        same: the share of answers with equal scores.
    """

    facet: str
    first: str
    second: str
    n: int
    kappa: float | None
    ci95: tuple[float, float] | None
    same: float


def weighted_kappa(first: Floats, second: Floats) -> float | None:
    """Cohen's kappa with quadratic weights, of two arrays of scores of one length.

    kappa = 1 - sum(w o) / sum(w e), where o are the observed shares of the pairs of scores, e those expected where the
    two raters' scores are independent, and w = (i - j)^2. That is 1 - mean (x - y)^2 / mean over all pairs of
    answers of (x_i - y_j)^2. Undefined of no answers, and where both gave one and the same score throughout.

    Source: Cohen (1968), Weighted kappa, Psychological Bulletin 70(4).
    """
    if not first.size:
        return None
    found = _kappas(first[None, :], second[None, :])[0]
    return None if np.isnan(found) else float(found)


def kappa_interval(first: Floats, second: Floats) -> tuple[float, float] | None:
    """The 95 % percentile-bootstrap interval of ``weighted_kappa``, by resampling answers, from a fixed seed.

    None under 5 answers, and where kappa is undefined in more than one resample of ten: the others would mislead.
    As any such interval it is too narrow for few answers.
    """
    if first.size < FEWEST_FOR_INTERVAL:
        return None
    drawn = np.random.default_rng(SEED).integers(0, first.size, (RESAMPLES, first.size))
    kappas = _kappas(first[drawn], second[drawn])
    defined = kappas[~np.isnan(kappas)]
    if defined.size < 0.9 * RESAMPLES:
        return None
    low, high = np.percentile(defined, (2.5, 97.5)).tolist()
    return low, high


def _kappas(first: Floats, second: Floats) -> Floats:
    """Kappa of each row; NaN where it is undefined."""
    observed = ((first - second) ** 2).mean(axis=1)
    apart = first.mean(axis=1) - second.mean(axis=1)
    expected = first.var(axis=1) + second.var(axis=1) + apart**2
    found: Floats = np.full(observed.shape, np.nan)
    np.divide(observed, expected, out=found, where=expected > 1e-12)
    return 1 - found


def agreements(ratings: Iterable[Rating]) -> tuple[Agreement, ...]:
    """The agreement of each two raters on each facet of which both scored two answers or more.

    Equal texts to one prompt are one answer, whichever models gave them.
    """
    scores: dict[str, dict[str, dict[tuple[str, str], float]]] = {}
    for one in ratings:
        if one.score is not None:
            said = scores.setdefault(one.facet, {}).setdefault(one.by, {})
            said[one.prompt_id, one.text_sha256] = float(one.score)
    found = []
    for facet, raters in scores.items():
        names = sorted(raters)
        for place, first in enumerate(names):
            for second in names[place + 1 :]:
                shared = sorted(raters[first].keys() & raters[second].keys())
                if len(shared) > 1:
                    pair = [np.array([raters[name][key] for key in shared]) for name in (first, second)]
                    found.append(_agreement(facet, first, second, *pair))
    return tuple(found)


def _agreement(facet: str, first: str, second: str, one: Floats, other: Floats) -> Agreement:
    return Agreement(
        facet=facet,
        first=first,
        second=second,
        n=one.size,
        kappa=weighted_kappa(one, other),
        ci95=kappa_interval(one, other),
        same=float((one == other).mean()),
    )
