"""Comparisons of two answers: what a judge that was asked both ways round amounts to."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Better = Literal["A", "B", "tie"]
Outcome = Literal["first", "second", "tie", "undecided"]


def outcome(first_as_a: Better, first_as_b: Better) -> Outcome:
    """Which of two answers wins, where it was A the first time and B the second.

    A win needs both: a judge that goes by the place says A twice, or B twice, and so decides nothing.
    """
    said = first_as_a, first_as_b
    known: dict[tuple[Better, Better], Outcome] = {("A", "B"): "first", ("B", "A"): "second", ("tie", "tie"): "tie"}
    return known.get(said, "undecided")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A model's comparisons: how many it won, tied, lost; and how many hung on the place of the answer."""

    model: str
    wins: int = 0
    ties: int = 0
    losses: int = 0
    undecided: int = 0

    @property
    def win_share(self) -> float | None:
        """(wins + ties / 2) / those decided; None where none was."""
        decided = self.wins + self.ties + self.losses
        return (self.wins + self.ties / 2) / decided if decided else None


def tallies(outcomes: Iterable[tuple[str, str, Outcome]]) -> tuple[Tally, ...]:
    """The tally of each model, best first, from (first model, second model, outcome)."""
    counts: dict[str, dict[str, int]] = {}
    for first, second, found in outcomes:
        for model, won in ((first, "first"), (second, "second")):
            own = counts.setdefault(model, {})
            kind = {"tie": "ties", "undecided": "undecided", won: "wins"}.get(found, "losses")
            own[kind] = own.get(kind, 0) + 1
    found_tallies = (Tally(model=model, **own) for model, own in counts.items())
    return tuple(sorted(found_tallies, key=lambda one: -(one.win_share or 0)))
