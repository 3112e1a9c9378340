from datetime import UTC, datetime

import numpy as np
import pytest

from foundry_bench.values.agreement import agreements, kappa_interval, weighted_kappa
from foundry_bench.values.ratings import Rating, means, prompt_means

AT = datetime(2026, 11, 22, tzinfo=UTC)


def rating(
    score: float | None, *, by: str = "ada", text: str = "t", facet: str = "overall", model: str = "m"
) -> Rating:
    return Rating(model=model, prompt_id="p", text_sha256=text, score=score, by=by, at=AT, facet=facet)


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [
        # By hand: 1 - mean((x - y)^2) / (var x + var y + (mean x - mean y)^2).
        ([1, 2, 3, 4, 5], [1, 2, 3, 4, 5], 1.0),
        ([1, 5], [5, 1], 1 - 16 / 8),
        ([1, 1, 5, 5], [1, 5, 1, 5], 1 - 8 / 8),
        ([1, 2, 3], [2, 3, 4], 1 - 1 / (2 / 3 + 2 / 3 + 1)),
        ([3, 3], [1, 5], 1 - 4 / 4),
        ([4, 4, 4], [4, 4, 4], None),
        ([2, 2], [4, 4], 1 - 4 / 4),
        ([], [], None),
    ],
)
def test_kappa(first: list[float], second: list[float], kappa: float | None) -> None:
    found = weighted_kappa(np.array(first, float), np.array(second, float))
    assert found == (kappa if kappa is None else pytest.approx(kappa))


def test_kappa_is_that_of_the_table_of_agreement() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.integers(1, 6, (2, 40)).astype(float)
    table = np.zeros((5, 5))
    for one, other in zip(first, second, strict=True):
        table[int(one) - 1, int(other) - 1] += 1 / 40
    weights = (np.arange(5)[:, None] - np.arange(5)) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    by_table = 1 - float((weights * table).sum()) / float((weights * expected).sum())
    assert weighted_kappa(first, second) == pytest.approx(by_table)


def test_the_interval_narrows_with_more_answers_and_holds_kappa() -> None:
    generator = np.random.default_rng(2)
    truth = generator.integers(1, 6, 400).astype(float)
    other = np.clip(truth + generator.integers(-1, 2, 400).astype(float), 1.0, 5.0)
    few, many = kappa_interval(truth[:20], other[:20]), kappa_interval(truth, other)
    assert few is not None
    assert many is not None
    assert many[1] - many[0] < few[1] - few[0]
    assert many[0] < (weighted_kappa(truth, other) or 0) < many[1]
    assert kappa_interval(truth, other) == many
    assert kappa_interval(truth[:4], other[:4]) is None
    assert kappa_interval(np.full(9, 3.0), np.full(9, 3.0)) is None


def test_who_agrees_with_whom() -> None:
    ratings = [rating(score, text=text, by=by) for by in "ab" for text, score in (("x", 1), ("y", 5))]
    ratings += [rating(1, text="x", by="b", model="twin"), rating(None, text="z", by="a"), rating(5, text="z", by="b")]
    ratings += [rating(3, text="x", by="a", facet="tone"), rating(3, text="y", by="c")]
    (found,) = agreements(ratings)
    assert (found.facet, found.first, found.second, found.n) == ("overall", "a", "b", 2)
    assert (found.kappa, found.ci95, found.same) == (1.0, None, 1.0)


def test_the_whole_counts_where_it_is_rated_else_its_facets() -> None:
    ratings = [rating(1), rating(5, facet="tone"), rating(2, by="bob", facet="tone"), rating(4, by="bob", facet="true")]
    assert means(ratings) == {"m": (2.0, 2)}
    assert prompt_means(ratings) == {"m": {"p": 2.0}}
    assert means([rating(1 + 4 * 2 / 3, by="check", facet="parts")])["m"] == (1 + 4 * 2 / 3, 1)
