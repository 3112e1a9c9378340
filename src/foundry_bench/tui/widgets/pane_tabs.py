"""The names of the panes, where only one of them is shown at a time."""

from collections.abc import Sequence

from rich.text import Text
from textual.widgets import Static


class PaneTabs(Static):
    """One line: the panes, the one that is shown marked, and the key for the next."""

    DEFAULT_CSS = """
    PaneTabs { height: 1; width: 100%; color: $foreground; }
    """

    _shown: Text | None = None

    def show(self, names: Sequence[str], current: int, note: str) -> None:
        """Name the panes."""
        line = Text(no_wrap=True, overflow="ellipsis", end="")
        if len(names) > 1:
            line.append(" F6", "bold")
        for position, name in enumerate(names):
            here = position == current
            line.append(" ")
            line.append(name if here else name.split(" ")[0], "bold underline" if here else "")
        if note:
            line.append(f"  {note}")
        if self._shown != line:
            self._shown = line
            self.update(line)
