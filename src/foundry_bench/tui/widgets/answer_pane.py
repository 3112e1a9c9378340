"""One answer as it comes: how fast, and its last lines. What a model says is data, never markup."""

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from foundry_bench.tui.display import Display, Glyphs
from foundry_bench.tui.flow import Flow
from foundry_bench.values.format import one_line, seconds
from foundry_bench.values.snapshot import LiveAnswer

_BOLD, _DIM = Style(bold=True), Style(dim=True)
_NOTHING = Text("no answer is under way", _DIM, no_wrap=True, end="")


class AnswerPane(Widget):
    """Its first line holds the figures; below flows the text. Only lines that changed are drawn."""

    DEFAULT_CSS = "AnswerPane { width: 1fr; height: 1fr; }"

    def __init__(self, options: Display) -> None:
        super().__init__()
        self._glyphs = options.glyphs
        self._jumps = options.low_bandwidth
        self._answer: LiveAnswer | None = None
        self._figures = _NOTHING
        self._flow = Flow(20, 1)
        self._fed = 0

    def show(self, answer: LiveAnswer | None) -> None:
        """Bring the pane up to date; the work depends on what is new alone."""
        before, self._answer = self._answer, answer
        if answer is None:
            if before is not None:
                self._begin()
                self._figures = _NOTHING
                self.refresh()
            return
        if before is None or before.serial != answer.serial:
            self._begin()
            self.refresh()
        figures = answer_figures(answer, self._glyphs, self.size.width)
        if figures != self._figures:
            self._figures = figures
            self.refresh(Region(0, 0, self.size.width, 1))
        self._take(answer)

    def render_line(self, y: int) -> Strip:
        """The figures, or a line of the text."""
        width, base = self.size.width, self.rich_style
        if y == 0:
            segments = [
                Segment(segment.text, base + (segment.style if isinstance(segment.style, Style) else Style()))
                for segment in self._figures.render(self.app.console, end="")
            ]
            return Strip(segments).adjust_cell_length(width, base)
        lines = self._flow.lines
        text = lines[y - 1] if y - 1 < len(lines) else ""
        return Strip([Segment(text, base)]).adjust_cell_length(width, base)

    def on_resize(self, event: events.Resize) -> None:
        """Break the text anew."""
        del event
        self._begin()
        if self._answer:
            self._figures = answer_figures(self._answer, self._glyphs, self.size.width)
            self._take(self._answer)
        self.refresh()

    def _begin(self) -> None:
        self._flow = Flow(self.size.width, self.size.height - 1, jumps=self._jumps)
        self._fed = 0

    def _take(self, answer: LiveAnswer) -> None:
        new = answer.length - self._fed
        if new <= 0:
            return
        self._fed = answer.length
        flow, gone, last = self._flow, self._flow.gone, len(self._flow.lines)
        flow.feed(answer.text[-new:])
        if flow.gone != gone:
            self.refresh(Region(0, 1, self.size.width, self.size.height - 1))
        else:
            self.refresh(Region(0, last, self.size.width, len(flow.lines) + 1 - last))


def answer_figures(answer: LiveAnswer, glyphs: Glyphs, width: int) -> Text:
    """The prompt and the figures of its answer so far, the most telling first; as many as fit."""
    mark = glyphs.failed if answer.failed else glyphs.done if answer.done else glyphs.working
    now, mean = answer.chunks_per_s_now, answer.chunks_per_s_mean
    shown = Text(f"{mark} ", _BOLD, no_wrap=True, end="")
    shown.append(one_line(answer.prompt_id))
    parts = [f"{glyphs.about}{answer.chunks} tok"]
    parts += [f"{now:.0f}/s now"] if now is not None else []
    parts += [f"{mean:.0f}/s mean"] if mean is not None else []
    parts += [f"TTFT {seconds(answer.ttft_s)}"] if answer.ttft_s is not None else []
    parts += [f"{answer.elapsed_s:.1f} s", "warm-up" if answer.phase == "warmup" else f"round {answer.round}"]
    for part in parts:
        if shown.cell_len + len(part) + 2 <= width:
            shown.append(f"  {part}", _DIM if part == "warm-up" else Style())
    return shown
