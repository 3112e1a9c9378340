"""Who is best by a figure, and whether the next one is really behind."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model's value of a figure; ``interval`` is its 95 % interval, or None."""

    model: str
    value: float
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """The best by a figure, and the ``next``; None where there is no other."""

    best: Standing
    next: Standing | None

    @property
    def behind(self) -> float | None:
        """How far the next one is from the best, as a fraction of the best's value; None without a next or of 0."""
        return self.next.value / self.best.value - 1 if self.next and self.best.value else None

    @property
    def certain(self) -> bool:
        """Whether the two 95 % intervals stand apart: stricter than an interval of the difference, and never bolder."""
        if not self.next or not self.best.interval or not self.next.interval:
            return False
        return self.best.interval[1] < self.next.interval[0] or self.next.interval[1] < self.best.interval[0]


def lead(standings: Iterable[Standing], better: Literal["lower", "higher"]) -> Lead | None:
    """The best and the next of ``standings``; of equal ones the earlier. None of none."""
    ordered = sorted(standings, key=lambda one: one.value if better == "lower" else -one.value)
    return Lead(best=ordered[0], next=ordered[1] if len(ordered) > 1 else None) if ordered else None
