"""Which scores stand for quality."""

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from foundry_bench.values.quality import Source, quality_of
from foundry_bench.values.ratings import Rating, Ratings

AT = datetime(2026, 11, 22, tzinfo=UTC)
MODELS = ("a", "b")


def ratings(**models: str) -> Ratings:
    """Of each kind the models that have a score of 3 for the prompt p, and of those in capitals one of 5 for q, too."""
    found = {
        kind: tuple(
            Rating(model=name.lower(), prompt_id=prompt, text_sha256="x", score=score, by=kind, at=AT)
            for name in some
            for prompt, score in (("p", 3), ("q", 5))[: 1 + name.isupper()]
        )
        for kind, some in models.items()
    }
    return Ratings(run="r", hand=found.get("hand", ()), judge=found.get("judge", ()), check=found.get("check", ()))


@pytest.mark.parametrize(
    ("given", "source", "lacking", "passed_over"),
    [
        ({"hand": "ab", "judge": "ab", "check": "ab"}, "hand", (), {}),
        ({"judge": "ab", "check": "ab"}, "judge", (), {}),
        ({"check": "ab"}, "check", (), {}),
        ({"hand": "a", "judge": "b", "check": "ab"}, "check", (), {"hand": ("b",), "judge": ("a",)}),
        ({"hand": "b", "check": "a"}, "hand", ("a",), {}),
        ({"hand": "c", "check": "a"}, "check", ("b",), {}),
    ],
)
def test_the_first_kind_that_covers_all_models(
    given: Mapping[str, str], source: Source, lacking: tuple[str, ...], passed_over: Mapping[Source, tuple[str, ...]]
) -> None:
    found = quality_of(ratings(**given), MODELS)
    assert found
    assert (found.source, found.lacking, found.passed_over) == (source, lacking, passed_over)


def test_a_mean_is_over_the_prompts_that_are_scored_for_all() -> None:
    alone, both = quality_of(ratings(hand="A"), MODELS), quality_of(ratings(hand="Ab"), MODELS)
    assert alone
    assert both
    assert (alone.mean("a"), alone.mean("b"), both.mean("a")) == (4.0, None, 3.0)
    assert quality_of(ratings(), MODELS) is None
