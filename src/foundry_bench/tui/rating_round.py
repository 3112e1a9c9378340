"""The course of a blind rating: what is in hand, what was said so far, what can be taken back."""

from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar


class _Asked(Protocol):
    """What is judged, such as an answer."""

    @property
    def key(self) -> Hashable:
        """What tells it from others."""


class _Said(Protocol):
    """A judgement, such as a rating."""

    @property
    def subject(self) -> Hashable:
        """The key of what was judged."""

    @property
    def at(self) -> datetime:
        """When."""


Asked = TypeVar("Asked", bound=_Asked)
Said = TypeVar("Said", bound=_Said)


class RatingRound(Generic[Asked, Said]):
    """What is judged, in the order in which it is shown, and one rater's judgements of it."""

    def __init__(self, asked: Sequence[Asked], said: Iterable[Said]) -> None:
        self.asked = asked
        self.index = 0
        known = {one.key for one in asked}
        told = sorted((one for one in said if one.subject in known), key=lambda one: one.at)
        self._said: dict[Hashable, Said] = {one.subject: one for one in told}
        self._next_open()

    @property
    def done(self) -> int:
        """How many have been judged, or passed over."""
        return len(self._said)

    @property
    def over(self) -> bool:
        """Whether each has been: then names may be told."""
        return bool(self.asked) and self.done == len(self.asked)

    @property
    def in_hand(self) -> Asked:
        """What the next judgement is of."""
        return self.asked[self.index]

    @property
    def said(self) -> Sequence[Said]:
        """All that was said, oldest first."""
        return tuple(self._said.values())

    def said_of(self, asked: Asked) -> Said | None:
        """What was said of one."""
        return self._said.get(asked.key)

    def add(self, said: Said) -> None:
        """Take a judgement of what is in hand, and go on to the next that has none."""
        self._said.pop(said.subject, None)
        self._said[said.subject] = said
        self._next_open()

    def undo(self) -> Said | None:
        """Take the latest judgement back, and its subject in hand again; None where there is none."""
        if not self._said:
            return None
        key, said = self._said.popitem()
        self.index = next(index for index, one in enumerate(self.asked) if one.key == key)
        return said

    def move(self, step: int) -> None:
        """Take another one in hand."""
        self.index = min(max(self.index + step, 0), max(0, len(self.asked) - 1))

    def _next_open(self) -> None:
        count = len(self.asked)
        for step in range(count):
            index = (self.index + step) % count
            if self.asked[index].key not in self._said:
                self.index = index
                return
