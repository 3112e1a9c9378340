"""The mode Models: what there is to measure, and what it takes."""

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input, Static

from foundry_bench.tui.catalog_view import SORT_KEYS, Memory, Row, SortKey, marked_names, rows
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.widgets.cache_use import CacheUse, cache_use
from foundry_bench.tui.widgets.details import details
from foundry_bench.tui.widgets.filter_line import FilterLine
from foundry_bench.tui.widgets.model_table import ModelTable
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line

if TYPE_CHECKING:
    from foundry_bench.values.events import CatalogEntry

_SPINNER_S = 0.25


class ModelsScreen(FrameScreen):
    """The catalog, the model in hand, the cache."""

    MODE: ClassVar[str] = "models"
    AUTO_FOCUS = "ModelTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="models.mark"),
        Binding("r,enter", "run", "run", key_display="r", id="models.run"),
        Binding("slash", "filter", "filter", key_display="/", id="filter"),
        Binding("s", "sort", "sort", id="table.sort"),
        Binding("S", "reverse", "reverse", show=False, id="table.reverse"),
        Binding("c", "cached_only", "on disk", id="models.cached"),
        Binding("R", "reload", "reload", show=False, id="models.reload"),
    ]
    DEFAULT_CSS = """
    ModelsScreen {
        #columns { height: 1fr; }
        #catalog { width: 1fr; height: 1fr; }
        #aside { width: 30; height: 1fr; }
        &.-wide #aside { width: 46; }
        #details { height: 1fr; }
        #cache { height: auto; max-height: 40%; }
        #note { height: auto; max-height: 3; color: $warning; }
        &.-single #aside { width: 1fr; }
        &.-single #cache { max-height: 100%; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._entries: tuple[CatalogEntry, ...] = ()
        self._marked: list[str] = []
        self._sort: SortKey = "name"
        self._descending = False
        self._on_disk_only = False
        self._loading_since = 0.0
        self._asked = False
        self._memory = Memory(0.0, 0.0)
        self._use: CacheUse | None = None

    def compose_body(self) -> ComposeResult:
        """The list, and beside it the details over the cache."""
        with Horizontal(id="columns"):
            with Vertical(id="catalog", classes="pane") as catalog:
                catalog.border_title = "Models"
                yield Static(id="note", markup=False)
                yield ModelTable(self.bench.options.glyphs)
                yield FilterLine("name, device, licence, task, cached")
            with Vertical(id="aside", classes="split"):
                with VerticalScroll(id="details", classes="pane") as pane:
                    pane.border_title = "Details"
                    yield Static(id="details-text", markup=False)
                with VerticalScroll(id="cache", classes="pane") as cache:
                    cache.border_title = "Cache"
                    yield Static(id="cache-text", markup=False)

    def on_mount(self) -> None:
        """There is nothing to note yet."""
        self._marked = list(self.bench.marked)
        self.query_one("#note").display = False

    def on_screen_resume(self) -> None:
        """Begin to read the catalog once the screen is there; not beside a benchmark, which that would disturb."""
        if self.bench.start or self.bench.control.running:
            self._say_note("" if self._entries else "the catalog is not read while a benchmark runs; R reads it")
        elif not self._asked:
            self._asked = True
            self.call_after_refresh(self.action_reload)

    def action_reload(self) -> None:
        """Read the catalog once more."""
        self.load()

    @work(exclusive=True, group="catalog")
    async def load(self) -> None:
        """What is on the disk at once, then the catalog, which may take half a minute where it can't be reached."""
        from foundry_bench.tui import machine

        plan = self.bench.settings.plan
        self._loading_since = self.bench.control.clock()
        spinner = self.set_interval(max(_SPINNER_S, self.bench.options.tick_s), self._tell)
        try:
            self._memory, self._use, disk = await asyncio.to_thread(machine.look, plan)
            self._entries = self._entries or disk
            self._draw()
            from foundry_bench.session.catalog import list_models

            listed = await list_models(plan)
            self._entries = listed.entries
            self._say_note(one_line(listed.note or ""))
        except (InputError, OSError) as error:
            self._say_note(str(error))
        finally:
            spinner.stop()
            self._loading_since = 0.0
        self._draw()

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one(FilterLine).open()

    def action_sort(self) -> None:
        """By the next of name, size, device, context, disk."""
        self._sort = SORT_KEYS[(SORT_KEYS.index(self._sort) + 1) % len(SORT_KEYS)]
        self._draw()

    def action_reverse(self) -> None:
        """The other way round."""
        self._descending = not self._descending
        self._draw()

    def action_cached_only(self) -> None:
        """Only what is on the disk, or all."""
        self._on_disk_only = not self._on_disk_only
        self._draw()

    def action_mark(self) -> None:
        """Mark the model in hand for the next run, or unmark it; then go on to the next."""
        table = self.query_one(ModelTable)
        row = table.row_in_hand
        if row is None:
            return
        if row.name in self._marked:
            self._marked.remove(row.name)
        else:
            self._marked.append(row.name)
        self.bench.marked = marked_names(self._marked, self._rows())
        table.show_marks(self._marked)
        table.action_cursor_down()
        self._tell()

    def action_run(self) -> None:
        """Take the marked models, or else the one in hand, to the plan."""
        row = self.query_one(ModelTable).row_in_hand
        if not self._marked and row is not None:
            self.bench.marked = (row.name,)
        self.bench.open_mode("run")

    def copied(self) -> str | None:
        """The id of the model in hand."""
        row = self.query_one(ModelTable).row_in_hand
        return row.entry.id if row else None

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self._draw()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.query_one(ModelTable).focus()

    @on(ModelTable.RowHighlighted)
    def _row_changed(self) -> None:
        row = self.query_one(ModelTable).row_in_hand
        self.query_one("#details-text", Static).update(
            details(row, self._memory, self.bench.options.glyphs, self.query_one("#details").content_size.width)
        )

    def _rows(self) -> list[Row]:
        entries = [entry for entry in self._entries if entry.cached or not self._on_disk_only]
        return rows(entries, wanted=self.query_one(FilterLine).value, sort=self._sort, descending=self._descending)

    def _draw(self) -> None:
        glyphs, cache = self.bench.options.glyphs, self.query_one("#cache")
        self.query_one(ModelTable).show(self._rows(), self._marked, self._memory)
        self.query_one("#cache-text", Static).update(cache_use(self._use, glyphs, cache.content_size.width or 28))
        self._row_changed()
        self._tell()

    def _tell(self) -> None:
        """The title and subtitle of the list."""
        glyphs, catalog = self.bench.options.glyphs, self.query_one("#catalog")
        cached = sum(entry.cached for entry in self._entries)
        parts = [f"Models {len(self._entries)}", f"{cached} on disk"]
        if self._marked:
            parts.append(f"{len(self._marked)} marked")
        catalog.border_title = f" {glyphs.dot} ".join(parts)
        arrow = glyphs.down if self._descending else glyphs.up
        shown = f"by {self._sort} {arrow}{' on disk only' if self._on_disk_only else ''}"
        if self._loading_since:
            waited = self.bench.control.clock() - self._loading_since
            turn = glyphs.spinner[int(waited / _SPINNER_S) % len(glyphs.spinner)]
            shown = f"{turn} reading the catalog, {waited:.0f} s"
        catalog.border_subtitle = shown
        self.rename_panes()

    def _say_note(self, note: str) -> None:
        line = self.query_one("#note", Static)
        line.update(f"! {note}" if note else "")
        line.display = bool(note)
