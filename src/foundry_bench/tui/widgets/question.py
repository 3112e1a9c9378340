"""What the answers in hand were asked, and what to rate them by."""

from functools import partial
from textwrap import wrap

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.reactive import reactive

from foundry_bench.tui.drawn.safe_text import safe_lines
from foundry_bench.tui.widgets.fitted_text import FittedText
from foundry_bench.values.facets import asked
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Prompt

_MOST_SHOWN = 4_000


class Question(VerticalScroll, can_focus=False):
    """The prompt, and below it the questions of its facets; as many lines as it is given, or all to scroll through.

    ``cut`` says whether there is more of the prompt than is shown.
    """

    cut: reactive[bool] = reactive(False, bindings=True)  # noqa: FBT003 - a default

    def __init__(self) -> None:
        super().__init__(id="question")

    def compose(self) -> ComposeResult:
        """The text."""
        yield FittedText(id="question-text")

    def show(self, place: str, prompt: Prompt, most_lines: int | None) -> None:
        """Show a prompt, ``place`` before it, in so many lines at most."""
        self.query_one(FittedText).show(partial(self._lines, place, prompt, most_lines))
        self.scroll_home(animate=False)

    def _lines(self, place: str, prompt: Prompt, most_lines: int | None, width: int) -> Text:
        width = max(20, width)
        questions = " ".join(one_line(facet.ask) for facet in asked(prompt.facets) if facet.ask)
        rated = wrap(f"rate: {questions}", width) if questions else []
        asked_lines = "".join(f"\n{line}" for line in rated)
        if most_lines is None:
            said = safe_lines(prompt.prompt)
        else:
            lines = wrap(place + one_line(prompt.prompt[:_MOST_SHOWN]), width) or [place]
            room = max(2, most_lines - len(rated))
            self.cut = len(lines) > room
            if self.cut:
                end = " … v: the whole prompt"
                lines = [*lines[: room - 1], lines[room - 1][: width - len(end)].rstrip() + end]
            said = "\n".join(lines)[len(place) :]
        return Text.assemble((place, "bold"), said, (asked_lines, "italic"))
