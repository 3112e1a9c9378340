"""What rating answers and voting on pairs have in common: a course of blind judgements, each on the disk at once."""

from abc import abstractmethod
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Static

from foundry_bench.session.ratings import load_ratings
from foundry_bench.session.store import load, read_samples
from foundry_bench.tui.rating_round import RatingRound
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.note import NoteScreen
from foundry_bench.tui.unsaved import Unsaved
from foundry_bench.tui.widgets.answer_card import AnswerCard
from foundry_bench.tui.widgets.question import Question
from foundry_bench.values.plan import Prompt
from foundry_bench.values.ratings import Answer, Pair, Rating, Ratings, blind, first_answers
from foundry_bench.values.votes import Vote

Asked = TypeVar("Asked", Answer, Pair)
Said = TypeVar("Said", Rating, Vote)


def course_keys(one: str) -> list[Binding]:
    """The keys of both, where ``one`` is what is judged."""
    return [
        Binding("u", "undo", "undo", id="rate.undo"),
        Binding("n", "note", "note", id="rate.note"),
        Binding("v", "whole_prompt", "prompt", id="rate.prompt"),
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
        #question { height: auto; padding: 0 1; }
        #pair { height: 1fr; }
        &.-narrow #pair { layout: vertical; }
        &.-asking #question { height: 1fr; }
        #scale { height: auto; padding: 0 1; text-style: bold; }
        #end { height: auto; padding: 1 2; }
    }
    """

    def __init__(self, unsaved: Unsaved[Said]) -> None:
        super().__init__()
        self.course: RatingRound[Asked, Said] = RatingRound((), ())
        self.prompts: dict[str, Prompt] = {}
        self.path: Path | None = None  # of the run
        self.rater = ""
        self.unsaved: Unsaved[Said] = unsaved

    def compose_body(self) -> ComposeResult:
        """The prompt, two answers, what can be said."""
        with Vertical():
            yield Question()
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

    def action_whole_prompt(self) -> None:
        """The whole prompt in place of the answers, or the answers again."""
        self.toggle_class("-asking")
        self.draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A prompt that is cut can be shown whole, and the answers again."""
        if action == "whole_prompt":
            return self.showing and (self.has_class("-asking") or self.query_one(Question).cut)
        return super().check_action(action, parameters)

    @on(events.Resize)
    def _resized(self) -> None:
        """There is another third of the height for the prompt."""
        self.call_after_refresh(self.draw)

    def action_move(self, step: int) -> None:
        """Take another one in hand."""
        if self.showing:
            self.course.move(step)
            self.draw()

    def action_scroll_by(self, step: int) -> None:
        """Scroll by a line: the answer in hand, or both; the prompt where that is shown whole."""
        cards = self.query(".-in-hand") or self.query("AnswerCard")
        shown = self.query("#question") if self.has_class("-asking") else cards
        for card in shown.results(VerticalScroll):
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
        whole = self.showing and self.has_class("-asking")
        self.set_class(whole, "-asking")
        shown = {"#pair": self.showing and not whole, "#scale": self.showing, "#end": not self.showing}
        for part, there in {**shown, "#question": self.showing}.items():
            self.query_one(part).display = there
        if not self.showing:
            self.query_one("#end", Static).update(self.end())
            return
        prompt_id = self.lay_out(self.course.in_hand)
        prompt = self.prompts.get(prompt_id) or Prompt(id=prompt_id, prompt=prompt_id)
        place = f"{self.course.done + 1}/{len(self.course.asked)} "
        self.query_one(Question).show(place, prompt, None if whole else max(3, self.size.height // 3))
        self.refresh_bindings()


def read_answers(path: Path) -> tuple[dict[str, Prompt], tuple[Answer, ...], Ratings]:
    """The prompts by id, the answers in their blind order, what was said of them.

    Raises:
        InputError: the run or its ratings can't be read.
    """
    record = load(path)
    prompts = {prompt.id: prompt for prompt in record.plan.prompts}
    return prompts, blind(first_answers(read_samples(path)), record.id), load_ratings(path)
