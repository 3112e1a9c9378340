"""The event log of a benchmark: the newest line last, with a look back."""

from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType

from foundry_bench.tui.display import Display
from foundry_bench.tui.widgets.text_pane import TextPane
from foundry_bench.values.eta import clock
from foundry_bench.values.snapshot import LogLine

_STYLES = {"plain": "", "good": "italic", "bad": "bold"}


class EventLog(TextPane, can_focus=True):
    """Follows the log; k and j look back and forth."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k,up", "back(1)", "back", show=False),
        Binding("j,down", "back(-1)", "forth", show=False),
        Binding("pageup", "back(10)", "back", show=False),
        Binding("pagedown", "back(-10)", "forth", show=False),
    ]

    def __init__(self, options: Display, *, id: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._jumps = options.low_bandwidth  # by half a page where there is no room for another line
        self._log: tuple[LogLine, ...] = ()
        self._back = 0
        self._drawn: tuple[int, int, int] | None = None
        self._top = 0  # the first line shown, of all there ever were

    def follow(self, log: tuple[LogLine, ...], logged: int) -> None:
        """Bring the log up to date; ``logged`` counts all lines there ever were."""
        room, before = self.size.height, self._drawn
        if before and logged < before[0]:  # another benchmark's
            self._back, before = 0, None
        if before == (logged, room, self._back):
            return
        self._drawn, self._log = (logged, room, self._back), log
        if self._back or before is None or before[1:] != (room, 0):
            self._top = max(0, logged - self._back - room)
        elif logged - self._top > room:
            self._top = logged - room + (room // 2 if self._jumps else 0)
        first = max(0, self._top - (logged - len(log)))
        self.show([_line(line) for line in log[first : first + room]])

    def action_back(self, lines: int) -> None:
        """Look so many lines further back."""
        self._back = max(0, min(self._back + lines, len(self._log) - self.size.height))
        if self._drawn:
            self.follow(self._log, self._drawn[0])


def _line(line: LogLine) -> Text:
    mark = "! " if line.tone == "bad" else ""
    return Text.assemble((f"{clock(line.at_s):>7} ", "dim"), (f"{mark}{line.text}", _STYLES[line.tone]), no_wrap=True)
