"""One model of a run: its figures prompt by prompt, each request, and the answer behind it."""

from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import DataTable, Static

from foundry_bench.session.energy_table import energy_words
from foundry_bench.session.run_view import RunView, answers_of
from foundry_bench.tui.apart import apart
from foundry_bench.tui.drawn.model_rows import HEADINGS, Row, cells, model_rows, prompt_figures
from foundry_bench.tui.drawn.safe_text import safe_lines
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.tui.pages import Pages
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.widgets.answer_timeline import AnswerTimeline
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import figure, one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Sample
from foundry_bench.values.result import ModelResult
from foundry_bench.values.votes import win_rate


class ModelDetailScreen(FrameScreen):
    """Requests on the left, the answer of the one in hand on the right."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,b,backspace", "back", "back", key_display="b", id="back"),
        Binding("o", "next_outlier", "outlier", id="outlier.next"),
        Binding("right_square_bracket", "turn(1)", "next page", key_display="]", id="page.next"),
        Binding("left_square_bracket", "turn(-1)", "page before", show=False, key_display="[", id="page.before"),
    ]
    DEFAULT_CSS = """
    ModelDetailScreen {
        #requests-pane { width: 48; }
        #answer-pane { width: 1fr; }
        &.-wide #requests-pane { width: 52; }
        &.-single #requests-pane { width: 1fr; }
        #page { height: auto; }
        #facts { height: auto; }
        #answer { height: 1fr; }
        #answer Static { height: auto; }
        AnswerTimeline { margin: 1 0; }
        &.-short AnswerTimeline { margin: 0; }
    }
    """

    def __init__(self, view: RunView, model: ModelResult) -> None:
        super().__init__()
        self._view = view
        self._model = model
        self._samples: tuple[Sample, ...] = ()
        self._rows: Pages[Row] = Pages()

    def compose_body(self) -> ComposeResult:
        """Two panes side by side."""
        with Horizontal(classes="split"):
            with Vertical(id="requests-pane", classes="pane"):
                yield FiguresTable(by_row=True, id="requests")
                yield Static(id="page", markup=False)
            with Vertical(id="answer-pane", classes="pane") as pane:
                pane.border_title = "Answer"
                yield Static(id="facts", markup=False)
                yield AnswerTimeline(self.bench.options, id="timeline")
                with VerticalScroll(id="answer"):
                    yield Static(id="text", markup=False)

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#requests-pane").border_title = Text(one_line(self._model.name)).markup
        self.read()

    @work(exclusive=True)
    async def read(self) -> None:
        """Read the model's samples in a thread."""
        self.query_one("#facts", Static).update("reading the answers ...")
        try:
            self._samples = await apart(self.app, answers_of, self._view.path, self._model.name)
        except InputError as error:
            self.query_one("#facts", Static).update(one_line(str(error)))
            return
        self._rows = Pages(model_rows(self._model, self._samples))
        self._draw()
        if not self._samples:
            reason = self._model.error.message if self._model.error else "nothing was measured"
            self.query_one("#facts", Static).update(one_line(reason))

    def copied(self) -> str | None:
        """The whole answer."""
        row = self._row_in_hand()
        return row.sample.text if row and row.sample else None

    def action_back(self) -> None:
        """Back to the table of models."""
        self.app.pop_screen()

    def action_turn(self, step: int) -> None:
        """Another page of requests."""
        if self._rows.turn(step):
            self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Pages are turned only where there are several."""
        return self._rows.count > 1 if action == "turn" else super().check_action(action, parameters)

    def action_next_outlier(self) -> None:
        """The next request that stands out; after the last the first."""
        rows, hand = self._rows.items, self._row_in_hand()
        start = rows.index(hand) + 1 if hand in rows else 0
        for index in [*range(start, len(rows)), *range(start)]:
            if rows[index].outliers:
                self._rows.turn_to(index)
                self._draw()
                self.query_one("#requests", FiguresTable).go_to(rows[index].key)
                return
        self.notify("no request stands out")

    @on(DataTable.RowSelected, "#requests")
    def _read_on(self) -> None:
        """Where one pane is shown at a time: to the answer."""
        self.show_pane(self.query_one("#answer-pane"))
        self.call_after_refresh(self._tell)

    @on(events.Resize)
    def _resized(self) -> None:
        """There may be room for more figures."""
        self.call_after_refresh(self._tell)

    @on(DataTable.RowHighlighted, "#requests")
    def _tell(self) -> None:
        row = self._row_in_hand()
        if row is None:
            return
        sample, facts = row.sample, Text()
        prompts = {prompt.id: prompt.prompt for prompt in self._view.record.plan.prompts}
        prompt = one_line(prompts.get(row.prompt_id, row.prompt_id)[:300])
        facts.append(prompt, "bold")
        timeline, text = self.query_one("#timeline", AnswerTimeline), self.query_one("#text", Static)
        timeline.sample = sample if sample and sample.counts else None
        timeline.display = timeline.sample is not None
        if sample is None:
            text.update(Text("\n".join(prompt_figures(self._model, row.prompt_id, text.size.width)), no_wrap=True))
            for words in (_ended(self._model), energy_words(self._model), *self._votes()):
                facts.append(f"\n{words}" if words else "", "dim")
        elif sample.error:
            text.update(Text(f"{sample.error.type}: {safe_lines(sample.error.message)}"))
        else:
            text.update(_answer(sample))
        sign = signs(ascii_only=self.bench.options.ascii)
        for outlier in row.outliers:
            metric = METRICS[outlier.metric]
            facts.append(
                f"\n{sign.outlier} {metric.label} {figure(outlier.value, metric.unit)}: "
                f"the median is {figure(outlier.median, metric.unit)}, {outlier.score:+.1f} deviations"
            )
        self.query_one("#facts", Static).update(facts)
        self.query_one("#answer").scroll_home(animate=False)

    def _votes(self) -> list[str]:
        """How often people prefer its answers, model by model."""
        votes, others = self._view.ratings.votes, (model.name for model in self._view.record.models)
        rates = (win_rate(votes, self._model.name, other) for other in others)
        return [f"votes: {rate.sentence}" for rate in rates if rate]

    def _row_in_hand(self) -> Row | None:
        key = self.query_one("#requests", FiguresTable).row_in_hand
        return next((row for row in self._rows.page if row.key == key), None)

    def _draw(self) -> None:
        sign = signs(ascii_only=self.bench.options.ascii)
        shown = [(row.key, cells(row, self._model, sign, 20)) for row in self._rows.page]
        self.query_one("#requests", FiguresTable).show(HEADINGS, shown)
        page = self.query_one("#page", Static)
        page.update(self._rows.label)
        page.display = bool(self._rows.label)
        self.refresh_bindings()
        self._tell()


def _ended(model: ModelResult) -> str:
    """Why a rule or the budget ended its rounds; empty where all were done."""
    stop = model.stop
    return f"ended after {stop.rounds} rounds: {one_line(stop.message)}" if stop and stop.kind != "rounds" else ""


def _answer(sample: Sample) -> Text:
    text = Text()
    if sample.reasoning:
        text.append(safe_lines(sample.reasoning, 5_000) + "\n\n", "italic")
    text.append(safe_lines(sample.text))
    tokens = "?" if sample.completion_tokens is None else sample.completion_tokens
    ended = one_line(sample.finish_reason or "no reason given")
    return text.append(f"\n\n{tokens} tokens by {sample.token_source}, ended: {ended}, clock: {sample.clock}", "dim")
