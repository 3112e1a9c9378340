"""What raters say of a run: one rating, all of a run, and the order in which answers are shown blind."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import combinations, groupby

import numpy as np

from foundry_bench.values.facets import OVERALL
from foundry_bench.values.record import Sample
from foundry_bench.values.votes import PairKey, Vote, pair_key

RATINGS_SCHEMA = "foundry-bench/ratings/1"
SCORES: Mapping[int, str] = {1: "bad", 2: "poor", 3: "fair", 4: "good", 5: "best"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What one rater says of one model's answer to one prompt.

    Attributes:
        text_sha256: hash of the answer that was judged: an answer of another text needs another rating.
        score: 1 (bad) to 5 (best), whole but for checks; None where the rater passed over it.
        by: the rater: a person's name, the judge's model, or "check".
        at: when, in UTC.
        facet: what of the answer was judged.
    """

    model: str
    prompt_id: str
    text_sha256: str
    score: int | float | None
    by: str
    at: datetime
    note: str = ""
    facet: str = OVERALL

    @property
    def subject(self) -> tuple[str, str, str]:
        """Which answer it is of."""
        return self.model, self.prompt_id, self.text_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """The content of ``ratings.json``: what people, other models and programs said, kept apart.

    ``votes`` are people's, between two answers; they are no scores.
    """

    schema: str = RATINGS_SCHEMA
    run: str
    hand: tuple[Rating, ...] = ()
    judge: tuple[Rating, ...] = ()
    check: tuple[Rating, ...] = ()
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to be rated; ``label`` is what stands for the model's name while it is hidden."""

    model: str
    prompt_id: str
    text_sha256: str
    text: str
    label: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """As ``Rating.subject``."""
        return self.model, self.prompt_id, self.text_sha256

    def rated(self, score: float | None, by: str, at: datetime, *, note: str = "", facet: str = OVERALL) -> Rating:
        """What a rater says of it."""
        return Rating(
            model=self.model,
            prompt_id=self.prompt_id,
            text_sha256=self.text_sha256,
            score=score,
            by=by,
            at=at,
            note=note,
            facet=facet,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two models' answers to one prompt, as they stand side by side."""

    left: Answer
    right: Answer

    @property
    def key(self) -> PairKey:
        """As ``Vote.subject``."""
        return pair_key(self.left.prompt_id, *((one.model, one.text_sha256) for one in (self.left, self.right)))


def first_answers(samples: Iterable[Sample]) -> tuple[Answer, ...]:
    """The first measured answer of each model to each prompt, by the rounds' order; answers without text are none."""
    first: dict[tuple[str, str], Sample] = {}
    for sample in filter(_is_answer, samples):
        key = sample.model, sample.prompt_id
        if key not in first or sample.round < first[key].round:
            first[key] = sample
    return tuple(map(_answer, first.values()))


def distinct_answers(samples: Iterable[Sample]) -> tuple[Answer, ...]:
    """Each measured answer of each model to each prompt, equal texts once; answers without text are none."""
    found = (_answer(sample) for sample in samples if _is_answer(sample))
    return tuple({answer.key: answer for answer in found}.values())


def _is_answer(sample: Sample) -> bool:
    return sample.measured and bool(sample.text.strip())


def _answer(sample: Sample) -> Answer:
    return Answer(model=sample.model, prompt_id=sample.prompt_id, text_sha256=sample.text_sha256, text=sample.text)


def blind(answers: Iterable[Answer], run_id: str) -> tuple[Answer, ...]:
    """The answers prompt by prompt, labelled A, B, C ... in an order that tells nothing of the model.

    The order within each prompt is shuffled on its own, from the run's id and the prompt's: the same at every opening.
    """
    prompts: dict[str, list[Answer]] = {}
    for answer in answers:
        prompts.setdefault(answer.prompt_id, []).append(answer)
    shown = []
    for prompt_id, some in prompts.items():
        generator = np.random.default_rng(list(sha256(f"{run_id}\n{prompt_id}".encode()).digest()[:16]))
        known = sorted(some, key=lambda answer: answer.model)
        for place, index in enumerate(generator.permutation(len(known))):
            shown.append(replace(known[index], label=label(place)))
    return tuple(shown)


def pairs_of(answers: Iterable[Answer]) -> tuple[Pair, ...]:
    """Each two answers to one prompt that differ, in the order of ``answers``: as that is blind, so are the sides.

    Args:
        answers: prompt by prompt, as ``blind`` puts them.
    """
    return tuple(
        Pair(left=one, right=other)
        for _prompt, some in groupby(answers, lambda answer: answer.prompt_id)
        for one, other in combinations(some, 2)
        if one.text_sha256 != other.text_sha256
    )


def label(place: int) -> str:
    """A, B, ... Z, A2, B2 ..."""
    letter = chr(ord("A") + place % 26)
    return letter if place < 26 else f"{letter}{place // 26 + 1}"


def means(ratings: Sequence[Rating]) -> dict[str, tuple[float, int]]:
    """The mean score of each model and of how many scores, best first; what was passed over doesn't count.

    A rater's score of an answer is that of the answer as a whole, or else the mean of the facets.
    """
    scores: dict[str, list[float]] = {}
    for rating, score in whole_scores(ratings):
        scores.setdefault(rating.model, []).append(score)
    found = {model: (sum(some) / len(some), len(some)) for model, some in scores.items()}
    return dict(sorted(found.items(), key=lambda item: -item[1][0]))


def prompt_means(ratings: Sequence[Rating]) -> dict[str, dict[str, float]]:
    """The mean score of each model's answers to each prompt, counted as in ``means``."""
    scores: dict[str, dict[str, list[float]]] = {}
    for rating, score in whole_scores(ratings):
        scores.setdefault(rating.model, {}).setdefault(rating.prompt_id, []).append(score)
    return {
        model: {prompt: sum(some) / len(some) for prompt, some in prompts.items()} for model, prompts in scores.items()
    }


def whole_scores(ratings: Iterable[Rating]) -> Iterator[tuple[Rating, float]]:
    """One score for each answer and rater: that of the answer as a whole, or else the mean of the facets."""
    by_answer: dict[tuple[object, ...], list[Rating]] = {}
    for rating in ratings:
        if rating.score is not None:
            by_answer.setdefault((*rating.subject, rating.by), []).append(rating)
    for some in by_answer.values():
        whole = [(one, one.score or 0) for one in some if one.facet == OVERALL]
        yield from whole or [(some[0], sum(one.score or 0 for one in some) / len(some))]
