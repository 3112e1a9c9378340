"""The mode Models: what there is to measure, and what it takes."""

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Input

from foundry_bench.tui.apart import apart, staying
from foundry_bench.tui.catalog_view import Row, missing, nothing_to_fetch, transfer_of, with_disk
from foundry_bench.tui.drawn.cache_use import CacheUse, cache_use
from foundry_bench.tui.drawn.details import details
from foundry_bench.tui.drawn.download_lines import download_lines
from foundry_bench.tui.screens.confirm import ConfirmScreen
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.widgets.fitted_text import FittedText
from foundry_bench.tui.widgets.model_list import SPINNER_S, ModelList
from foundry_bench.tui.widgets.model_table import ModelTable
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line

if TYPE_CHECKING:  # the first paint does not wait for it
    from collections.abc import Sequence

    from foundry_bench.values.events import CatalogEntry


class ModelsScreen(FrameScreen):
    """The catalog, the model in hand, the cache."""

    AUTO_FOCUS = "ModelTable"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="models.mark"),
        Binding("r,enter", "run", "run", key_display="r", id="models.run"),
        Binding("x", "cancel", "cancel", id="models.cancel"),
        Binding("u", "unload", "unload", id="models.unload"),
        Binding("d", "download", "download", id="models.download"),
        Binding("l", "load", "load", id="models.load"),
        Binding("D", "remove", "remove", show=False, id="models.remove"),
        Binding("slash", "filter", "filter", key_display="/", id="filter"),
        Binding("s", "sort", "sort", id="table.sort"),
        Binding("S", "reverse", "reverse", show=False, id="table.reverse"),
        Binding("c", "cached_only", "on disk", id="models.cached"),
        Binding("R", "reload", "reload", show=False, id="models.reload"),
    ]
    DEFAULT_CSS = """
    ModelsScreen {
        #columns { height: 1fr; }
        #aside { width: 30; height: 1fr; }
        &.-wide #aside { width: 46; }
        #details { height: 1fr; }
        #cache { height: auto; max-height: 40%; }
        &.-single #aside { width: 1fr; }
        &.-single #cache { max-height: 100%; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._loading_since: float | None = None
        self._asked = False
        self._use: CacheUse | None = None
        self._seen: tuple[int, str | None] = (0, None)  # what the keeper had done when all was last drawn

    def compose_body(self) -> ComposeResult:
        """The list, and beside it the details over the cache."""
        with Horizontal(id="columns"):
            yield ModelList(self.bench.options.glyphs, self.bench.marked)
            with Vertical(id="aside", classes="split"):
                with VerticalScroll(id="details", classes="pane") as pane:
                    pane.border_title = "Details"
                    yield FittedText(id="details-text")
                with VerticalScroll(id="cache", classes="pane") as cache:
                    cache.border_title = "Downloaded"
                    yield FittedText(id="cache-text")

    @property
    def _list(self) -> ModelList:
        return self.query_one(ModelList)

    def on_screen_resume(self) -> None:
        """Begin to read the catalog once the screen is there; not beside a benchmark, which that would disturb."""
        if self.bench.start or self.bench.control.running:
            self._list.note("" if self._list.entries else "the catalog is not read while a benchmark runs; R reads it")
        elif not self._asked:
            self._asked = True
            self.call_after_refresh(self.action_reload)
        if self._list.entries:
            self.call_after_refresh(self.show_models)

    def action_reload(self) -> None:
        """Read the catalog once more."""
        self.load()

    @work(exclusive=True, group="catalog")
    async def load(self) -> None:
        """What is on the disk at once, then the catalog, which may take half a minute where it can't be reached."""
        from foundry_bench.tui import machine

        plan = self.bench.settings.plan
        self._loading_since = self.bench.control.clock()
        spinner = self.set_interval(max(SPINNER_S, self.bench.options.tick_s), self._tell)
        try:
            self._list.memory, self._use, disk = await apart(self.app, machine.look, plan)
            self._list.entries = self._list.entries or disk
            self._draw()
            from foundry_bench.session.catalog import list_models

            listed = await staying(self.app, list_models(plan))
            self._list.entries = listed.entries
            self._pass_on(None if listed.note else listed.entries)
            self._list.note(listed.note or "")
        except (InputError, OSError) as error:
            self._list.note(str(error))
        finally:
            spinner.stop()
            self._loading_since = None
        self._draw()

    def _pass_on(self, listed: "Sequence[CatalogEntry] | None") -> None:
        """Whoever judges the names of a plan knows the list now."""
        self.bench.listed = listed
        if self.bench.frame and self.bench.frame is not self:
            self.bench.frame.show_models()

    def action_filter(self) -> None:
        """Type what to look for."""
        self._list.filter()

    def action_sort(self) -> None:
        """By the next of name, size, device, context, disk."""
        self._list.sort()
        self._follow()

    def action_reverse(self) -> None:
        """The other way round."""
        self._list.reverse()
        self._follow()

    def action_cached_only(self) -> None:
        """Only what is on the disk, or all."""
        self._list.on_disk_only()
        self._follow()

    def action_mark(self) -> None:
        """Mark the model in hand for the next run, or unmark it; then go on to the next."""
        marked = self._list.mark()
        if marked is not None:
            self.bench.marked = marked
            self._tell()

    def action_run(self) -> None:
        """Take the marked models, or else the one in hand, to the plan."""
        row = self._list.row_in_hand
        if not self._list.marked and row is not None:
            self.bench.marked = (row.name,)
        self.bench.open_mode("run")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what is under way is cancelled, only what is loaded unloaded."""
        keeper = self.bench.keeper
        possible = {"cancel": keeper.downloading, "unload": bool(keeper.loaded or keeper.loading)}
        return possible.get(action, True) and super().check_action(action, parameters)

    def action_download(self) -> None:
        """Fetch the marked models that are not on the disk; where none is marked the one in hand, and once more to give
        it up.
        """
        if self.bench.control.running:
            self.notify("a download would disturb the benchmark; wait for its end", severity="warning")
            return
        row, keeper = self._list.row_in_hand, self.bench.keeper
        marked = self._list.marked
        wanted = missing(marked, self._list.entries)
        if marked and not wanted:
            self.notify(nothing_to_fetch(marked, self._list.entries))
        elif not marked and row is not None:
            if row.entry.cached:
                self.notify(f"{row.name} is on the disk already")
            elif not self._cancel(row):
                wanted = {row.name: row.entry}
        for name, entry in wanted.items():
            keeper.download(name, entry.size_mb)

    def action_cancel(self) -> None:
        """Give the download in hand up, or else the one under way."""
        row = self._list.row_in_hand
        if row is None or not self._cancel(row):
            for transfer in self.bench.keeper.transfers:
                if transfer.open:
                    self.bench.keeper.cancel(transfer.name)
                    return

    def action_load(self) -> None:
        """Load the model in hand into memory, where it stays until u."""
        row = self._list.row_in_hand
        if self.bench.control.running:
            self.notify("a second model in memory would disturb the benchmark; wait for its end", severity="warning")
        elif row is not None and not row.entry.cached:
            self.notify(f"{row.name} is not on the disk; d downloads it")
        elif row is not None:
            self.bench.keeper.load(row.name)

    @work
    async def action_unload(self) -> None:
        """Give the model in memory up."""
        await self.bench.keeper.unload()

    def action_remove(self) -> None:
        """Delete the model in hand from the disk, after a yes."""
        row = self._list.row_in_hand
        if row is None:
            return
        name, entry = row.name, row.entry
        if entry.source != "own" and not entry.cached and not transfer_of(row, self.bench.keeper.transfers):
            self.notify(f"{name} is not on the disk")
            return
        own = "Forget your own model {}? A folder that you registered stays; one that was converted here goes."
        question = (own if entry.source == "own" else "Delete {} from this disk?").format(one_line(name))
        self.app.push_screen(
            ConfirmScreen(question, "remove", "keep"),
            lambda yes: (
                self.bench.keeper.remove(name if entry.source == "own" else entry.id, entry.id) if yes else None
            ),
        )

    def show_models(self) -> None:
        """Draw how far the downloads are; all anew where models have come to the disk or left it, or were loaded."""
        keeper = self.bench.keeper
        self.refresh_bindings()
        now = (len(keeper.disk_changes), keeper.loaded)
        if now == self._seen:
            self._list.show_transfers(keeper.transfers)
            self._draw_cache()
            self._follow()
            return
        for model_id, cached in keeper.disk_changes[self._seen[0] :]:
            self._list.entries = with_disk(self._list.entries, model_id, cached=cached)
        self._seen = now
        self.read_disk()

    @work(exclusive=True, group="disk")
    async def read_disk(self) -> None:
        """What the models on the disk take, and the memory that is free, read anew."""
        from foundry_bench.tui import machine

        try:
            self._list.memory, self._use, _ = await apart(self.app, machine.look, self.bench.settings.plan)
        except (InputError, OSError) as error:
            self._list.note(str(error))
        self._draw()

    def _cancel(self, row: Row) -> bool:
        transfer = transfer_of(row, self.bench.keeper.transfers)
        return transfer is not None and self.bench.keeper.cancel(transfer.name)

    def copied(self) -> str | None:
        """The id of the model in hand."""
        row = self._list.row_in_hand
        return row.entry.id if row else None

    @on(ModelTable.RowHighlighted)
    def _row_changed(self) -> None:
        row, memory, glyphs = self._list.row_in_hand, self._list.memory, self.bench.options.glyphs
        transfer = transfer_of(row, self.bench.keeper.transfers) if row else None
        self.query_one("#details-text", FittedText).show(partial(details, row, memory, transfer, glyphs))

    def _draw(self) -> None:
        self._list.show(self.bench.keeper.loaded, self.bench.keeper.transfers)
        self._draw_cache()
        self._follow()

    @on(Input.Changed)
    def _follow(self) -> None:
        """What stands beside the list, and in its title."""
        self._row_changed()
        self._tell()

    def _draw_cache(self) -> None:
        use, transfers, glyphs = self._use, self.bench.keeper.transfers, self.bench.options.glyphs

        def text(width: int) -> Text:
            queue = download_lines(transfers, width)
            return Text("\n").join([*([queue] if queue else []), cache_use(use, glyphs, width)])

        self.query_one("#cache-text", FittedText).show(text)

    def _tell(self) -> None:
        """How many models there are, and what is being read or fetched."""
        since = self._loading_since
        self._list.tell(None if since is None else self.bench.control.clock() - since)
        self.rename_panes()
