"""One answer to be rated: what it says, and what was said of it; never who wrote it."""

from collections.abc import Mapping

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.widgets import Static

from foundry_bench.tui.drawn.safe_text import safe_lines
from foundry_bench.tui.drawn.signs import Signs
from foundry_bench.values.ratings import SCORES, Answer, Rating

# What each score is called here: "best" would say that no other answer is as good.
WORDS: Mapping[int, str] = {**SCORES, 5: "excellent"}


class AnswerCard(VerticalScroll):
    """A pane with the answer; its title is the answer's letter, its subtitle what was said of it."""

    DEFAULT_CSS = """
    AnswerCard { width: 1fr; height: 1fr; border: round $border-blurred; padding: 0 1;
        border-title-color: $foreground; border-subtitle-color: $foreground; }
    AnswerCard.-in-hand { border: heavy $border; border-title-style: bold reverse; }
    AnswerCard Static { height: auto; }
    """

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(markup=False)

    def show(self, answer: Answer, title: str, said: str, *, in_hand: bool = False) -> None:
        """Draw an answer; the one in hand takes the next digit."""
        self.query_one(Static).update(Text(safe_lines(answer.text)))
        self.border_title = title
        self.border_subtitle = Text(said).markup
        self.set_class(in_hand, "-in-hand")
        self.scroll_home(animate=False)


def verdict(rating: Rating | None, signs: Signs) -> str:
    """A rating in words."""
    if rating is None:
        return "not rated"
    said = "skipped" if rating.score is None else f"{signs.stars(rating.score)} {WORDS[int(rating.score)]}"
    return f"{said}, with a note" if rating.note else said
