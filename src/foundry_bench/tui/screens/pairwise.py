"""Rating in pairs: two models' answers side by side, and a vote which is better."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from foundry_bench.session.ratings import load_ratings
from foundry_bench.session.store import load, read_samples
from foundry_bench.tui.apart import apart
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.note import NoteScreen
from foundry_bench.tui.unsaved import Unsaved
from foundry_bench.tui.widgets.answer_card import AnswerCard
from foundry_bench.tui.widgets.rating_round import RatingRound
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.ratings import Pair, blind, first_answers, pairs_of
from foundry_bench.values.votes import CHOICES, Better, Vote, win_rates

COLUMNS = 100  # that two answers side by side need to be read
_KEYS: dict[Better, str] = {"left": "a", "right": "b", "alike": "e", "both_bad": "x"}
_SCALE = "  ".join(f"{key} {CHOICES[better]}" for better, key in _KEYS.items())


class PairwiseScreen(FrameScreen):
    """The pairs of the run in the folder ``path``, without names; the names come when all are voted on."""

    MODE: ClassVar[str] = "rate"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(key, f"vote('{better}')", CHOICES[better], id=f"pairs.{better}", show=False)
            for better, key in _KEYS.items()
        ),
        Binding("0", "vote('')", "skip", id="rate.skip"),
        Binding("u", "undo", "undo", id="rate.undo"),
        Binding("n", "note", "note", id="rate.note"),
        Binding("p,escape,backspace", "back", "one by one", key_display="p", id="pairs.back"),
        Binding("left,h", "move(-1)", "pair before", show=False),
        Binding("right,l", "move(1)", "next pair", show=False),
        Binding("j,down", "scroll_by(1)", "down", show=False),
        Binding("k,up", "scroll_by(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    PairwiseScreen {
        #question { height: auto; max-height: 3; padding: 0 1; }
        #pair { height: 1fr; }
        #scale { height: auto; padding: 0 1; text-style: bold; }
        #end { height: auto; padding: 1 2; }
    }
    """

    def __init__(self, path: Path, rater: str, unsaved: Unsaved[Vote]) -> None:
        super().__init__()
        self._path = path
        self._rater = rater
        self._unsaved = unsaved
        self._round: RatingRound[Pair, Vote] = RatingRound((), ())
        self._prompts: dict[str, str] = {}
        self._nothing = ""

    def compose_body(self) -> ComposeResult:
        """The prompt, two answers, the choices."""
        with Vertical():
            yield Static(id="question", markup=False)
            with Horizontal(id="pair"):
                yield AnswerCard(id="left")
                yield AnswerCard(id="right")
            yield Static(id="end", markup=False)
            yield Static(_SCALE, id="scale", markup=False)

    def on_mount(self) -> None:
        """Begin to read."""
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Read answers and earlier votes in a thread."""
        try:
            self._prompts, pairs, votes = await apart(self.app, _read, self._path)
        except InputError as error:
            self._nothing = one_line(str(error))
        else:
            self._nothing = "this run has no two answers to a prompt that differ"
            known = (vote for vote in votes if vote.by == self._rater)
            self._round = RatingRound(pairs, (*known, *self._unsaved.of(self._path)))
        self._draw()

    @on(events.Resize)
    def _resized(self) -> None:
        """There may be room now, or none any more."""
        self.call_after_refresh(self._draw)

    @property
    def _showing(self) -> bool:
        """Whether a pair is shown, and may be voted on."""
        return bool(self._round.asked) and not self._round.over and self.size.width >= COLUMNS

    def action_vote(self, better: Better | None) -> None:
        """Say which answer of the pair in hand is better; nothing passes over it."""
        if not self._showing:
            return
        pair = self._round.in_hand
        earlier = self._round.said_of(pair)
        vote = Vote(
            left=pair.left.model,
            right=pair.right.model,
            prompt_id=pair.left.prompt_id,
            left_sha256=pair.left.text_sha256,
            right_sha256=pair.right.text_sha256,
            better=better or None,
            by=self._rater,
            at=datetime.now(UTC),
            note=earlier.note if earlier else "",
        )
        self._keep(vote)

    def action_note(self) -> None:
        """Write a note to the last vote."""
        if not self._round.said:
            self.notify("vote first: a note belongs to a vote")
            return
        vote = self._round.said[-1]

        def written(note: str | None) -> None:
            if note is not None:
                self._keep(replace(vote, note=note))

        self.app.push_screen(NoteScreen("Note on the pair voted on last", vote.note), written)

    def action_undo(self) -> None:
        """Take the last vote back."""
        vote = self._round.undo()
        if vote is None:
            self.notify("there is nothing to undo")
            return
        if problem := self._unsaved.take_back(self._path, vote):
            self._round.add(vote)
            self.notify(problem, severity="error")
        self._draw()

    def action_back(self) -> None:
        """To rating answer by answer."""
        self.dismiss()

    def action_move(self, step: int) -> None:
        """Take another pair in hand."""
        if self._showing:
            self._round.move(step)
            self._draw()

    def action_scroll_by(self, step: int) -> None:
        """Scroll both answers by a line."""
        for card in self.query(AnswerCard):
            card.scroll_relative(y=step, animate=False)

    def _keep(self, vote: Vote) -> None:
        self._round.add(vote)
        if problem := self._unsaved.keep(self._path, vote):
            self.notify(problem, severity="error")
        self._draw()

    def _draw(self) -> None:
        for part, shown in (("#pair", self._showing), ("#scale", self._showing), ("#end", not self._showing)):
            self.query_one(part).display = shown
        question, end = self.query_one("#question", Static), self.query_one("#end", Static)
        if not self._showing:
            question.update("")
            end.update(self._end())
            return
        pair = self._round.in_hand
        prompt = one_line(self._prompts.get(pair.left.prompt_id, pair.left.prompt_id)[:300])
        question.update(Text.assemble((f"{self._round.done + 1}/{len(self._round.asked)} ", "bold"), prompt))
        said = _said(self._round.said_of(pair))
        self.query_one("#left", AnswerCard).show(pair.left, "A", said)
        self.query_one("#right", AnswerCard).show(pair.right, "B", said)

    def _end(self) -> Text:
        """The names, at last; or why no pair is shown."""
        course = self._round
        if not course.asked:
            return Text(self._nothing)
        if not course.over:
            return Text(f"{too_narrow(self.size.width)}; p rates one by one")
        text = Text.assemble((f"All {len(course.asked)} pairs are voted on. What you prefer:\n\n", "bold"))
        for rate in win_rates(course.said):
            text.append(one_line(rate.model), "bold").append(f" {rate.sentence}\n")
        text.append("\n")
        for vote in course.said:
            if vote.note:
                text.append(f"{one_line(vote.left)} / {one_line(vote.right)}, {one_line(vote.prompt_id)}: ")
                text.append(f"{one_line(vote.note)}\n")
        return text.append("\nSides were shuffled by the run's name. u takes the last vote back.", "dim")


def too_narrow(columns: int) -> str:
    """Why pairs aren't shown on a terminal of so many columns."""
    return f"rating in pairs needs {COLUMNS} columns, this terminal has {columns}"


def _said(vote: Vote | None) -> str:
    """A vote in words."""
    if vote is None:
        return "no vote"
    said = CHOICES[vote.better] if vote.better else "skipped"
    return f"{said}, with a note" if vote.note else said


def _read(path: Path) -> tuple[dict[str, str], tuple[Pair, ...], tuple[Vote, ...]]:
    """The prompts by id, the pairs in their blind order, the votes."""
    record = load(path)
    prompts = {prompt.id: prompt.prompt for prompt in record.plan.prompts}
    return prompts, pairs_of(blind(first_answers(read_samples(path)), record.id)), load_ratings(path).votes
