"""What a terminal shows, cell by cell: of what is written to it only that is sent which changes what it shows."""

import re
from threading import RLock

from rich.cells import cell_len, get_character_cell_size

from foundry_bench.tui.styles import change_of_style

# What Textual writes. What stands aside changes no cell; the other screen, and whatever is not listed, may change all.
_TOKEN = re.compile(
    r"\x1b\[(?:(?P<row>\d+)(?:;(?P<column>\d+))?)?H"
    r"|\x1b\[(?P<style>[\d;]*)m"
    r"|(?P<aside>\x1b\[\?(?!1049)[\d;]+[hl]|\x1b\[[<=>][\d;]*u|\x1b\](?:22|52);[^\x07\x1b]*\x07)"
    r"|(?P<line>\r?\n)"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
)
_BEGUN = re.compile(r"\x1b(?:\[[\d;<=>?]*|\][^\x07\x1b]*)?\Z")  # a sequence whose end comes with the next write
# Characters that take one cell each everywhere: most of what is drawn, so they are looked at together.
_SINGLE = re.compile(r"[ -~\u00a1-\u00ac\u00ae-\u02ff\u2500-\u259f\u2800-\u28ff]*\Z")
_WIDE = re.compile("[\u3041-\u30ff\u4e00-\u9fff\uac00-\ud7a3]\\Z")  # two cells, everywhere too
_NOWHERE = -1
_SHORT_GAP = 4  # cells, which cost no more than to jump over them

Cell = tuple[str, str]  # a character and its style; after a wide character an empty one


class TerminalState:
    """Knows nothing of its terminal, and spares nothing, until ``forget`` tells how large that is.

    Attributes:
        lock: held by whoever writes. The thread that reads keys answers the terminal's reports, and a signal's handler
            may write in the midst of a write.
        bytes_sent: how much has gone to the terminal.
    """

    def __init__(self) -> None:
        self.lock = RLock()
        self.bytes_sent = 0
        self._reset(0, 0)

    def forget(self, columns: int, rows: int) -> None:
        """The terminal has this size, and may show anything."""
        with self.lock:
            self._reset(columns, rows)

    def _reset(self, columns: int, rows: int) -> None:
        self._columns, self._rows = columns, rows
        self._shown: list[list[Cell | None]] = [[None] * columns for _ in range(rows)]
        self._wanted = [row.copy() for row in self._shown]
        self._touched = set[int]()
        self._row, self._column = _NOWHERE, 0  # where the next character is wanted
        self._style = ""
        self._cursor: tuple[int, int] | None = None  # of the terminal, if known
        self._pen: str | None = None
        self._begun = ""

    def sparing(self, data: str) -> str:
        """What to send in place of ``data``; all of it where that holds what is not known here."""
        sent = self._spared(data) if self._rows else data
        self.bytes_sent += len(sent.encode(errors="replace"))
        return sent

    def _spared(self, data: str) -> str:
        whole, style = self._begun + data, self._style
        begun = _BEGUN.search(whole)
        self._begun = begun[0] if begun else ""
        whole = whole[: len(whole) - len(self._begun)]
        sent, end = list[str](), 0
        for token in _TOKEN.finditer(whole):
            if token.start() != end or not self._take(token, sent):
                break
            end = token.end()
        if end != len(whole):
            rest = self._begun
            self._reset(self._columns, self._rows)
            return (f"\x1b[0;{style}m" if style else "") + whole + rest
        self._send_changes(sent)
        if self._pen:
            sent.append("\x1b[m")
            self._pen = ""
        if self._cursor != (self._row, self._column) and self._row != _NOWHERE:
            self._move(sent, self._row, self._column)
        return "".join(sent)

    def _take(self, token: re.Match[str], sent: list[str]) -> bool:
        """Do what a token says; False where it can't be told which cells that changes."""
        match token.lastgroup:
            case "text":
                return self._draw(token[0])
            case "style":
                if self._row == _NOWHERE:
                    sent.append(token[0])
                codes = token["style"]
                kept = "" if codes in {"", "0"} or codes.startswith("0;") else self._style
                self._style = ";".join(filter(None, (kept, codes.removeprefix("0").removeprefix(";"))))
            case "line":
                self._column = 0
                self._row += self._row != _NOWHERE
            case "aside":
                self._send_changes(sent)
                sent.append(token[0])
            case _:
                self._row, self._column = int(token["row"] or 1) - 1, int(token["column"] or 1) - 1
        return True

    def _draw(self, text: str) -> bool:
        if not 0 <= self._row < self._rows:
            return self._row != _NOWHERE
        self._touched.add(self._row)
        row, first = self._wanted[self._row], self._column
        if _SINGLE.match(text):
            cells = [(character, self._style) for character in text]
        else:
            cells = _cells(text, self._style)
            if len(cells) != cell_len(text) or not get_character_cell_size(text[0]):
                return False
        self._column = end = first + len(cells)
        # Half of a wide character can't stay.
        if first < self._columns and _continues(row, first):
            row[first - 1] = (" ", self._style)
        if end < self._columns and _continues(row, end):
            row[end] = (" ", self._style)
        row[first:end] = cells
        del row[self._columns :]
        return True

    def _send_changes(self, sent: list[str]) -> None:
        for number in sorted(self._touched):
            shown, wanted = self._shown[number], self._wanted[number]
            if shown != wanted:
                for first, end in _changes(shown, wanted):
                    self._send_cells(sent, number, first, wanted[first:end])
                self._shown[number] = wanted.copy()
        self._touched.clear()

    def _send_cells(self, sent: list[str], row: int, first: int, cells: list[Cell | None]) -> None:
        for column, cell in enumerate(cells, first):
            character, style = cell or (" ", "")  # none is unknown within a stretch
            if not character:
                continue
            if self._cursor != (row, column):
                self._move(sent, row, column)
            if style != self._pen:
                sent.append(change_of_style(self._pen, style))
                self._pen = style
            sent.append(character)
            width = 1 if _SINGLE.match(character) else 2 if _WIDE.match(character) else 0
            # A terminal may take a sign for wider than we do; in the last column it waits with the next line.
            self._cursor = (row, column + width) if width and column + width < self._columns else None

    def _move(self, sent: list[str], row: int, column: int) -> None:
        if self._cursor and self._cursor[0] == row and column > self._cursor[1]:
            sent.append(f"\x1b[{column - self._cursor[1]}C")
        else:
            sent.append(f"\x1b[{row + 1};{column + 1}H")
        self._cursor = (row, column)


