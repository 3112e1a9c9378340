"""Win rates of votes between two answers."""

from dataclasses import replace

import numpy as np
import pytest

from factories import known, make_sample, make_vote
from foundry_bench.values.ratings import blind, first_answers, pairs_of
from foundry_bench.values.votes import Better, Vote, wilson, win_rate, win_rates

SIGNS: dict[str, Better | None] = {"a": "left", "b": "right", "=": "alike", "x": "both_bad", "0": None}


def votes(said: str, *, left: str = "a", right: str = "b", by: str = "ada") -> list[Vote]:
    """A vote a prompt."""
    return [
        make_vote(left=left, right=right, prompt_id=f"p{number}", better=SIGNS[sign], by=by)
        for number, sign in enumerate(said)
    ]


def turned(vote: Vote) -> Vote:
    """The same with sides changed."""
    better: dict[Better | None, Better | None] = {"left": "right", "right": "left"}
    return replace(
        vote,
        left=vote.right,
        right=vote.left,
        left_sha256=vote.right_sha256,
        right_sha256=vote.left_sha256,
        better=better.get(vote.better, vote.better),
    )


# R's prop.test(x, n, correct = FALSE) gives these ends.
@pytest.mark.parametrize(
    ("share", "n", "ends"),
    [
        (0.5, 10, (0.2366, 0.7634)),
        (0.8, 10, (0.4902, 0.9433)),
        (1.0, 10, (0.7225, 1.0)),
        (0.0, 4, (0.0, 0.4899)),
        (0.6, 100, (0.5020, 0.6906)),
    ],
)
def test_wilson(share: float, n: int, ends: tuple[float, float]) -> None:
    assert wilson(share, n) == pytest.approx(ends, abs=5e-5)


# The coverage of any interval of a share jumps about its 95 % with n, as what is counted is whole.
@pytest.mark.parametrize("ties", [0.0, 0.3])
@pytest.mark.parametrize("share", [0.5, 0.6, 0.8])
@pytest.mark.parametrize("n", [12, 40])
def test_the_interval_holds_the_true_share(n: int, share: float, ties: float) -> None:
    win = share - ties / 2
    counts = np.random.default_rng(0).multinomial(n, [win, ties, 1 - win - ties], size=2_000)
    ends = np.array([wilson(one, n) for one in (counts[:, 0] + counts[:, 1] / 2) / n])
    assert np.mean((ends[:, 0] <= share) & (share <= ends[:, 1])) >= 0.91


def test_ties_count_half() -> None:
    rate = known(win_rate(votes("aa=xb0"), "a", "b"))
    assert (rate.wins, rate.alike, rate.both_bad, rate.losses, rate.undecided, rate.prompts) == (2, 1, 1, 1, 1, 5)
    assert rate.share == pytest.approx(0.6)
    assert rate.ci95 == wilson(0.6, 5)
    other = known(win_rate(votes("aa=xb0"), "b", "a"))
    assert other.share == pytest.approx(0.4)
    assert (other.wins, other.losses) == (1, 2)


def test_sides_do_not_matter() -> None:
    said = votes("aa=xb0ab")
    assert win_rates([turned(vote) for vote in said]) == win_rates(said)
    assert [turned(vote).subject for vote in said] == [vote.subject for vote in said]


def test_a_second_rater_makes_no_prompt_more() -> None:
    alone = known(win_rate(votes("aaaaab"), "a"))
    both = known(win_rate([*votes("aaaaab"), *votes("aaaaab", by="bob")], "a"))
    assert (both.wins, both.prompts) == (10, 6)
    assert both.share == pytest.approx(alone.share)
    assert both.ci95 == pytest.approx(alone.ci95)
    disagreeing = known(win_rate([*votes("a"), *votes("b", by="bob")], "a"))
    assert (disagreeing.share, disagreeing.prompts) == (0.5, 1)


def test_the_preferred_one_first_the_surest_pair_first() -> None:
    said = [*votes("b" * 9), *votes("a=", right="c"), *votes("0", left="b", right="c")]
    found = [(one.model, one.against) for one in win_rates(said)]
    assert found == [("b", "a"), ("a", "c"), ("b", "c"), ("b", None), ("c", None), ("a", None)]
    whole = known(win_rate(said, "a"))
    assert (whole.against, whole.prompts) == (None, 9)
    assert whole.share == pytest.approx((0.5 + 0.25 + 0 * 7) / 9)
    assert win_rate(said, "d") is None
    assert win_rates([]) == ()


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("aaaa", "too few prompts"),
        ("aaaaa", "preferred"),
        ("bbbbb", "not preferred"),
        ("aaaab", "unclear"),
        ("=====", "unclear"),
        ("xxxxxxxx", "unclear"),
    ],
)
def test_what_the_interval_says(said: str, verdict: str) -> None:
    rate = known(win_rate(votes(said), "a"))
    assert rate.verdict == verdict
    assert rate.sentence.endswith(f"worse): {verdict}")


def test_what_nobody_decided_is_shown_and_counts_for_nothing() -> None:
    rate = known(win_rate(votes("00"), "a"))
    assert (rate.undecided, rate.prompts, rate.share, rate.ci95) == (2, 0, None, None)
    assert rate.sentence == "can't be told from all others: 2 undecided"


def test_names_of_others_are_one_line() -> None:
    assert "\x1b" not in known(win_rate(votes("a", right="\x1b[31mb\n"), "a", "\x1b[31mb\n")).sentence


def test_pairs_of_answers_that_differ() -> None:
    samples = [
        make_sample(model=model, prompt_id=f"p{number}", text_sha256=f"{'same' if number == 11 else model}{number}")
        for model in ("one", "two", "three")
        for number in range(12)
    ]
    found = pairs_of(blind(first_answers(samples), "run-1"))
    assert len(found) == 11 * 3
    assert len({pair.key for pair in found}) == 33
    again = pairs_of(blind(first_answers(reversed(samples)), "run-1"))
    assert {pair.key: pair for pair in again} == {pair.key: pair for pair in found}
    sides = [(pair.left.model, pair.right.model) for pair in found]
    assert ("one", "two") in sides
    assert ("two", "one") in sides
