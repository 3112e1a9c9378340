from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foundry_bench.values.quality import Quality
from foundry_bench.values.reasons import decision, flips, if_let_in, sentences
from foundry_bench.values.scorecard import CRITERIA, Candidate, Scorecard, score, widened
from foundry_bench.values.stats import Floats

FAST = {"latency": 1.0, "throughput": 100.0, "memory": 200.0, "quality": 1.0, "footprint": 50.0}
GOOD = {"latency": 2.0, "throughput": 50.0, "memory": 400.0, "quality": 4.0, "footprint": 100.0}
NAMES = {name: criterion.figure for name, criterion in CRITERIA.items()}

CARD = {name: criterion.weight for name, criterion in CRITERIA.items()}


def noisy(value: float, spread: float, seed: int) -> Floats:
    return value * np.exp(np.random.default_rng(seed).normal(0, spread, 500))


def candidate(name: str, figures: Mapping[str, float], spread: float = 0.02, seed: int = 0) -> Candidate:
    drawn = {one: noisy(figures[one], spread, seed) for one in ("latency",) if one in figures}
    return Candidate(name=name, figures=figures, drawn=drawn)


def two(weights: Mapping[str, float], spread: float = 0.02) -> Scorecard:
    return score([candidate("fast", FAST, spread, 1), candidate("good", GOOD, spread, 2)], weights, rounds=10)


def test_the_score_is_the_weighted_product_of_ratios() -> None:
    card = two({"latency": 1, "quality": 1})
    assert {one.name: one.score for one in card.ranking} == pytest.approx({"good": 0.5**0.5, "fast": 0.25**0.5})
    assert card.ranking[0].ratios == pytest.approx({"latency": 0.5, "quality": 1.0})
    assert card.weights == {"latency": 0.5, "quality": 0.5}


def test_twice_in_all_against_four_times_in_quality_flips_at_a_third() -> None:
    """With quality weighing x: x ln 4 = (1 - x) ln 2 at x = 1/3, whatever the other weights are to each other."""
    card = two(CARD)
    assert (card.ranking[0].name, card.decided) == ("good", True)
    (quality,) = (flip for flip in card.flips if flip.criterion == "quality")
    assert (quality.below, quality.winner) == (True, "fast")
    assert quality.weight == pytest.approx(1 / 3)
    # Latency at x, and quality keeping 0.6 of the rest: 0.6 (1 - x) ln 4 = x ln 2 + 0.4 (1 - x) ln 2 at x = 4/9.
    (latency,) = (flip for flip in card.flips if flip.criterion == "latency")
    assert not latency.below
    assert latency.weight == pytest.approx(4 / 9)


@pytest.mark.parametrize("others", [[], [Candidate(name="large", figures={"footprint": 900.0, "memory": 300.0})]])
def test_between_two_that_are_alike_in_all_that_counts_nothing_is_decided(others: list[Candidate]) -> None:
    alike = [Candidate(name=name, figures={"footprint": 86.0, "memory": 300.0}) for name in ("one", "other")]
    card = score([*alike, *others], {"footprint": 2, "memory": 1}, rounds=5)
    assert [one.wins for one in card.ranking] == [0.5, 0.5, *(0 for _ in others)]
    assert not card.decided
    assert decision(card) == "No decision: one and other are tied, with a score of 1.00 each."


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.floats(0.01, 100), min_size=5, max_size=5), min_size=2, max_size=5),
    st.lists(st.floats(0.05, 1), min_size=5, max_size=5),
)
def test_on_either_side_of_a_flip_the_order_is_what_it_says(
    rows: list[list[float]], given_weights: list[float]
) -> None:
    candidates = [
        Candidate(name=str(place), figures=dict(zip(CRITERIA, row, strict=True))) for place, row in enumerate(rows)
    ]
    weights = dict(zip(CRITERIA, given_weights, strict=True))
    card = score(candidates, weights, rounds=5)
    for flip in card.flips:
        for shift in (-1e-6, 1e-6):
            at = flip.weight + shift
            rest = 1 - card.weights[flip.criterion]
            moved = {name: weight * (1 - at) / rest for name, weight in card.weights.items()} | {flip.criterion: at}
            if min(moved.values()) > 0:
                scores = {one.name: one.score for one in score(candidates, moved, rounds=5).ranking}
                lead = scores[card.ranking[0].name] - scores[flip.winner]
                assert lead <= 1e-9 if (shift < 0) == flip.below else lead >= -1e-9


