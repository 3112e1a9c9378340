"""A table before any format: cells as text, or as a row of levels to be drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foundry_bench.values.format import UNDEFINED
from foundry_bench.values.spark import spark

SPARKS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, whether what stands under it are figures, which are aligned to the right, and their metric if any."""

    heading: str
    figures: bool = True
    metric: str | None = None


@dataclass(frozen=True, slots=True)
class Levels:
    """A cell that is drawn: a figure over time, in seconds; None where it is undefined."""

    values: Sequence[float | None]

    def __str__(self) -> str:
        return spark(self.values, SPARKS).strip() or UNDEFINED


Cell = str | Levels


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and rows of as many cells. Cells hold no line breaks or control characters."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


def as_text(table: Table) -> str:
    """The table in aligned columns, for a terminal."""
    lines = [[column.heading for column in table.columns], *([str(cell) for cell in row] for row in table.rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join("  ".join(_aligned(line, table.columns, widths)).rstrip() for line in lines)


def _aligned(cells: Iterable[str], columns: Iterable[Column], widths: Iterable[int]) -> list[str]:
    return [
        cell.rjust(width) if column.figures else cell.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
