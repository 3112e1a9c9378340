"""A text that is made for the width it has, and anew when that changes."""

from collections.abc import Callable

from rich.text import Text
from textual.widgets import Static


class FittedText(Static):
    """``show`` takes what makes the text of a width in columns; while it is hidden that is 0."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, markup=False)
        self._make: Callable[[int], Text] = lambda _: Text()
        self._width = 0

    def show(self, make: Callable[[int], Text]) -> None:
        """Show another text."""
        self._make = make
        self.update(make(self._width))

    def on_resize(self) -> None:
        """Make it anew, unless only its height changed, which it does with the text."""
        width = self.content_size.width
        if width != self._width:
            self._width = width
            self.update(self._make(width))