@settings(max_examples=40, deadline=None)
@given(
    # Equal, or apart by more than the last digit of a logarithm.
    st.lists(st.floats(0.01, 100).map(lambda value: float(f"{value:.9g}")), min_size=2, max_size=6),
    st.floats(0.001, 1000),
)
def test_units_and_further_candidates_change_no_order(values: list[float], unit: float) -> None:
    def order(some: list[float]) -> list[str]:
        candidates = [Candidate(name=str(place), figures={"latency": one}) for place, one in enumerate(some)]
        return [one.name for one in score(candidates, {"latency": 1}, rounds=5).ranking]

    assert order(values) == [str(place) for place in np.argsort(values, kind="stable")]
    rest = [name for name in order([*values, 0.005]) if name != str(len(values))]
    assert rest == order(values)
    if len({float(f"{value * unit:.12g}") for value in values}) == len(values):
        assert order([value * unit for value in values]) == order(values)


def test_the_pareto_front() -> None:
    worse = {name: value * (1.1 if CRITERIA[name].better == "lower" else 0.9) for name, value in GOOD.items()}
    candidates = [candidate("worse", worse), candidate("good", GOOD), candidate("fast", FAST), candidate("twin", FAST)]
    card = score(candidates, dict.fromkeys(CRITERIA, 1.0), rounds=10)
    assert {one.name for one in card.ranking if one.pareto} == {"good", "fast", "twin"}


def test_noise_keeps_it_from_deciding_and_more_rounds_would() -> None:
    close = {**FAST, "latency": 1.08}
    card = score([candidate("a", FAST, 0.05, 1), candidate("b", close, 0.05, 2)], {"latency": 1}, rounds=10)
    assert not card.decided
    assert 0.5 < card.ranking[0].wins < 0.95
    assert card.rounds is not None
    assert card.rounds > 10
    assert decision(card).startswith("No decision: a is first in ")
    assert any(line == f"About {card.rounds} rounds would separate a from b." for line in sentences(card, NAMES))


def test_scores_that_cancel_out_are_a_tie() -> None:
    card = score(
        [candidate("a", FAST, 0), candidate("b", GOOD, 0)], {"latency": 1, "throughput": 1, "quality": 1}, rounds=5
    )
    assert decision(card) == "No decision: a and b are tied, with a score of 0.63 each."


def test_the_default_weights_are_the_mean_of_all_that_keep_their_order() -> None:
    places = range(1, len(CRITERIA) + 1)
    centroids = [sum(1 / rank for rank in places if rank >= place) / len(places) for place in places]
    ordered = ("quality", "latency", "throughput", "memory", "footprint")
    assert [CRITERIA[name].weight for name in ordered] == pytest.approx(centroids, abs=0.025)
    assert sum(one.weight for one in CRITERIA.values()) == pytest.approx(1)


@pytest.mark.parametrize("rounds", [1, 2])
def test_fewer_than_three_rounds_decide_nothing_timed(rounds: int) -> None:
    card = score([candidate("fast", FAST, 0.01), candidate("good", GOOD, 0.01)], {"latency": 1}, rounds=rounds)
    assert (card.decided, card.too_few_rounds, card.rounds) == (False, True, None)
    assert [one.ci95 for one in card.ranking] == [None, None]
    assert decision(card) == "No decision: fast leads, but of fewer than 3 rounds nothing tells how surely."
    assert "Measure 3 rounds or more." in list(sentences(card, NAMES))
    assert score([candidate("fast", FAST), candidate("good", GOOD)], {"footprint": 1}, rounds=rounds).decided


def test_no_interval_leaves_its_own_score_out() -> None:
    """Chance may give each resample a model that is better in one criterion, though none is by the figures."""
    turns = np.array([0.5, 2.0] * 500)
    steady, torn = dict.fromkeys(("latency", "throughput"), 1.0), dict.fromkeys(("latency", "throughput"), 1.01)
    some = [
        Candidate(name="a", figures=steady),
        Candidate(name="b", figures=torn, drawn={"latency": turns, "throughput": turns}),
    ]
    for one in score(some, {"latency": 1, "throughput": 1}, rounds=10).ranking:
        assert one.ci95 is not None
        assert one.ci95[0] <= one.score <= one.ci95[1]


def test_who_is_alone_is_not_called_chosen() -> None:
    assert decision(score([candidate("fast", FAST)], CARD, rounds=10)) == (
        "Only fast is left: there was nothing to compare it with."
    )


def test_a_tie_but_for_the_third_digit_shows_it() -> None:
    near = [candidate("a", {**FAST, "memory": 200.0}), candidate("b", {**FAST, "memory": 201.0})]
    told = next(if_let_in(score(near, {"memory": 1}, rounds=10), {"b"}, NAMES))
    assert told.endswith("with a score of 1.000 against 0.995.")


