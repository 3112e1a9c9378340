"""The mode Results: models by metrics, and charts of the requests behind them."""

from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import DataTable, Input

from foundry_bench.session.run_view import RunView, open_run
from foundry_bench.tui.apart import apart
from foundry_bench.tui.display import NARROW_BELOW
from foundry_bench.tui.drawn.caution_lines import caution_lines, caution_texts
from foundry_bench.tui.drawn.plot_braille import prepare
from foundry_bench.tui.drawn.results_columns import COLUMNS, fitting, headings, rows, title_of
from foundry_bench.tui.drawn.results_plots import plots_of
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.tui.drawn.units_kept import units_kept
from foundry_bench.tui.nothing_recorded import why_nothing
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.model_detail import ModelDetailScreen
from foundry_bench.tui.widgets.chart import Chart
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.tui.widgets.filter_line import FilterLine
from foundry_bench.tui.widgets.fitted_text import FittedText
from foundry_bench.values.calibration import Calibration
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line, seconds
from foundry_bench.values.result import ModelResult, RunRecord

_UNBOUNDED = 10_000
_NOTE_LINES = 4  # as the style sheet gives it


class ResultsScreen(FrameScreen):
    """The last run, or the one that was chosen in the history."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter", key_display="/", id="filter"),
        Binding("w", "widen", "wide", id="table.wide"),
        Binding("v", "next_chart", "chart", id="chart.next"),
        Binding("H", "hosts", "hosts", id="hosts"),
    ]
    DEFAULT_CSS = """
    ResultsScreen {
        #results-pane { height: auto; max-height: 60%; }
        #figures { height: auto; min-height: 4; max-height: 100%; }
        #note { height: auto; min-height: 2; max-height: 4; }
        #chart-pane { height: 1fr; }
        &.-single #results-pane { max-height: 100%; }
        &.-single #figures { height: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view: RunView | None = None
        self._all_columns = False
        self._chart = 0

    def compose_body(self) -> ComposeResult:
        """The table over the chart."""
        with Vertical(id="results-pane", classes="pane") as pane:
            pane.border_title = "Results"
            yield FiguresTable(id="figures")
            yield FittedText(id="note")
            yield FilterLine("model or device")
        with Vertical(id="chart-pane", classes="pane") as pane:
            pane.border_title = "Chart"
            yield Chart(ascii_only=self.bench.options.ascii, id="chart")

    def on_screen_resume(self) -> None:
        """Show what was recorded or chosen in the meantime."""
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Read the run in a thread, then draw it."""
        out, chosen = self.bench.settings.out, self.bench.chosen_run
        if self._view is None:
            self._note("reading the run ...")
        try:
            self._view = await apart(self.app, open_run, out, chosen)
            await apart(self.app, prepare)
        except InputError as error:
            self._view = None
            self._note(await apart(self.app, why_nothing, out, chosen, error))
            return
        self.refresh_bindings()
        if self._view.problem:
            self.notify(self._view.problem, severity="warning")
        self._draw()

    @on(events.Resize)
    def _resized(self) -> None:
        """Other columns may fit."""
        self.call_after_refresh(self._draw)

    def copied(self) -> str | None:
        """The figure, or the name, that the cursor is on: whole, and without the signs beside it."""
        model, column = self._model_in_hand(), self.query_one("#figures", FiguresTable).column_in_hand
        if self._view is None or model is None or column is None:
            return None
        return COLUMNS[column].of(self._view, model, self.bench.options).text

    @on(DataTable.CellSelected, "#figures")
    def _open(self) -> None:
        """Look at the model's answers."""
        model = self._model_in_hand()
        if self._view and model:
            self.app.push_screen(ModelDetailScreen(self._view, model))

    def action_filter(self) -> None:
        """Type what to look for."""
        self.query_one(FilterLine).open()

    @on(Input.Changed)
    def _filter_changed(self) -> None:
        self._draw()

    @on(FilterLine.Left)
    def _filter_left(self) -> None:
        self.query_one("#figures").focus()

    def action_widen(self) -> None:
        """All columns, or those that fit."""
        self._all_columns = not self._all_columns
        self._draw()

    def action_next_chart(self) -> None:
        """The next chart; brings the chart forward where it is hidden."""
        pane = self.query_one("#chart-pane")
        if pane.display and pane.region.height:
            self._chart += 1
        else:
            self.show_pane(pane)
        self._draw_chart()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only a fleet's run has hosts."""
        if action == "hosts":
            return self._view is not None and bool(self._view.record.hosts)
        return super().check_action(action, parameters)

    def action_hosts(self) -> None:
        """See the hosts that measured this run."""
        from foundry_bench.tui.screens.hosts import HostsScreen  # what it needs, no other screen does

        if self._view:
            self.app.push_screen(HostsScreen(self._view.record.plan, self._view.path))

    @on(DataTable.CellHighlighted, "#figures")
    def _tell(self) -> None:
        """Under the table: what calls for care where the cursor is."""
        table, model = self.query_one("#figures", FiguresTable), self._model_in_hand()
        note = ""
        if self._view and model and model.status != "ok":
            note = f"{one_line(model.name)} {model.status}: {one_line(_reason(model, self._view.record))}"
            note += f"; {one_line(model.advice)}" if model.advice else ""
        elif self._view and model and table.column_in_hand:
            texts = caution_texts(self._view, model, COLUMNS[table.column_in_hand])
            sign = signs(ascii_only=self.bench.options.ascii).caution
            self.query_one("#note", FittedText).show(partial(caution_lines, texts, sign, _NOTE_LINES))
            return
        self._note(note)

    def _note(self, text: str) -> None:
        self.query_one("#note", FittedText).show(partial(units_kept, text))

    @on(FiguresTable.Sorted)
    def _title(self) -> None:
        table = self.query_one("#figures", FiguresTable)
        parts = ["Results"]
        if table.sorted_by:
            glyphs = self.bench.options.glyphs
            parts.append(f"{title_of(table.sorted_by)} {glyphs.down if table.descending else glyphs.up}")
        if self._view:
            calibration = self._view.record.calibration
            whole = self.size.width >= NARROW_BELOW
            parts.append(_error(calibration, whole=whole) if calibration else "not calibrated")
        single, dot = self.has_class("-single"), f" {self.bench.options.glyphs.dot} "
        if self._view and not single:
            parts.append(one_line(self._view.record.id))
        pane = self.query_one("#results-pane")
        pane.border_title = Text(dot.join(parts[:1] if single else parts)).markup
        pane.border_subtitle = Text(dot.join(parts[1:]) if single else "").markup
        self.rename_panes()

    def _model_in_hand(self) -> ModelResult | None:
        name = self.query_one("#figures", FiguresTable).row_in_hand
        models = self._view.record.models if self._view else ()
        return next((model for model in models if model.name == name), None)

    def _draw(self) -> None:
        if self._view is None:
            return
        keys = tuple(COLUMNS) if self._all_columns else fitting(self.size.width)
        words = self.query_one(FilterLine).value.lower().split()
        wanted = {model.name for model in self._view.record.models if all(word in _text(model) for word in words)}
        table = self.query_one("#figures", FiguresTable)
        room = _UNBOUNDED if self._all_columns else table.size.width
        shown = rows(self._view, keys, self.bench.options, room)
        table.show(headings(keys), [(name, cells) for name, cells in shown if name in wanted])
        table.fixed_columns = 1 if self._all_columns else 0
        self._title()
        self._draw_chart()

    def _draw_chart(self) -> None:
        if self._view:
            plots = plots_of(self._view)
            self.query_one("#chart", Chart).plot = plots[self._chart % len(plots)](self._view)


def _error(calibration: Calibration, *, whole: bool) -> str:
    """The timing error of both kinds of figures, or of the one that has the larger one, by name."""
    kinds = {"TTFT": calibration.ttft_p99_s, "ITL": calibration.itl_p99_s}
    shown = kinds if whole else [max(kinds, key=lambda name: kinds[name])]
    return ", ".join(f"{name} ± {seconds(kinds[name])}" for name in shown)


def _reason(model: ModelResult, run: RunRecord) -> str:
    """Why a model isn't ok; that of a run which was stopped has no error of its own."""
    if run.status == "interrupted" and (model.error is None or model.error.type == "stopped"):
        return f"stopped by you; foundry-bench run --resume {run.id} measures the rest"
    if model.error:
        return model.error.message
    counts = model.counts
    if counts.failed:
        return f"{counts.failed} of its {counts.failed + counts.answered} requests failed; enter shows which"
    return "ended before its last request"


def _text(model: ModelResult) -> str:
    return f"{model.name} {model.device or ''}".lower()
