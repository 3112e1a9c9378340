"""The mode Rate: answers judged blind, one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.binding import Binding, BindingType

from foundry_bench.session.ratings import rater_name, remove_rating, remove_vote, save_rating, save_vote
from foundry_bench.session.run_list import find_run
from foundry_bench.tui.apart import apart
from foundry_bench.tui.drawn.signs import signs
from foundry_bench.tui.nothing_recorded import why_nothing
from foundry_bench.tui.rating_round import RatingRound
from foundry_bench.tui.screens.blind import BlindScreen, course_keys, read_answers
from foundry_bench.tui.screens.pairwise import PairwiseScreen
from foundry_bench.tui.unsaved import Unsaved
from foundry_bench.tui.widgets.answer_card import WORDS, AnswerCard, verdict
from foundry_bench.values.errors import InputError
from foundry_bench.values.facets import OVERALL
from foundry_bench.values.format import one_line
from foundry_bench.values.ratings import SCORES, Answer, Rating, means


class RateScreen(BlindScreen[Answer, Rating]):
    """The last run, or the chosen one."""

    SCALE: ClassVar[str] = " ".join(f"{score} {word}" for score, word in WORDS.items())
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(score), f"rate({score})", word, id=f"rate.{word}", show=False) for score, word in SCORES.items()),
        Binding("0", "rate(0)", "skip", id="rate.skip"),
        *course_keys("answer"),
        Binding("p", "pairs", "pairs", id="rate.pairs"),
    ]

    def __init__(self) -> None:
        super().__init__(Unsaved(save_rating, remove_rating))
        self._unsaved_votes = Unsaved(save_vote, remove_vote)  # here, as the screen of pairs comes and goes
        self._nothing = ""

    def on_screen_resume(self) -> None:
        """Show what was recorded or chosen in the meantime."""
        self.rater = self.bench.rater or rater_name()
        self.load()

    @work(exclusive=True, group="load")
    async def load(self) -> None:
        """Read answers and earlier ratings in a thread."""
        said = self.course.said
        try:
            path = self.bench.chosen_run
            if path is None:
                path = await apart(self.app, find_run, self.bench.settings.out, "last")
            prompts, answers, ratings = await apart(self.app, read_answers, path)
        except InputError as error:
            self.course, self.path = RatingRound((), ()), None
            self._nothing = await apart(self.app, why_nothing, self.bench.settings.out, self.bench.chosen_run, error)
        else:
            if path == self.path and said != self.course.said:
                return  # what was said meanwhile may be newer than what was read
            self.prompts, self._nothing = prompts, "this run has no answers to rate"
            waiting = self.unsaved.of(path)
            if path != self.path or not waiting:
                self.path = path
                known = (one for one in ratings.hand if (one.by, one.facet) == (self.rater, OVERALL))
                self.course = RatingRound(answers, (*known, *waiting))
        self.draw()

    def action_rate(self, score: int) -> None:
        """Judge the answer in hand; 0 passes over it."""
        if not self.showing:
            return
        answer = self.course.in_hand
        earlier = self.course.said_of(answer)
        note = earlier.note if earlier else ""
        self.keep(answer.rated(score or None, self.rater, datetime.now(UTC), note=note))

    def action_pairs(self) -> None:
        """Compare in pairs: side by side, or one over the other where it is narrow."""
        if self.path is None:
            self.notify("there are no answers to compare")
        else:
            self.app.push_screen(PairwiseScreen(self.path, self.rater, self._unsaved_votes))

    def note_title(self, said: Rating) -> str:
        """By the answer's letter, as its model's name is hidden."""
        label = next(answer.label for answer in self.course.asked if answer.key == said.subject)
        return f"Note on {label}, rated last"

    def lay_out(self, asked: Answer) -> str:
        """The answer, beside another one to its prompt."""
        sign = signs(ascii_only=self.bench.options.ascii)
        pair, cards = _beside(self.course.asked, asked), list(self.query(AnswerCard))
        for card, answer in zip(cards, pair, strict=False):
            in_hand = answer == asked
            title = f"{answer.label} - rate this one" if in_hand else answer.label
            card.show(answer, title, verdict(self.course.said_of(answer), sign), in_hand=in_hand)
        cards[1].display = len(pair) > 1
        return asked.prompt_id

    def end(self) -> Text:
        """The names, at last; or why no answer is shown."""
        if not self.course.asked:
            return Text(self._nothing)
        sign = signs(ascii_only=self.bench.options.ascii)
        text = Text.assemble((f"All {len(self.course.asked)} answers are rated. They were written by:\n\n", "bold"))
        for model, (mean, count) in means(self.course.said).items():
            text.append(f"{sign.stars(mean)} {mean:.2f}  ")
            text.append(one_line(model), "bold")
            text.append(f"  mean of {count}\n")
        notes = [rating for rating in self.course.said if rating.note]
        text.append("\n" if notes else "")
        for rating in notes:
            text.append(f"{one_line(rating.model)}, {one_line(rating.prompt_id)}: {one_line(rating.note)}\n")
        text.append("\nu takes the last one back, p compares in pairs, g t shows the results.\n", "dim")
        name = self.path.name if self.path else "last"
        return text.append(f"A second person rates blind, too: foundry-bench rate {name} --rater NAME", "dim")


def _beside(answers: Sequence[Answer], answer: Answer) -> Sequence[Answer]:
    """The answers shown together: two of one prompt, or its last one."""
    prompt = [other for other in answers if other.prompt_id == answer.prompt_id]
    place = prompt.index(answer) // 2 * 2
    return prompt[place : place + 2]
