"""Text that keeps coming, broken into lines of a width; pure, and each piece costs only its own length."""

from collections import deque

from rich.cells import cell_len

from foundry_bench.tui.widgets.safe_text import unjoined
from foundry_bench.values.format import printable

_TAB = "    "
_LONGEST_LINE = 4  # times the width, in characters: marks without a width of their own could pile up on one line


class Flow:
    """The last ``height`` lines of all that was fed; what was fed is data, whatever it holds."""

    def __init__(self, width: int, height: int) -> None:
        self.width = max(1, width)
        self.lines: deque[str] = deque([""], maxlen=max(1, height))
        self.broken = 0  # how many lines have been begun after the first

    def feed(self, text: str) -> None:
        """Add text; of a piece longer than the lines can hold, the end."""
        room = self.width * (self.lines.maxlen or 1) * _LONGEST_LINE
        whole = printable(unjoined(text[-room:])).expandtabs(len(_TAB))
        if not self.broken and not self.lines[-1]:
            whole = whole.lstrip()
        for position, part in enumerate(whole.split("\n")):
            if position:
                self._begin("")
            self._add(part)

    def _add(self, part: str) -> None:
        line = self.lines[-1] + part
        while cell_len(line) > self.width or len(line) > self.width * _LONGEST_LINE:
            head, line = self._break(line)
            self.lines[-1] = head
            self._begin("")
        self.lines[-1] = line

    def _break(self, line: str) -> tuple[str, str]:
        """What fits, and the rest: between words where there is a gap, else within the word."""
        cells, fits = 0, 0
        for character in line[: self.width * _LONGEST_LINE]:
            cells += cell_len(character)
            if cells > self.width:
                break
            fits += 1
        fits = max(1, fits)
        gap = line.rfind(" ", 1, fits + 1)
        if gap > fits // 2:
            return line[:gap], line[gap + 1 :]
        return line[:fits], line[fits:]

    def _begin(self, line: str) -> None:
        self.lines.append(line)
        self.broken += 1