def test_answers_too_short_to_be_judged_are_named() -> None:
    assert list(sentences(two(CARD), NAMES, short=["fast"]))[-1] == (
        "Answers of fast are too short to tell whether they go round in circles: read them."
    )


def test_a_criterion_that_one_lacks_is_left_out_for_all() -> None:
    remote = {name: value for name, value in GOOD.items() if name != "memory"}
    card = score([candidate("fast", FAST), candidate("remote", remote)], {"latency": 1, "memory": 3}, rounds=10)
    assert (card.weights, card.left_out) == ({"latency": 1.0}, {"memory": ("remote",)})
    assert "Memory is left out for all: it isn't known of remote." in list(sentences(card, NAMES))


def test_what_no_candidate_has_is_left_out_in_one_line() -> None:
    card = score([candidate("a", {"latency": 1.0}), candidate("b", {"latency": 2.0})], CARD, rounds=10)
    assert list(sentences(card, NAMES))[-2:] == [
        "Quality is left out: nobody has rated the answers ('foundry-bench rate', 'foundry-bench judge').",
        "Throughput, memory and footprint are left out: they aren't known.",
    ]


def test_a_choice_without_ratings_says_so() -> None:
    some = [{name: value for name, value in one.items() if name != "quality"} for one in (FAST, GOOD)]
    card = score([candidate("fast", some[0]), candidate("good", some[1])], CARD, rounds=10)
    assert decision(card) == "Choose fast: it is first in 100 % of the resamples, by all but quality."


def test_what_would_be_with_degenerate_output_let_in_is_told_with_its_flip_point() -> None:
    told = list(if_let_in(two(CARD), {"fast"}, NAMES))
    assert told[0] == (
        "With fast let in all the same ('--accept-degenerate'), good is first in 100 % of the resamples, "
        "with a score of 0.68 against 0.54."
    )
    assert told[1].startswith("good against fast: better in quality (4.0 of 5 against 1.0 of 5, 4 times); worse in ")
    assert "quality weighs less than 0.33 (now 0.45)" in told[2]
    by_speed = list(if_let_in(two({"latency": 1, "throughput": 1}), {"fast"}, NAMES))
    assert "fast is first in 100 % of the resamples, with a score of 1.00 against 0.50" in by_speed[0]
    assert list(if_let_in(None, {"fast"}, NAMES)) == []


def test_nothing_known_decides_nothing() -> None:
    card = score([Candidate(name="a", figures={}), Candidate(name="b", figures={})], {"latency": 1}, rounds=0)
    assert (card.weights, card.decided) == ({}, False)


def test_the_reasons_are_the_figures() -> None:
    card = two(CARD)
    assert decision(card) == "Choose good: it is first in 100 % of the resamples."
    first, second = sentences(card, NAMES)
    assert first == (
        "good against fast: better in quality (4.0 of 5 against 1.0 of 5, 4 times); worse in latency (2.00 s against "
        "1.00 s, 2 times), throughput (50.0 tok/s against 100 tok/s, 2 times), memory (400 MB against 200 MB, 2 times) "
        "and footprint (100 MB against 50.0 MB, 2 times)."
    )
    assert [second] == list(flips(card))
    assert second == (
        "fast leads where latency weighs more than 0.44 (now 0.25), throughput weighs more than 0.37 (now 0.15), "
        "memory weighs more than 0.33 (now 0.10), quality weighs less than 0.33 (now 0.45) or footprint weighs more "
        "than 0.30 (now 0.05)."
    )


def test_ratings_that_are_missing_are_told() -> None:
    bare = {name: value for name, value in FAST.items() if name != "quality"}
    none = score([candidate("a", bare), candidate("b", bare)], {"latency": 1, "quality": 1}, rounds=10)
    assert any(line.startswith("Quality is left out: nobody has rated") for line in sentences(none, NAMES))
    some = score([candidate("a", bare), candidate("b", FAST)], {"latency": 1, "quality": 1}, rounds=10)
    quality = Quality(source="judge", scores={"b": {"p": 1.0}}, prompts=("p",), lacking=("a",))
    assert "Ratings by judge of a would let quality count." in sentences(some, NAMES, quality)


def test_few_units_are_spread_wider() -> None:
    drawn = noisy(2.0, 0.05, 1)
    spreads = [float(np.std(np.log(widened(2.0, drawn, units)))) for units in (3, 8, 1000)]
    assert spreads[0] / spreads[2] == pytest.approx(4.3027 / 1.96, rel=0.01)
    assert spreads[0] > spreads[1] > spreads[2] == pytest.approx(0.05, rel=0.1)
