"""The list of models: variants under their alias, marks, what they take and whether that fits."""

from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from foundry_bench.tui.catalog_view import Row, transfer_of
from foundry_bench.tui.display import Glyphs
from foundry_bench.tui.drawn.download_lines import percent_done
from foundry_bench.values.choice import entry_verdict
from foundry_bench.values.fit import Room
from foundry_bench.values.format import UNDEFINED, megabytes, one_line
from foundry_bench.values.transfer import Transfer

_FIGURES = {"Size", "Context"}
_FIT_STYLES = {"fits": "", "tight": "bold", "no": "dim", None: "dim"}


class ModelTable(DataTable[Text]):
    """Rows by the name that a plan would use; the cursor stays on its row when the list changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "down", show=False),
        Binding("k", "cursor_up", "up", show=False),
        Binding("G", "scroll_bottom", "to the end", show=False),
    ]
    DEFAULT_CSS = "ModelTable { height: 1fr; background: transparent; overflow-x: hidden; }"

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(id="models", cursor_type="row", zebra_stripes=False, cell_padding=0)
        self._glyphs = glyphs
        self._rows: Sequence[Row] = ()
        self._shown: tuple[Sequence[Row], Collection[str], Room, Sequence[Transfer]] | None = None

    @property
    def row_in_hand(self) -> Row | None:
        """The row that the cursor is on."""
        return self._rows[self.cursor_row] if 0 <= self.cursor_row < len(self._rows) else None

    def show(
        self, rows: Sequence[Row], marked: Collection[str], memory: Room, transfers: Sequence[Transfer] = ()
    ) -> None:
        """Replace all, as wide as there is room for; what nobody sees is drawn once it is seen."""
        self._shown = (rows, marked, memory, transfers)
        if not self.size.width:
            return
        at, width = self.row_in_hand, self.size.width - 1  # the scrollbar's column
        columns = [column for column in self._columns(memory, transfers) if width >= column[3]]
        fixed = 2 + sum(column[1] + 1 for column in columns if column[1])
        name_width = max(15, width - fixed - 1)
        self.clear(columns=True)
        self.add_column("", width=2, key="mark")
        for title, column_width, _, _ in columns:
            room = column_width or name_width
            label = title.rjust(room) if title in _FIGURES else title
            self.add_column(Text(label), width=room + 1, key=title)
        for position, row in enumerate(rows):
            cells = [_cut(cell(row), column_width or name_width) for _, column_width, cell, _ in columns]
            self.add_row(self._mark(row, marked), *cells, key=str(position))
        self._rows = tuple(rows)
        names = [row.name for row in rows]
        if at and at.name in names:
            self.move_cursor(row=names.index(at.name), animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Other columns may fit."""
        del event
        if self._shown:
            self.show(*self._shown)

    def show_marks(self, marked: Collection[str]) -> None:
        """Draw the marks alone."""
        for position, row in enumerate(self._rows):
            self.update_cell(str(position), "mark", self._mark(row, marked))

    def show_transfers(self, transfers: Sequence[Transfer]) -> None:
        """Draw how far the downloads are, and nothing else."""
        if self._shown:
            self._shown = (*self._shown[:3], transfers)
        if "Disk" in self.columns:
            for position, row in enumerate(self._rows):
                if transfer_of(row, transfers):
                    self.update_cell(str(position), "Disk", self._disk_cell(row, transfers))

    def _columns(
        self, memory: Room, transfers: Sequence[Transfer]
    ) -> list[tuple[str, int, Callable[[Row], Text], int]]:
        """Title, width (0: what is left), cell, and the least width of the table that has room for it."""
        return [
            ("Model", 0, self._name_cell, 0),
            ("Device", 6, lambda row: Text(_short(row.entry.device, 6)), 0),
            ("Size", 7, lambda row: _right(megabytes(row.entry.size_mb), 7), 0),
            ("Fit", 5, lambda row: _fit(row, memory), 0),
            ("Disk", 4, lambda row: self._disk_cell(row, transfers), 44),
            ("Context", 7, lambda row: _right(_count(row.entry.context_length), 7), 66),
            ("Licence", 11, lambda row: Text(_short(row.entry.license, 11)), 78),
            ("Task", 16, lambda row: Text(_short(row.entry.task, 16)), 100),
            ("Provider", 12, lambda row: Text(_provider(row.entry.execution_provider)), 118),
        ]

    def _mark(self, row: Row, marked: Collection[str]) -> Text:
        return Text(self._glyphs.marked if row.name in marked else "", "bold")

    def _name_cell(self, row: Row) -> Text:
        entry = row.entry
        if row.child:
            branch = self._glyphs.last_branch if row.last else self._glyphs.branch
            return Text.assemble((f"{branch} ", "dim"), one_line(row.name), no_wrap=True)
        name = Text(one_line(row.name), no_wrap=True)
        if row.variants > 1:
            name.append(f"  {row.variants} variants", "dim")
        elif entry.source == "own":
            name.append("  your own", "dim")
        return name

    def _disk_cell(self, row: Row, transfers: Sequence[Transfer]) -> Text:
        glyphs, entry = self._glyphs, row.entry
        transfer = transfer_of(row, transfers)
        if transfer and transfer.open:
            return Text(percent_done(transfer, glyphs), "bold")
        loaded = glyphs.loaded if entry.loaded else ""
        own = glyphs.own if entry.source == "own" else glyphs.cached if entry.cached else ""
        return Text(f"{own}{loaded}")


def _cut(cell: Text, width: int) -> Text:
    cell.truncate(width, overflow="ellipsis")
    return cell


def _fit(row: Row, memory: Room) -> Text:
    fits = entry_verdict(row.entry, memory)
    return Text(fits or UNDEFINED, _FIT_STYLES[fits])


def _right(text: str, width: int) -> Text:
    return Text(text.rjust(width))


def _short(text: str | None, width: int) -> str:
    return (one_line(text) if text else UNDEFINED)[:width]


def _count(value: int | None) -> str:
    return UNDEFINED if value is None else f"{value:,}"


def _provider(text: str | None) -> str:
    return _short(text.removesuffix("ExecutionProvider") if text else None, 12)
