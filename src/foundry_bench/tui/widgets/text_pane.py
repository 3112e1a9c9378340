"""A text of a known height: drawn again only where it changed, without a new layout."""

from rich.text import Text
from textual.app import RenderResult
from textual.geometry import Region
from textual.widget import Widget


class TextPane(Widget):
    """Shows lines; each is cut at the width."""

    DEFAULT_CSS = "TextPane { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._lines: list[Text] = []

    def show(self, lines: list[Text]) -> None:
        """Replace the lines."""
        if not self.size.width:
            return  # hidden: the next ones will be seen
        for line in lines:
            line.truncate(self.size.width, overflow="ellipsis")
        before, self._lines = self._lines, lines
        changed = [
            y
            for y in range(max(len(before), len(lines)))
            if y >= len(before) or y >= len(lines) or before[y] != lines[y]
        ]
        if changed:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render(self) -> RenderResult:
        """All lines."""
        return Text("\n").join(self._lines)
