"""One model of a run: its figures prompt by prompt, each request, and the answer behind it."""

from functools import partial
from textwrap import wrap
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
from foundry_bench.tui.drawn.caution_lines import caution_texts
from foundry_bench.tui.drawn.model_rows import HEADINGS, Row, cells, model_rows, prompt_figures
from foundry_bench.tui.drawn.safe_text import safe_lines
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.tui.pages import Pages
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.widgets.answer_timeline import AnswerTimeline
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.tui.widgets.fitted_text import FittedText
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import figure, one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Sample
from foundry_bench.values.result import ModelResult
from foundry_bench.values.votes import win_rate

_ASKED_LINES = 3


class ModelDetailScreen(FrameScreen):
    """Requests on the left; on the right the answer of the one in hand, and below it what there is to know of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,b,backspace", "to_requests", "to the list", key_display="b", id="requests.back"),
        Binding("escape,b,backspace", "back", "all models", key_display="b", id="back"),
        Binding("o", "next_outlier", "outlier", id="outlier.next"),
        Binding("right_square_bracket", "turn(1)", "next page", key_display="]", id="page.next"),
        Binding("left_square_bracket", "turn(-1)", "page before", show=False, key_display="[", id="page.before"),
        Binding("j", "scroll_by(1)", "down", show=False),
        Binding("k", "scroll_by(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    ModelDetailScreen {
        #requests-pane { width: 48; }
        #answer-pane { width: 1fr; }
        &.-wide #requests-pane { width: 52; }
        &.-single #requests-pane { width: 1fr; }
        #page, #asked, #text, #facts, #cautions { height: auto; }
        #cautions { margin-top: 1; }
        #asked, #text { margin-bottom: 1; }
        &.-short #asked { margin-bottom: 0; }
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
            with VerticalScroll(id="answer-pane", classes="pane") as pane:
                pane.border_title = "Answer"
                yield FittedText(id="asked")
                yield Static(id="text", markup=False)
                yield Static(id="facts", markup=False)
                yield AnswerTimeline(self.bench.options, id="timeline")
                yield Static(id="cautions", markup=False)

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one("#requests-pane").border_title = Text(one_line(self._model.name)).markup
        self.read()

    @work(exclusive=True)
    async def read(self) -> None:
        """Read the model's samples in a thread."""
        self._say("reading the answers ...")
        try:
            self._samples = await apart(self.app, answers_of, self._view.path, self._model.name)
        except InputError as error:
            self._say(one_line(str(error)))
            return
        self._rows = Pages(model_rows(self._model, self._samples))
        self._draw()
        first = next((row.key for row in self._rows.items if row.sample), None)
        self.query_one("#requests", FiguresTable).go_to(first)
        if not self._samples:
            reason = self._model.error.message if self._model.error else "nothing was measured"
            self._say(one_line(reason))

    def copied(self) -> str | None:
        """The whole answer."""
        row = self._row_in_hand()
        return row.sample.text if row and row.sample else None

    def action_to_requests(self) -> None:
        """Back to the list of requests."""
        self.show_pane(self.query_one("#requests-pane"))

    def action_back(self) -> None:
        """Back to the table of models."""
        self.app.pop_screen()

    def action_scroll_by(self, step: int) -> None:
        """A line on in the answer."""
        self.query_one("#answer-pane").scroll_relative(y=step, animate=False)

    def action_turn(self, step: int) -> None:
        """Another page of requests."""
        if self._rows.turn(step):
            self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Pages are turned only where there are several; from the answer one goes back to the list first."""
        if action in {"to_requests", "back"}:
            return (self._pane_in_hand == "answer-pane") == (action == "to_requests")
        return self._rows.count > 1 if action == "turn" else super().check_action(action, parameters)

    @property
    def _pane_in_hand(self) -> str | None:
        return self._current.id if self._current else None

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
        timeline, text = self.query_one("#timeline", AnswerTimeline), self.query_one("#text", Static)
        timeline.sample = sample if sample and sample.counts else None
        timeline.display = timeline.sample is not None
        if sample is None:
            text.update(Text("\n".join(prompt_figures(self._model, row.prompt_id, text.size.width)), no_wrap=True))
            for words in (_ended(self._model), energy_words(self._model), *self._votes()):
                facts.append(f"{words}\n" if words else "", "dim")
        elif sample.error:
            text.update(Text(f"{sample.error.type}: {safe_lines(sample.error.message)}"))
        else:
            text.update(_answer(sample))
        sign = signs(ascii_only=self.bench.options.ascii)
        for outlier in row.outliers:
            metric = METRICS[outlier.metric]
            facts.append(
                f"{sign.outlier} {metric.label} {figure(outlier.value, metric.unit)}: "
                f"the median is {figure(outlier.median, metric.unit)}, {outlier.score:+.1f} deviations\n"
            )
        self.query_one("#asked", FittedText).show(partial(self._asked, row))
        self.query_one("#facts", Static).update(facts)
        cautions = (f"{sign.caution} {text}" for text in caution_texts(self._view, self._model))
        self.query_one("#cautions", Static).update("\n".join(cautions))
        self.query_one("#answer-pane").scroll_home(animate=False)

    def _asked(self, row: Row, width: int) -> Text:
        """What was asked, in a few lines, so that the answer below it is seen; and what of it stands out."""
        options = self.bench.options
        prompts = {prompt.id: prompt.prompt for prompt in self._view.record.plan.prompts}
        prompt = one_line(prompts.get(row.prompt_id, row.prompt_id)[:300])
        lines = wrap(prompt, max(20, width), max_lines=_ASKED_LINES, placeholder=" …")
        text = Text("\n".join(lines), "bold")
        if row.outliers:
            names = ", ".join(METRICS[outlier.metric].label for outlier in row.outliers)
            text.append(f"\n{signs(ascii_only=options.ascii).outlier} {names}: told below", "not bold")
        return text

    def _say(self, text: str) -> None:
        """In place of an answer."""
        self.query_one("#facts", Static).update(text)

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
