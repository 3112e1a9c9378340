"""The mode History: what was recorded."""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Input, Static

from foundry_bench.session.beacons import list_running
from foundry_bench.session.run_list import RunHead, list_runs
from foundry_bench.tui.apart import apart
from foundry_bench.tui.drawn.cells import Cell, Heading
from foundry_bench.tui.nothing_recorded import nothing_recorded
from foundry_bench.tui.pages import Pages
from foundry_bench.tui.screens.compare import CompareScreen
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.run import RunScreen
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.tui.widgets.filter_line import FilterLine
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import UNDEFINED, one_line

_HEADINGS = (
    Heading("mark", " ", figures=False),
    Heading("created", "Recorded, UTC", figures=False),
    Heading("status", "Status", figures=False),
    Heading("models", "Models", figures=False),
)
# Columns that the other cells of a line and the frame take.
_TAKEN = 40


class HistoryScreen(FrameScreen):
    """Runs, newest first, a thousand a page; Enter opens one, two marked ones are compared."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="mark"),
        Binding("c", "compare", "compare two", id="history.compare"),
        Binding("a", "attach", "go to the running one", id="history.attach"),
        Binding("slash", "filter", "filter", key_display="/", id="filter"),
        Binding("right_square_bracket", "turn(1)", "next page", key_display="]", id="page.next"),
        Binding("left_square_bracket", "turn(-1)", "page before", key_display="[", id="page.before"),
    ]
    DEFAULT_CSS = """
    HistoryScreen {
        #history-pane { height: 1fr; }
        #told { height: auto; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._runs: Sequence[RunHead] = ()
        self._problem = ""
        self._pages: Pages[RunHead] = Pages()
        self._marked: list[str] = []

    def compose_body(self) -> ComposeResult:
        """The list."""
        with Vertical(id="history-pane", classes="pane") as pane:
            pane.border_title = "History"
            yield FiguresTable(by_row=True, id="runs")
            yield Static(id="told", markup=False)
            yield FilterLine("run, model or status")

    def on_screen_resume(self) -> None:
        """Look again."""
        self.load()

    @on(events.Resize)
    def _resized(self) -> None:
        """There may be more room for names."""
        self.call_after_refresh(self._draw)

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """List the runs in a thread."""
        try:
            self._runs, self._problem = await apart(self.app, list_runs, self.bench.settings.out), ""
        except (InputError, OSError) as error:
            self._runs, self._problem = (), one_line(str(error))
        self._marked = [name for name in self._marked if any(run.path.name == name for run in self._runs)]
        self._filter()

    def copied(self) -> str | None:
        """The folder of the run in hand."""
        run = self._run_in_hand()
        return str(run.path) if run else None

    def action_mark(self) -> None:
        """Mark the run in hand, or take the mark away; of three the first loses it."""
        run = self._run_in_hand()
        if run is None or run.status == "unreadable":
            return
        name = run.path.name
        self._marked = [other for other in self._marked if other != name][-1:] + [name] * (name not in self._marked)
        self._draw()

    def action_compare(self) -> None:
        """Compare the two marked runs, the older one as the base; with one marked, it and the run in hand."""
        run = self._run_in_hand()
        names = set(self._marked) | ({run.path.name} if run and len(self._marked) < 2 else set())
        paths = sorted((one.path for one in self._runs if one.path.name in names), key=lambda path: path.name)
        if len(paths) != 2:
            self.notify("mark two runs first, with space")
            return
        self._compare(paths)

    @work
    async def _compare(self, paths: Sequence[Path]) -> None:
        await self.app.switch_mode("compare")
        screen = self.app.screen
        if isinstance(screen, CompareScreen):
            await screen.compare_runs(paths[0], paths[1])

    @work
    async def action_attach(self) -> None:
        """Show the running benchmark in hand."""
        run = self._run_in_hand()
        if run is None:
            return
        running = await apart(self.app, list_running)
        beacon = next((one for one in running if Path(one.run) == run.path.absolute()), None)
        if beacon is None:
            self.notify(f"{run.id} is not running any more, or can't be followed")
            return
        await self.app.switch_mode("run")
        screen = self.app.screen
        if isinstance(screen, RunScreen):
            screen.attach(beacon)

    @on(DataTable.RowSelected, "#runs")
    def _open(self) -> None:
        run = self._run_in_hand()
        if run is None:
            return
        if run.status == "unreadable":
            self.notify(f"{run.id} can't be read: its run.json is damaged", severity="error")
            return
        self.bench.chosen_run = run.path
        self.app.switch_mode("results")

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one(FilterLine).open()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.query_one("#runs").focus()

    @on(Input.Changed)
    def _filter(self) -> None:
        words, in_hand = self.query_one(FilterLine).value.lower().split(), self._run_in_hand()
        found = [run for run in self._runs if all(word in _text(run) for word in words)]
        self._pages = Pages(found)
        paths = [run.path for run in found]
        self._pages.turn_to(paths.index(in_hand.path) if in_hand and in_hand.path in paths else 0)
        self._draw()

    def action_turn(self, step: int) -> None:
        """Another page."""
        if self._pages.turn(step):
            self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Pages are turned only where there are several; one goes only to what runs."""
        if action == "attach":
            return any(run.status == "running" for run in self._pages.page)
        return self._pages.count > 1 if action == "turn" else super().check_action(action, parameters)

    def _run_in_hand(self) -> RunHead | None:
        key = self.query_one("#runs", FiguresTable).row_in_hand
        return next((run for run in self._pages.page if run.path.name == key), None)

    def _draw(self) -> None:
        marked = self.bench.options.glyphs.marked
        rows = [
            (
                run.path.name,
                [
                    Cell(marked if run.path.name in self._marked else " ", right=False),
                    Cell(f"{run.created:%Y-%m-%d %H:%M}" if run.created else UNDEFINED, right=False),
                    Cell(run.status, right=False),
                    self._models_cell(run),
                ],
            )
            for run in self._pages.page
        ]
        self.query_one("#runs", FiguresTable).show(_HEADINGS, rows)
        count = len(self._pages.items)
        parts = [f"{count} run{'s' * (count != 1)}", self._pages.label, self._marks_told()]
        nothing = nothing_recorded(self.bench.settings.out)
        told = f"  {self.bench.options.glyphs.dot}  ".join(filter(None, parts)) if self._runs else nothing
        self.query_one("#told", Static).update(self._problem or told)
        self.refresh_bindings()

    def _models_cell(self, run: RunHead) -> Cell:
        """The models' names as far as there is room."""
        cell = Cell(one_line(", ".join(run.models)), right=False)
        cell.truncate(max(10, self.size.width - _TAKEN), overflow="ellipsis")
        return cell

    def _marks_told(self) -> str:
        return ("", "one marked: mark another to compare", "two marked: c compares them")[len(self._marked)]


def _text(run: RunHead) -> str:
    return " ".join((run.id, run.status, *run.models)).lower()
