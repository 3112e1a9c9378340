"""Rating in pairs: two models' answers side by side, and a vote which is better."""

from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType

from foundry_bench.tui.apart import apart
from foundry_bench.tui.rating_round import RatingRound
from foundry_bench.tui.screens.blind import BlindScreen, course_keys, read_answers
from foundry_bench.tui.unsaved import Unsaved
from foundry_bench.tui.widgets.answer_card import AnswerCard
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.ratings import Pair, pairs_of
from foundry_bench.values.votes import CHOICES, Better, Vote, win_rates

_KEYS: dict[Better, str] = {"left": "a", "right": "b", "alike": "e", "both_bad": "x"}


class PairwiseScreen(BlindScreen[Pair, Vote]):
    """The pairs of the run in the folder ``path``."""

    SCALE: ClassVar[str] = "  ".join(f"{key} {CHOICES[better]}" for better, key in _KEYS.items())
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"vote('{better}')", CHOICES[better], id=f"pairs.{better}", show=False)
            for better, key in _KEYS.items()
        ),
        Binding("0", "vote('')", "skip", id="rate.skip"),
        *course_keys("pair"),
        Binding("p,escape,backspace", "back", "back", key_display="p", id="pairs.back"),
    ]

    def __init__(self, path: Path, rater: str, unsaved: Unsaved[Vote]) -> None:
        super().__init__(unsaved)
        self._of = path
        self.rater = rater
        self._nothing = ""

    def on_mount(self) -> None:
        """Begin to read."""
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Read answers and earlier votes in a thread."""
        try:
            self.prompts, answers, ratings = await apart(self.app, read_answers, self._of)
        except InputError as error:
            self._nothing = one_line(str(error))
        else:
            self._nothing = "this run has no two answers to a prompt that differ"
            self.path = self._of
            known = (vote for vote in ratings.votes if vote.by == self.rater)
            self.course = RatingRound(pairs_of(answers), (*known, *self.unsaved.of(self._of)))
        self.draw()

    def action_vote(self, better: Better | None) -> None:
        """Say which answer of the pair in hand is better; nothing passes over it."""
        if not self.showing:
            return
        pair = self.course.in_hand
        earlier = self.course.said_of(pair)
        vote = Vote(
            left=pair.left.model,
            right=pair.right.model,
            prompt_id=pair.left.prompt_id,
            left_sha256=pair.left.text_sha256,
            right_sha256=pair.right.text_sha256,
            better=better or None,
            by=self.rater,
            at=datetime.now(UTC),
            note=earlier.note if earlier else "",
        )
        self.keep(vote)

    def action_back(self) -> None:
        """To rating answer by answer."""
        self.dismiss()

    def note_title(self, said: Vote) -> str:  # noqa: ARG002 - the names are hidden
        """Without names."""
        return "Note on the pair voted on last"

    def lay_out(self, asked: Pair) -> str:
        """Both answers."""
        said = _said(self.course.said_of(asked))
        self.query_one("#left", AnswerCard).show(asked.left, "A", said)
        self.query_one("#right", AnswerCard).show(asked.right, "B", said)
        return asked.left.prompt_id

    def end(self) -> Text:
        """The names, at last; or why no pair is shown."""
        course = self.course
        if not course.asked:
            return Text(self._nothing)
        text = Text.assemble((f"All {len(course.asked)} pairs are voted on. What you prefer:\n\n", "bold"))
        for rate in win_rates(course.said):
            text.append(one_line(rate.model), "bold").append(f" {rate.sentence}\n")
        text.append("\n")
        for vote in course.said:
            if vote.note:
                text.append(f"{one_line(vote.left)} / {one_line(vote.right)}, {one_line(vote.prompt_id)}: ")
                text.append(f"{one_line(vote.note)}\n")
        return text.append("\nSides were shuffled by the run's name. u takes the last vote back.", "dim")


def _said(vote: Vote | None) -> str:
    """A vote in words."""
    if vote is None:
        return "no vote"
    said = CHOICES[vote.better] if vote.better else "skipped"
    return f"{said}, with a note" if vote.note else said