def _cells(text: str, style: str) -> list[Cell]:
    """A cell for each column; marks without a width of their own go with the character before them."""
    cells = list[Cell]()
    for character in text:
        width = get_character_cell_size(character)
        if width:
            cells += [(character, style), *[("", style)] * (width - 1)]
        elif cells:
            last = -1 if cells[-1][0] else -2
            cells[last] = (cells[last][0] + character, style)
    return cells


def _changes(shown: list[Cell | None], wanted: list[Cell | None]) -> list[tuple[int, int]]:
    """The stretches to send, as first column and end: short gaps of one style go along, no wide character is cut."""
    found = list[tuple[int, int]]()
    for column, cell in enumerate(wanted):
        if cell is None or cell == shown[column]:
            continue
        first, end = column, column + 1
        while first and (_continues(shown, first) or _continues(wanted, first)):
            first -= 1
        while end < len(wanted) and (_continues(shown, end) or _continues(wanted, end)):
            end += 1
        if found and (first <= found[-1][1] or _bridged(wanted, found[-1][1], first)):
            found[-1] = (min(found[-1][0], first), max(found[-1][1], end))
        else:
            found.append((first, end))
    return found


def _continues(row: list[Cell | None], column: int) -> bool:
    cell = row[column]
    return cell is not None and not cell[0]


def _bridged(row: list[Cell | None], end: int, first: int) -> bool:
    """Whether the cells between two stretches are fewer bytes than a jump: plain, and of the style before and after."""
    if first - end > _SHORT_GAP:
        return False
    between = row[end - 1 : first + 1]
    return len({cell and cell[1] for cell in between}) == 1 and all(cell and cell[0].isascii() for cell in between)
