"""The course of a blind rating: which answer is in hand, what was said so far, what can be taken back."""

from collections.abc import Iterable, Sequence

from foundry_bench.values.ratings import Answer, Rating

Key = tuple[str, str, str]


class RatingRound:
    """Answers in the order in which they are shown, and one rater's ratings of them."""

    def __init__(self, answers: Sequence[Answer], ratings: Iterable[Rating]) -> None:
        self.answers = answers
        self.index = 0
        known = {answer.key for answer in answers}
        said = sorted((rating for rating in ratings if rating.answer in known), key=lambda rating: rating.at)
        self._ratings: dict[Key, Rating] = {rating.answer: rating for rating in said}
        self._next_unrated()

    @property
    def done(self) -> int:
        """How many have been rated, or passed over."""
        return len(self._ratings)

    @property
    def over(self) -> bool:
        """Whether each answer has been: then names may be told."""
        return bool(self.answers) and self.done == len(self.answers)

    @property
    def in_hand(self) -> Answer:
        """The answer that the next rating is of."""
        return self.answers[self.index]

    @property
    def ratings(self) -> Sequence[Rating]:
        """All that was said, oldest first."""
        return tuple(self._ratings.values())

    def rating_of(self, answer: Answer) -> Rating | None:
        """What was said of an answer."""
        return self._ratings.get(answer.key)

    def pair(self) -> Sequence[Answer]:
        """The answers shown together: two of one prompt, or its last one."""
        prompt = [answer for answer in self.answers if answer.prompt_id == self.in_hand.prompt_id]
        place = prompt.index(self.in_hand) // 2 * 2
        return prompt[place : place + 2]

    def add(self, rating: Rating) -> None:
        """Take a rating of the answer in hand, and go on to the next that has none."""
        self._ratings.pop(rating.answer, None)
        self._ratings[rating.answer] = rating
        self._next_unrated()

    def undo(self) -> Rating | None:
        """Take the latest rating back, and its answer in hand again; None where there is none."""
        if not self._ratings:
            return None
        key, rating = self._ratings.popitem()
        self.index = next(index for index, answer in enumerate(self.answers) if answer.key == key)
        return rating

    def move(self, step: int) -> None:
        """Take another answer in hand."""
        self.index = min(max(self.index + step, 0), max(0, len(self.answers) - 1))

    def _next_unrated(self) -> None:
        count = len(self.answers)
        for step in range(count):
            index = (self.index + step) % count
            if self.answers[index].key not in self._ratings:
                self.index = index
                return
