"""A table before any format: cells as text, or as a row of levels to be drawn."""

from collections.abc import Sequence
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
    """The table in aligned columns, for a terminal: there a character may take two cells, or none."""
    from rich.cells import cell_len

    lines = [[column.heading for column in table.columns], *([str(cell) for cell in row] for row in table.rows)]
    widths = [max(map(cell_len, cells)) for cells in zip(*lines, strict=True)]

    def aligned(cell: str, column: Column, width: int) -> str:
        blank = " " * (width - cell_len(cell))
        return blank + cell if column.figures else cell + blank

    return "\n".join("  ".join(map(aligned, line, table.columns, widths)).rstrip() for line in lines)
