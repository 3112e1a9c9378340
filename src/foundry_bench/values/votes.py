"""Votes between two answers to one prompt, counted into win rates."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from math import sqrt
from typing import Literal

from foundry_bench.values.format import one_line, percent
from foundry_bench.values.stats import Z95

Better = Literal["left", "right", "alike", "both_bad"]
PairKey = tuple[str, tuple[tuple[str, str], ...]]
_Outcome = Literal["win", "loss", "alike", "both_bad", "undecided"]

CHOICES: Mapping[Better, str] = {
    "left": "A is better",
    "right": "B is better",
    "alike": "both alike",
    "both_bad": "both bad",
}
# The fewest prompts that can favour one model by what raters say alone: were both as good as each other, all 5 would
# favour the same one by chance in 1 / 2 ** 5 = 3 % of cases, which neither Wilson's interval nor resamples of fewer
# prompts, all alike, can show.
#
# Source: the sign test, Dixon & Mood (1946), The Statistical Sign Test, JASA 41.
FEWEST_PROMPTS = 5
_POINTS: Mapping[_Outcome, float] = {"win": 1.0, "alike": 0.5, "both_bad": 0.5, "loss": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """Which of two models' answers to one prompt a rater prefers.

    Attributes:
        left: the model whose answer stood on the left.
        left_sha256: the hash of that answer.
        better: None where that is undecided: a person passed over the pair, or a judge went by the answers' places.
        by: the rater's name, a person's or a judge's.
        at: when, in UTC.
    """

    left: str
    right: str
    prompt_id: str
    left_sha256: str
    right_sha256: str
    better: Better | None
    by: str
    at: datetime
    note: str = ""

    @property
    def subject(self) -> PairKey:
        """Which two answers it is of, whatever their sides."""
        return pair_key(self.prompt_id, (self.left, self.left_sha256), (self.right, self.right_sha256))


@dataclass(frozen=True, slots=True, kw_only=True)
class WinRate:
    """How often a model's answers are preferred to another's; ``against`` is None for all others together.

    Attributes:
        wins: votes for it; ``losses``, ``alike`` and ``both_bad`` are the others, ``undecided`` count for nothing.
        prompts: the number of prompts that were decided on.
        share: (wins + (alike + both bad) / 2) / votes of each prompt, and the mean of that over the prompts; None where
            nothing is decided.
        ci95: Wilson's interval of the share for as many prompts. Those are what is independent: several votes on one
            prompt make it no narrower. With ties it is wider than need be, as they vary less than wins and losses.
    """

    model: str
    against: str | None
    wins: int
    alike: int
    both_bad: int
    losses: int
    undecided: int
    prompts: int
    share: float | None
    ci95: tuple[float, float] | None

    @property
    def verdict(self) -> Literal["preferred", "not preferred", "unclear", "too few prompts"]:
        """What the interval says; nothing of fewer than five prompts."""
        if self.ci95 is None or self.prompts < FEWEST_PROMPTS:
            return "too few prompts"
        low, high = self.ci95
        return "preferred" if low > 0.5 else "not preferred" if high < 0.5 else "unclear"

    @property
    def sentence(self) -> str:
        """All of it in words, the model's name left out."""
        others = one_line(self.against or "all others")
        if self.ci95 is None:
            return f"can't be told from {others}: {self.undecided} undecided"
        low, high = map(percent, self.ci95)
        return (
            f"wins {percent(self.share)} against {others} "
            f"(95 % interval {low} to {high}, {self.prompts} {'prompt' if self.prompts == 1 else 'prompts'}: "
            f"{self.wins} better, {self.alike} alike, {self.both_bad} both bad, {self.losses} worse"
            f"{f', {self.undecided} undecided' if self.undecided else ''}): {self.verdict}"
        )


def pair_key(prompt_id: str, *answers: tuple[str, str]) -> PairKey:
    """What stands for two answers to a prompt, each as its model and its text's hash, in any order."""
    return prompt_id, tuple(sorted(answers))


def win_rates(votes: Sequence[Vote]) -> tuple[WinRate, ...]:
    """The win rate of each pair of models that was voted on, of the preferred one, the surest first.

    Where there are several pairs, then that of each model against all others.
    """
    pairs = sorted({tuple(sorted((vote.left, vote.right))) for vote in votes})
    either = ((win_rate(votes, one, other), win_rate(votes, other, one)) for one, other in pairs)
    turned = (max(filter(None, both), key=_share) for both in either)
    models = sorted(set(chain.from_iterable(pairs))) if len(pairs) > 1 else ()
    whole = (win_rate(votes, model) for model in models)
    return (*_surest_first(turned), *_surest_first(whole))


def win_rate(votes: Iterable[Vote], model: str, against: str | None = None) -> WinRate | None:
    """The win rate of a model against another, or against all others; None where nobody voted."""
    counts: Counter[_Outcome] = Counter()
    points: dict[str, list[float]] = {}
    for vote in votes:
        if outcome := _outcome(vote, model, against):
            counts[outcome] += 1
            if outcome != "undecided":
                points.setdefault(vote.prompt_id, []).append(_POINTS[outcome])
    if not counts:
        return None
    share = sum(sum(some) / len(some) for some in points.values()) / len(points) if points else None
    return WinRate(
        model=model,
        against=against,
        wins=counts["win"],
        alike=counts["alike"],
        both_bad=counts["both_bad"],
        losses=counts["loss"],
        undecided=counts["undecided"],
        prompts=len(points),
        share=share,
        ci95=None if share is None else wilson(share, len(points)),
    )


def wilson(share: float, n: int) -> tuple[float, float]:
    """The 95 % score interval of a share of ``n``, 1 or more.

    Source: Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
    """
    spread = Z95**2 / n
    middle = (share + spread / 2) / (1 + spread)
    margin = Z95 * sqrt(share * (1 - share) / n + spread / n / 4) / (1 + spread)
    # At its ends the formula gives them but for the last digits of a float, which would be printed.
    return (middle - margin if share > 0 else 0.0), (middle + margin if share < 1 else 1.0)


def _surest_first(rates: Iterable[WinRate | None]) -> list[WinRate]:
    return sorted(filter(None, rates), key=lambda rate: -(rate.ci95 or (0.0, 1.0))[0])


def _share(rate: WinRate) -> float:
    return 0.5 if rate.share is None else rate.share


def _outcome(vote: Vote, model: str, against: str | None) -> _Outcome | None:
    """What a vote says of a model; None where it says nothing."""
    other = {vote.left: vote.right, vote.right: vote.left}.get(model)
    if other is None or against not in {None, other}:
        return None
    match vote.better:
        case None:
            return "undecided"
        case "left" | "right" as side:
            return "win" if model == getattr(vote, side) else "loss"
        case both:
            return both
