"""The pane of the models: the table, what is typed to filter it, and a note over both."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from foundry_bench.tui.catalog_view import SORT_KEYS, Row, SortKey, marked_names, rows, with_loaded
from foundry_bench.tui.display import Glyphs
from foundry_bench.tui.drawn.download_lines import summary
from foundry_bench.tui.widgets.filter_line import FilterLine
from foundry_bench.tui.widgets.model_table import ModelTable
from foundry_bench.values.fit import Room
from foundry_bench.values.format import one_line

if TYPE_CHECKING:
    from foundry_bench.values.events import CatalogEntry
    from foundry_bench.values.transfer import Transfer

SPINNER_S = 0.25


class ModelList(Vertical):
    """What is shown of the catalog, in which order, and what is marked."""

    DEFAULT_CSS = """
    ModelList {
        width: 1fr;
        height: 1fr;
        #note { height: auto; max-height: 3; color: $warning; display: none; }
        #going { height: 1; display: none; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """

    def __init__(self, glyphs: Glyphs, marked: Sequence[str]) -> None:
        super().__init__(id="catalog", classes="pane")
        self.border_title = "Models"
        self.marked = list(marked)
        self.entries: Sequence[CatalogEntry] = ()
        self.memory = Room(total_mb=0.0, available_mb=0.0)
        self._glyphs = glyphs
        self._shown = 0
        self._loaded: str | None = None
        self._transfers: Sequence[Transfer] = ()
        self._sort: SortKey = "name"
        self._descending = False
        self._on_disk_only = False

    def compose(self) -> ComposeResult:
        """A note, and a line of what goes on, are there only when there is something to say."""
        yield Static(id="note", markup=False)
        yield ModelTable(self._glyphs)
        yield Static(id="going", markup=False)
        yield FilterLine("name, device, licence, task, cached")

    @property
    def table(self) -> ModelTable:
        """The table."""
        return self.query_one(ModelTable)

    @property
    def row_in_hand(self) -> Row | None:
        """The row that the cursor is on."""
        return self.table.row_in_hand

    def show(self, loaded: str | None, transfers: "Sequence[Transfer]") -> None:
        """Draw all anew."""
        self._loaded, self._transfers = loaded, transfers
        self.draw()

    def show_transfers(self, transfers: "Sequence[Transfer]") -> None:
        """Draw how far the downloads are, and nothing else."""
        self._transfers = transfers
        self.table.show_transfers(transfers)

    def sort(self) -> None:
        """By the next of name, size, device, context, disk."""
        self._sort = SORT_KEYS[(SORT_KEYS.index(self._sort) + 1) % len(SORT_KEYS)]
        self.draw()

    def reverse(self) -> None:
        """The other way round."""
        self._descending = not self._descending
        self.draw()

    def on_disk_only(self) -> None:
        """Only what is on the disk, or all."""
        self._on_disk_only = not self._on_disk_only
        self.draw()

    def filter(self) -> None:
        """Type what to look for."""
        self.query_one(FilterLine).open()

    def mark(self) -> tuple[str, ...] | None:
        """Mark the row in hand, or unmark it, and go on to the next; all that is marked then, as a plan names it."""
        row = self.row_in_hand
        if row is None:
            return None
        if row.name in self.marked:
            self.marked.remove(row.name)
        else:
            self.marked.append(row.name)
        self.table.show_marks(self.marked)
        self.table.action_cursor_down()
        return marked_names(self.marked, self._rows())

    def note(self, text: str) -> None:
        """Say ``text`` over the table; nothing, if it is empty."""
        line = self.query_one("#note", Static)
        line.update(f"! {one_line(text)}" if text else "")
        line.display = bool(text)

    def tell(self, waited_s: float | None) -> None:
        """The titles, and what goes on; ``waited_s`` is how long the catalog has been waited for, None when it isn't.

        What changes several times a second has a line of its own: a changed title has the whole pane drawn anew.
        """
        glyphs = self._glyphs
        cached = sum(entry.cached for entry in self.entries)
        shown, count = self._shown, len(self.entries)
        parts = [f"Models {count}" if shown == count else f"Models {shown} of {count}"]
        parts.append(f"{len(self.marked)} marked" if self.marked else f"{cached} on disk")
        arrow = glyphs.down if self._descending else glyphs.up
        titles = (
            f" {glyphs.dot} ".join(parts),
            f"by {self._sort} {arrow}{' on disk only' if self._on_disk_only else ''}",
        )
        if (self.border_title, self.border_subtitle) != titles:
            self.border_title, self.border_subtitle = titles
        going = summary(self._transfers, glyphs)
        if waited_s is not None:
            turn = glyphs.spinner[int(waited_s / SPINNER_S) % len(glyphs.spinner)]
            going = going or f"{turn} reading the catalog, {waited_s:.0f} s"
        line = self.query_one("#going", Static)
        line.update(going, layout=False)
        line.display = bool(going)

    def draw(self) -> None:
        """Draw the table from what is known."""
        shown = self._rows()
        self._shown = len({row.entry.id for row in shown})
        self.table.show(shown, self.marked, self.memory, self._transfers)

    def _rows(self) -> list[Row]:
        shown = [entry for entry in self.entries if entry.cached or not self._on_disk_only]
        wanted = self.query_one(FilterLine).value
        return rows(with_loaded(shown, self._loaded), wanted=wanted, sort=self._sort, descending=self._descending)

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self.draw()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.table.focus()
