"""What rating answers and voting on pairs have in common: a course of blind judgements, each on the disk at once."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from foundry_bench.session.ratings import load_ratings
from foundry_bench.session.store import load, read_samples
from foundry_bench.tui.rating_round import RatingRound
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.note import NoteScreen
from foundry_bench.tui.unsaved import Unsaved
from foundry_bench.tui.widgets.answer_card import AnswerCard
from foundry_bench.values.format import one_line
from foundry_bench.values.ratings import Answer, Pair, Rating, Ratings, blind, first_answers
from foundry_bench.values.votes import Vote

Asked = TypeVar("Asked", Answer, Pair)
Said = TypeVar("Said", Rating, Vote)


def course_keys(one: str) -> list[Binding]:
    """The keys of both, where ``one`` is what is judged."""
    return [
        Binding("u", "undo", "undo", id="rate.undo"),
        Binding("n", "note", "note", id="rate.note"),
        Binding("left,h", "move(-1)", f"{one} before", show=False),
        Binding("right,l", "move(1)", f"next {one}", show=False),
        Binding("j,down", "scroll_by(1)", "down", show=False),
        Binding("k,up", "scroll_by(-1)", "up", show=False),
    ]


class BlindScreen(FrameScreen, Generic[Asked, Said]):
    """Two answers at a time, without names; the names come when all are judged.

    ``SCALE`` tells what can be said, ``unsaved`` keeps what the disk did not take.
    """

    SCALE: ClassVar[str]
    DEFAULT_CSS = """
    BlindScreen {
        #question { height: auto; max-height: 3; padding: 0 1; }
        #pair { height: 1fr; }
        #scale { height: auto; padding: 0 1; text-style: bold; }
        #end { height: auto; padding: 1 2; }
    }
    """

    def __init__(self, unsaved: Unsaved[Said]) -> None:
        super().__init__()
        self.course: RatingRound[Asked, Said] = RatingRound((), ())
        self.prompts: dict[str, str] = {}
        self.path: Path | None = None  # of the run
        self.rater = ""
        self.unsaved: Unsaved[Said] = unsaved

    def compose_body(self) -> ComposeResult:
        """The prompt, two answers, what can be said."""
        with Vertical():
            yield Static(id="question", markup=False)
            with Horizontal(id="pair"):
                yield AnswerCard(id="left")
                yield AnswerCard(id="right")
            yield Static(id="end", markup=False)
            yield Static(self.SCALE, id="scale", markup=False)

    @property
    def showing(self) -> bool:
        """Whether answers are shown, and may be judged."""
        return self.path is not None and bool(self.course.asked) and not self.course.over

    @abstractmethod
    def lay_out(self, asked: Asked) -> str:
        """Show what is asked about on the cards; returns the id of its prompt."""

    @abstractmethod
    def end(self) -> Text:
        """The names, at last; or why no answers are shown."""

    @abstractmethod
    def note_title(self, said: Said) -> str:
        """What a note on a judgement is headed with."""

    def action_note(self) -> None:
        """Write a note to the last judgement."""
        if not self.course.said:
            self.notify("rate first: a note belongs to what was said last")
            return
        last = self.course.said[-1]

        def written(note: str | None) -> None:
            if note is not None:
                self.keep(replace(last, note=note))

        self.app.push_screen(NoteScreen(self.note_title(last), last.note), written)

    def action_undo(self) -> None:
        """Take the last judgement back."""
        said = self.course.undo() if self.path else None
        if said is None or self.path is None:
            self.notify("there is nothing to undo")
            return
        if problem := self.unsaved.take_back(self.path, said):
            self.course.add(said)
            self.notify(problem, severity="error")
        self.draw()

    def action_move(self, step: int) -> None:
        """Take another one in hand."""
        if self.showing:
            self.course.move(step)
            self.draw()

    def action_scroll_by(self, step: int) -> None:
        """Scroll by a line: the answer in hand, or both."""
        cards = self.query(".-in-hand") or self.query("AnswerCard")
        for card in cards.results(AnswerCard):
            card.scroll_relative(y=step, animate=False)

    def keep(self, said: Said) -> None:
        """Write it to the disk; it stays in memory until that works."""
        if self.path is None:
            return
        self.course.add(said)
        if problem := self.unsaved.keep(self.path, said):
            self.notify(problem, severity="error")
        self.draw()

    def draw(self) -> None:
        """What is in hand, or the end."""
        for part, shown in (("#pair", self.showing), ("#scale", self.showing), ("#end", not self.showing)):
            self.query_one(part).display = shown
        question = self.query_one("#question", Static)
        if not self.showing:
            question.update("")
            self.query_one("#end", Static).update(self.end())
            return
        prompt_id = self.lay_out(self.course.in_hand)
        prompt = one_line(self.prompts.get(prompt_id, prompt_id)[:300])
        question.update(Text.assemble((f"{self.course.done + 1}/{len(self.course.asked)} ", "bold"), prompt))


def read_answers(path: Path) -> tuple[dict[str, str], tuple[Answer, ...], Ratings]:
    """The prompts by id, the answers in their blind order, what was said of them.

    Raises:
        InputError: the run or its ratings can't be read.
    """
    record = load(path)
    prompts = {prompt.id: prompt.prompt for prompt in record.plan.prompts}
    return prompts, blind(first_answers(read_samples(path)), record.id), load_ratings(path)
