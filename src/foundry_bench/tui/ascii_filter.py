"""Turns whatever is about to be drawn into ASCII of the same width, for terminals that have nothing else."""

import unicodedata
from functools import cache

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

# What its decomposition doesn't tell; a sign of one cell stays one of one cell.
_SAME = str.maketrans("–—−‐…±·•≈≤≥×→←↑↓▸✓✗⟨⟩«»‘’“”", "----.~.*~<>x><^v>+!<><>''\"\"")  # noqa: RUF001 - signs, not letters
_BLOCKS = dict(zip("▁▂▃▄▅▆▇█", "_.-=+*%#", strict=True))


class AsciiFilter(LineFilter):
    """The last step before the terminal: borders, signs, charts and what models say."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments in ASCII."""
        del background
        return [
            segment if segment.text.isascii() else Segment(to_ascii(segment.text), segment.style, segment.control)
            for segment in segments
        ]


def to_ascii(text: str) -> str:
    """ASCII of as many cells as ``text`` has: the nearest character where there is one, else a question mark a cell."""
    return "".join(map(_to_ascii, text))


@cache
def _to_ascii(character: str) -> str:
    width = cell_len(character)
    nearest = character.translate(_SAME)
    if not nearest.isascii():
        nearest = _BLOCKS.get(character) or _drawing(character) or _without_accents(character)
    return nearest if nearest.isascii() and len(nearest) == width else "?" * width


def _drawing(character: str) -> str:
    """What box drawings and braille patterns look like; nothing for other characters."""
    name = unicodedata.name(character, "")
    if name.startswith("BRAILLE"):
        return " " if name.endswith("BLANK") else "*"
    if name.startswith("BOX DRAWINGS"):
        # A line that only goes one way names one direction; corners and crossings name two.
        bent = " AND " in name
        return "+" if bent else "|" if "VERTICAL" in name else "-"
    return "#" if "BLOCK" in name or "SQUARE" in name else ""


def _without_accents(character: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
