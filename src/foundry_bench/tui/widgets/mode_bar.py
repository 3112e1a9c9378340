"""The header: the names of the modes, the current one marked, and how a benchmark under way stands."""

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from foundry_bench.tui.modes import MODE_NAMES


class ModeBar(Widget):
    """One line. ``status`` stands at its right end where there is room, else nowhere."""

    DEFAULT_CSS = """
    ModeBar { height: 1; width: 100%; background: $panel; color: $foreground; }
    """
    status: reactive[str] = reactive("")

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def render(self) -> RenderResult:
        """The names, closer together where room is scarce."""
        width = self.size.width
        gap = "  " if width >= NARROW else " "
        line = Text(no_wrap=True, overflow="crop", end="")
        for mode in MODE_NAMES:
            current, name = mode == self._mode, mode.title()
            line.append(f"{gap[1:]}{name}{gap[1:]}" if gap[1:] else name, "bold reverse" if current else "")
            line.append(" ")
        room = width - line.cell_len
        if room > len(self.status):
            line.append(self.status.rjust(room - 1))
        return line


NARROW = 90
