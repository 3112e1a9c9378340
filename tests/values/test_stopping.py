"""Rules that end the rounds: as written, and as they decide."""

from collections.abc import Mapping

import pytest

from factories import make_plan, make_sample
from foundry_bench.values.errors import InputError
from foundry_bench.values.resampling import UNSEEN, Answers
from foundry_bench.values.stopping import WATCHED, Pace, decide, next_look, next_round, parse_until, relative_margin

QUICK, SLOW = (1.0, 1.02, 0.98), (1.5, 1.52, 1.48)


def answers(rounds: int, levels: tuple[float, ...]) -> Answers:
    """Two prompts whose latencies repeat themselves round by round."""
    return Answers.of(
        make_sample(prompt_id=prompt, round=number + 1, latency_s=factor * levels[number % len(levels)])
        for number in range(rounds)
        for prompt, factor in (("a", 1.0), ("b", 3.0))
    )


def pair(rounds: int, one: tuple[float, ...], other: tuple[float, ...]) -> Mapping[str, Answers]:
    return {"m": answers(rounds, one), "n": answers(rounds, other)}


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("5%", "latency_s.mean within 5%"),
        ("within 2.5 %", "latency_s.mean within 2.5%"),
        (" ttft_s.mean within 3%", "ttft_s.mean within 3%"),
        ("separated", "latency_s.mean separated"),
        ("decode_tokens_per_s.mean separated", "decode_tokens_per_s.mean separated"),
    ],
)
def test_a_rule_is_written_out(text: str, whole: str) -> None:
    assert str(parse_until(text)) == whole
    assert parse_until(whole) == parse_until(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rule"),
        ("soon", "no rule"),
        ("0%", "more than 0"),
        ("100%", "less than 100"),
        ("ttft_s.p95 within 5%", "write ttft_s.mean"),
        ("speed.mean separated", "no figure 'speed.mean'"),
    ],
)
def test_what_is_no_rule_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_until(text)


def test_the_margin_is_students_over_batches_of_rounds() -> None:
    # Three rounds are three batches; both prompts move together: mean 2, standard error 2 x 0.02 / sqrt(3), t 4.303;
    # raised for what three batches can't show, and for being looked at repeatedly.
    margin = relative_margin(answers(3, QUICK), "latency_s")
    assert margin == pytest.approx(WATCHED * UNSEEN**0.5 * 4.3027 * 0.02 / 3**0.5, rel=1e-3)
    assert relative_margin(answers(1, QUICK), "latency_s") is None
    assert relative_margin(Answers(), "latency_s") is None


@pytest.mark.parametrize(
    ("until", "budget_s", "models", "rounds", "pace", "kind", "expected"),
    [
        (None, None, pair(2, QUICK, SLOW), 2, None, None, 20),
        ("5%", None, {"m": answers(11, QUICK)}, 11, None, None, 12),
        (None, None, pair(20, QUICK, SLOW), 20, None, "rounds", 20),
        ("5%", None, {"m": answers(4, QUICK)}, 4, None, None, 6),
        ("5%", None, {"m": answers(6, QUICK)}, 6, None, "precision", 6),
        ("5%", None, {"m": answers(6, (1.0, 1.9, 0.3, 1.4, 0.9))}, 6, None, None, 20),
        ("5%", None, {"m": Answers()}, 6, None, "no_answers", 6),
        ("separated", None, pair(4, QUICK, SLOW), 4, None, None, 20),
        ("separated", None, pair(6, QUICK, SLOW), 6, None, "separated", 6),
        ("separated", None, pair(6, QUICK, QUICK), 6, None, None, 20),
        ("separated", None, {"m": answers(6, QUICK)}, 6, None, "precision", 6),
        (None, 60.0, {"m": answers(6, QUICK)}, 6, Pace(share_s=30, spent_s=20, turn_s=3), None, 9),
        (None, 60.0, {"m": answers(6, QUICK)}, 6, Pace(share_s=30, spent_s=28, turn_s=3), "budget", 6),
        ("5%", 60.0, {"m": answers(6, QUICK)}, 6, Pace(share_s=30, spent_s=28, turn_s=3), "precision", 6),
    ],
)
def test_decisions(
    until: str | None,
    budget_s: float | None,
    models: Mapping[str, Answers],
    rounds: int,
    pace: Pace | None,
    kind: str | None,
    expected: int,
) -> None:
    plan = make_plan(until=until, budget_s=budget_s, rounds=20)
    found = decide(plan, models, "m", rounds, pace)
    assert (found.stop.kind if found.stop else None, found.expected) == (kind, expected)


@pytest.mark.parametrize(
    ("share_s", "said"),
    [
        (30.0, "its share of the time, 30.0 s, would have been over before another round's end"),
        (0.0, "the models before it had used up the time"),
        (-12.5, "the models before it had used up the time"),
    ],
)
def test_a_share_of_the_time_is_never_told_as_less_than_none(share_s: float, said: str) -> None:
    pace = Pace(share_s=share_s, spent_s=29, turn_s=3)
    found = decide(make_plan(budget_s=60.0, rounds=20), {"m": answers(1, QUICK)}, "m", 1, pace)
    assert found.stop
    assert (found.stop.kind, found.stop.message) == ("budget", said)


@pytest.mark.parametrize(
    ("changes", "rounds", "alternating", "through"),
    [
        ({}, 0, False, 100),
        ({}, 0, True, 1),
        ({"until": "5%"}, 0, False, 6),
        ({"until": "5%"}, 6, False, 7),
        ({"until": "5%"}, 41, False, 51),
        ({"until": "5%"}, 97, False, 100),
        ({"until": "5%"}, 0, True, 1),
        ({"until": "5%"}, 51, True, 56),
        ({"until": "5%"}, 60, True, 63),
        ({"until": "5%", "concurrency": 8}, 0, True, 18),
        ({"until": "5%", "budget_s": 9.0}, 6, False, 7),
        ({"budget_s": 9.0}, 0, False, 1),
        ({"until": "separated"}, 3, True, 4),
        ({"concurrency": 8}, 0, True, 16),
    ],
)
def test_a_turn_is_short_where_something_is_decided_after_it(
    changes: dict[str, object], rounds: int, alternating: bool, through: int
) -> None:
    assert next_round(make_plan(rounds=100, **changes), rounds, alternating=alternating) == through


def test_looks_grow_rarer() -> None:
    looks = [next_look(6)]
    while len(looks) < 12:
        looks.append(next_look(looks[-1] + 1))
    assert looks == [6, 7, 8, 10, 12, 15, 18, 22, 27, 33, 41, 51]
    assert (next_look(0), next_look(16), next_look(51)) == (6, 18, 51)
