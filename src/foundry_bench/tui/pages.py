"""A long list in pages."""

from collections.abc import Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

PAGE = 1000


class Pages(Generic[T]):
    """A list, and the page of it that is in hand."""

    def __init__(self, items: Sequence[T] = ()) -> None:
        self.items = items
        self.number = 0

    @property
    def count(self) -> int:
        """How many pages there are; at least one."""
        return max(1, -(-len(self.items) // PAGE))

    @property
    def page(self) -> Sequence[T]:
        """The items of the page in hand."""
        return self.items[self.number * PAGE : (self.number + 1) * PAGE]

    @property
    def label(self) -> str:
        """``page 2/11``, or nothing where there is one only."""
        return f"page {self.number + 1}/{self.count}" if self.count > 1 else ""

    def turn(self, step: int) -> bool:
        """Go ``step`` pages on or back; whether there was one."""
        number = min(max(self.number + step, 0), self.count - 1)
        turned, self.number = number != self.number, number
        return turned

    def turn_to(self, index: int) -> None:
        """Take the page of the item at ``index`` in hand."""
        self.number = min(max(index // PAGE, 0), self.count - 1)
