"""Text that keeps coming, broken into lines of a width; pure, and each piece costs only its own length."""

from collections import deque

from rich.cells import cell_len

from foundry_bench.tui.drawn.safe_text import unjoined
from foundry_bench.values.format import printable

_TAB = "    "
_LONGEST_LINE = 4  # times the width, in characters: marks without a width of their own could pile up on one line


class Flow:
    """The last lines of all that was fed, at most ``height``; what was fed is data, whatever it holds.

    When there is no room for another line the first one goes, or with ``jumps`` half of them at once: where each line
    that has moved is drawn anew, all are once for half a page and not once a line.
    """

    def __init__(self, width: int, height: int, *, jumps: bool = False) -> None:
        self.width = max(1, width)
        self.lines: deque[str] = deque([""])
        self.gone = 0  # how many lines there was no room for any more
        self._height = max(1, height)
        self._step = max(1, self._height // 2) if jumps else 1

    def feed(self, text: str) -> None:
        """Add text; of a piece longer than the lines can hold, the end."""
        room = self.width * self._height * _LONGEST_LINE
        whole = printable(unjoined(text[-room:])).expandtabs(len(_TAB))
        if not any(self.lines) and not self.gone:
            whole = whole.lstrip()
        for position, part in enumerate(whole.split("\n")):
            if position:
                self._begin()
            self._add(part)

    def _add(self, part: str) -> None:
        line = self.lines[-1] + part
        while cell_len(line) > self.width or len(line) > self.width * _LONGEST_LINE:
            head, line = self._break(line)
            self.lines[-1] = head
            self._begin()
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

    def _begin(self) -> None:
        if len(self.lines) == self._height:
            for _ in range(self._step):
                self.lines.popleft()
            self.gone += self._step
        self.lines.append("")
