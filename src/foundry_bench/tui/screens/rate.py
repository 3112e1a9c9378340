"""The mode Rate: answers judged blind, each judgement on the disk before the next is asked for."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from foundry_bench.session.ratings import (
    load_ratings,
    rater_name,
    remove_rating,
    remove_vote,
    save_rating,
    save_vote,
)
from foundry_bench.session.run_list import find_run
from foundry_bench.session.store import load, read_samples
from foundry_bench.tui.apart import apart
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.note import NoteScreen
from foundry_bench.tui.screens.pairwise import COLUMNS, PairwiseScreen, too_narrow
from foundry_bench.tui.unsaved import Unsaved
from foundry_bench.tui.widgets.answer_card import AnswerCard, verdict
from foundry_bench.tui.widgets.rating_round import RatingRound
from foundry_bench.tui.widgets.signs import signs
from foundry_bench.values.errors import InputError
from foundry_bench.values.facets import OVERALL
from foundry_bench.values.format import one_line
from foundry_bench.values.ratings import SCORES, Answer, Rating, blind, first_answers, means

_WORDS = " ".join(f"{score} {word}" for score, word in SCORES.items())


class RateScreen(FrameScreen):
    """Two answers at a time, without names; the names come when all are rated."""

    MODE: ClassVar[str] = "rate"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(score), f"rate({score})", word, id=f"rate.{word}", show=False) for score, word in SCORES.items()),
        Binding("0", "rate(0)", "skip", id="rate.skip"),
        Binding("u", "undo", "undo", id="rate.undo"),
        Binding("n", "note", "note", id="rate.note"),
        Binding("p", "pairs", "in pairs", id="rate.pairs"),
        Binding("left,h", "move(-1)", "answer before", show=False),
        Binding("right,l", "move(1)", "next answer", show=False),
        Binding("j,down", "scroll_by(1)", "down", show=False),
        Binding("k,up", "scroll_by(-1)", "up", show=False),
    ]
    DEFAULT_CSS = """
    RateScreen {
        #question { height: auto; max-height: 3; padding: 0 1; }
        #pair { height: 1fr; }
        #pair Vertical { height: 1fr; }
        #scale { height: auto; padding: 0 1; text-style: bold; }
        #end { height: auto; padding: 1 2; }
        &.-narrow #pair { layout: vertical; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._round: RatingRound[Answer, Rating] = RatingRound((), ())
        self._prompts: dict[str, str] = {}
        self._path: Path | None = None
        self._unsaved = Unsaved(save_rating, remove_rating)
        self._unsaved_votes = Unsaved(save_vote, remove_vote)  # here, as the screen of pairs comes and goes
        self._rater = ""

    def compose_body(self) -> ComposeResult:
        """The prompt, two answers, the scale."""
        with Vertical():
            yield Static(id="question", markup=False)
            with Horizontal(id="pair"):
                yield AnswerCard(id="first")
                yield AnswerCard(id="second")
            yield Static(id="end", markup=False)
            yield Static(_WORDS, id="scale", markup=False)

    def on_screen_resume(self) -> None:
        """The chosen run, or the last one."""
        self._rater = self.bench.rater or rater_name()
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Read answers and earlier ratings in a thread."""
        try:
            path = self.bench.chosen_run or find_run(self.bench.settings.out, "last")
            self._prompts, answers, ratings = await apart(self.app, _read, path)
        except InputError as error:
            self._round, self._path = RatingRound((), ()), None
            self._draw(one_line(str(error)))
            return
        waiting = self._unsaved.of(path)
        if path != self._path or not waiting:
            self._path = path
            known = (one for one in ratings if (one.by, one.facet) == (self._rater, OVERALL))
            self._round = RatingRound(answers, (*known, *waiting))
        self._draw("this run has no answers to rate")

    def action_rate(self, score: int) -> None:
        """Judge the answer in hand; 0 passes over it."""
        if self._path is None or not self._round.asked or self._round.over:
            return
        answer = self._round.in_hand
        earlier = self._round.said_of(answer)
        self._keep(
            Rating(
                model=answer.model,
                prompt_id=answer.prompt_id,
                text_sha256=answer.text_sha256,
                score=score or None,
                by=self._rater,
                at=datetime.now(UTC),
                note=earlier.note if earlier else "",
            )
        )

    def action_note(self) -> None:
        """Write a note to the last rating."""
        if not self._round.said:
            self.notify("rate an answer first: a note belongs to a rating")
            return
        rating = self._round.said[-1]

        def written(note: str | None) -> None:
            if note is not None:
                self._keep(replace(rating, note=note))

        label = next(answer.label for answer in self._round.asked if answer.key == rating.subject)
        self.app.push_screen(NoteScreen(f"Note on {label}, rated last", rating.note), written)

    def action_undo(self) -> None:
        """Take the last rating back."""
        rating = self._round.undo() if self._path else None
        if rating is None or self._path is None:
            self.notify("there is nothing to undo")
            return
        if problem := self._unsaved.take_back(self._path, rating):
            self._round.add(rating)
            self.notify(problem, severity="error")
        self._draw()

    def action_pairs(self) -> None:
        """Compare in pairs, where two answers have room side by side."""
        if self._path is None:
            self.notify("there are no answers to compare")
        elif self.size.width < COLUMNS:
            self.notify(f"{too_narrow(self.size.width)}; go on one by one", timeout=10)
        else:
            self.app.push_screen(PairwiseScreen(self._path, self._rater, self._unsaved_votes))

    def action_move(self, step: int) -> None:
        """Take another answer in hand."""
        if not self._round.over:
            self._round.move(step)
            self._draw()

    def action_scroll_by(self, step: int) -> None:
        """Scroll the answer in hand by a line."""
        for card in self.query(".-in-hand").results(AnswerCard):
            card.scroll_relative(y=step, animate=False)

    def _keep(self, rating: Rating) -> None:
        """Write it to the disk; it stays in memory until that works."""
        if self._path is None:
            return
        self._round.add(rating)
        if problem := self._unsaved.keep(self._path, rating):
            self.notify(problem, severity="error")
        self._draw()

    def _draw(self, nothing: str = "") -> None:
        course, sign = self._round, signs(ascii_only=self.bench.options.ascii)
        showing = bool(course.asked) and not course.over
        for part, shown in (("#pair", showing), ("#scale", showing), ("#end", not showing)):
            self.query_one(part).display = shown
        question, end = self.query_one("#question", Static), self.query_one("#end", Static)
        if not showing:
            question.update("")
            end.update(self._end() if course.asked else nothing)
            return
        prompt = one_line(self._prompts.get(course.in_hand.prompt_id, course.in_hand.prompt_id)[:300])
        question.update(Text.assemble((f"{course.done + 1}/{len(course.asked)} ", "bold"), prompt))
        pair = _beside(course.asked, course.in_hand)
        cards = list(self.query(AnswerCard))
        for card, answer in zip(cards, pair, strict=False):
            in_hand = answer == course.in_hand
            title = f"{answer.label} - rate this one" if in_hand else answer.label
            card.show(answer, title, verdict(course.said_of(answer), sign), in_hand=in_hand)
        cards[1].display = len(pair) > 1

    def _end(self) -> Text:
        """The names, at last."""
        sign = signs(ascii_only=self.bench.options.ascii)
        text = Text.assemble((f"All {len(self._round.asked)} answers are rated. They were written by:\n\n", "bold"))
        for model, (mean, count) in means(self._round.said).items():
            text.append(f"{sign.stars(mean)} {mean:.2f}  ")
            text.append(one_line(model), "bold")
            text.append(f"  mean of {count}\n")
        notes = [rating for rating in self._round.said if rating.note]
        text.append("\n" if notes else "")
        for rating in notes:
            text.append(f"{one_line(rating.model)}, {one_line(rating.prompt_id)}: {one_line(rating.note)}\n")
        return text.append("\nu takes the last one back, p compares in pairs, g t shows the results.", "dim")


def _beside(answers: Sequence[Answer], answer: Answer) -> Sequence[Answer]:
    """The answers shown together: two of one prompt, or its last one."""
    prompt = [other for other in answers if other.prompt_id == answer.prompt_id]
    place = prompt.index(answer) // 2 * 2
    return prompt[place : place + 2]


def _read(path: Path) -> tuple[dict[str, str], tuple[Answer, ...], tuple[Rating, ...]]:
    """The prompts by id, the answers in their blind order, the ratings by hand."""
    record = load(path)
    prompts = {prompt.id: prompt.prompt for prompt in record.plan.prompts}
    return prompts, blind(first_answers(read_samples(path)), record.id), load_ratings(path).hand
