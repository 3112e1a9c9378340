"""A text that is made for the width it has, and anew when that changes."""

import re
from collections.abc import Callable
from textwrap import wrap

from rich.text import Text
from textual.widgets import Static

_UNIT = re.compile(r"(?<=\d) (?=%|(?:ms|s|MB|GB|tok/s)\b)")
_GLUE = "\N{NO-BREAK SPACE}"


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


def units_kept(text: str, width: int) -> Text:
    """The text in lines of ``width`` columns, none of which ends between a number and its unit; Textual's own breaking
    parts them, whatever the space between them is.
    """
    lines = []
    for line in text.split("\n"):
        lines += wrap(_UNIT.sub(_GLUE, line), width or len(line) + 1, break_on_hyphens=False) or [""]
    return Text("\n".join(lines).replace(_GLUE, " "))
