"""A table of figures: sorted by any column, filtered, with the cursor on its row all the while."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.coordinate import Coordinate
from textual.message import Message
from textual.widgets import DataTable

from foundry_bench.tui.drawn.cells import Cell, Heading


class FiguresTable(DataTable[Cell]):
    """Rows have keys. ``s`` sorts by the column in hand, ``S`` turns the order round; both keep the row in hand.

    With ``by_row`` the rows stay in the order in which they are given, and whole rows are chosen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "select_cursor", "open", key_display="enter", id="table.open"),
        Binding("j", "cursor_down", "down", show=False),
        Binding("k", "cursor_up", "up", show=False),
        Binding("h", "cursor_left", "left", show=False),
        Binding("l", "cursor_right", "right", show=False),
        Binding("s", "sort", "sort", id="table.sort"),
        Binding("S", "reverse", "reverse", id="table.reverse"),
    ]
    DEFAULT_CSS = "FiguresTable { height: 1fr; background: transparent; }"

    @dataclass
    class Sorted(Message):
        """The order has changed."""

    def __init__(self, *, by_row: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, cursor_type="row" if by_row else "cell")
        self._by_row = by_row
        self.headings: Sequence[Heading] = ()
        self.sorted_by: str | None = None
        self.descending = False

    def show(self, headings: Sequence[Heading], rows: Sequence[tuple[str, Sequence[Cell]]]) -> None:
        """Replace all, in the order that was chosen; the cursor stays on its row and column by key."""
        row, column = self.row_in_hand, self.column_in_hand
        self.clear(columns=True)
        self.headings = headings
        for place, heading in enumerate(headings):
            label = Text(heading.name, justify="right" if heading.figures else "left")
            # Left to itself it would first be drawn as wide as the headings, and measure its cells when it is idle.
            width = max(label.cell_len, *(cells[place].cell_len for _, cells in rows), 1)
            self.add_column(label, key=heading.key, width=width)
        for key, cells in rows:
            self.add_row(*cells, key=key)
        if self.sorted_by not in {heading.key for heading in headings}:
            self.sorted_by = None
        self._sort(row, column)

    @property
    def row_in_hand(self) -> str | None:
        """The key of the row that the cursor is on."""
        return self.coordinate_to_cell_key(self.cursor_coordinate).row_key.value if self.row_count else None

    @property
    def column_in_hand(self) -> str | None:
        """The key of the column that the cursor is on."""
        column = self.cursor_column
        return self.headings[column].key if 0 <= column < len(self.headings) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Rows that are given in an order of their own are not sorted."""
        return action not in {"sort", "reverse"} if self._by_row else super().check_action(action, parameters)

    def action_sort(self) -> None:
        """Sort by the column in hand; by the one already sorted by, the other way round."""
        column = self.column_in_hand
        if column == self.sorted_by:
            self.action_reverse()
            return
        self.sorted_by, self.descending = column, False
        self._sort(self.row_in_hand, column)
        self.post_message(self.Sorted())

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.descending = not self.descending
        self.sorted_by = self.sorted_by or self.column_in_hand
        self._sort(self.row_in_hand, self.column_in_hand)
        self.post_message(self.Sorted())

    def go_to(self, row: str | None, column: str | None = None) -> None:
        """Put the cursor on a row, and on a column, by key; where they are no more, it stays."""
        keys = [one.key.value for one in self.ordered_rows]
        columns = [heading.key for heading in self.headings]
        self.cursor_coordinate = Coordinate(
            keys.index(row) if row in keys else min(self.cursor_row, max(0, len(keys) - 1)),
            columns.index(column) if column in columns else min(self.cursor_column, max(0, len(columns) - 1)),
        )

    def _sort(self, row: str | None, column: str | None) -> None:
        if self.sorted_by is not None:
            self.sort(self.sorted_by, key=_order(descending=self.descending), reverse=self.descending)
        for heading, shown in zip(self.headings, self.ordered_columns, strict=True):
            style = "underline" if heading.key == self.sorted_by else ""
            shown.label = Text(heading.name, style, justify="right" if heading.figures else "left")
        self.go_to(row, column)
        self.refresh()


def _order(*, descending: bool) -> Callable[[Cell], tuple[bool, Hashable]]:
    """The key of a cell: those without a value come last either way."""
    return lambda cell: ((cell.order is None) != descending, cell.order if cell.order is not None else 0)
