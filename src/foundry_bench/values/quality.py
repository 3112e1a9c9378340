"""Which scores stand for quality: one kind for all models, the most trustworthy one that covers them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from foundry_bench.values.ratings import Ratings, prompt_means

Source = Literal["hand", "judge", "check"]

# The most trustworthy first: a program finds what it was told to look for, a judge what another model likes.
SOURCES: Mapping[Source, str] = {"hand": "by hand", "judge": "by judge", "check": "by checks"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The scores that stand for quality.

    Attributes:
        source: the kind of rater; kinds are never mixed.
        scores: by model and prompt, from 1 to 5.
        prompts: those that are scored for every model that has scores.
        lacking: models without a score of this kind.
        passed_over: kinds more trustworthy than this one, and the models that lack their scores.
    """

    source: Source
    scores: Mapping[str, Mapping[str, float]]
    prompts: tuple[str, ...]
    lacking: tuple[str, ...]
    passed_over: Mapping[Source, tuple[str, ...]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Who scored, as it follows a noun."""
        return SOURCES[self.source]

    def mean(self, model: str) -> float | None:
        """The mean over the prompts that are scored for all, or over its own where there are none."""
        scores = self.scores.get(model)
        if not scores:
            return None
        values = [scores[prompt] for prompt in self.prompts or scores]
        return sum(values) / len(values)


def quality_of(ratings: Ratings, models: Collection[str]) -> Quality | None:
    """By hand before by judge before by checks: the first kind that covers all ``models``, or else most of them.

    None where no model has a score of any kind.
    """
    known = {source: _of(prompt_means(getattr(ratings, source)), models) for source in SOURCES}
    source = max(known, key=lambda kind: len(known[kind]))  # of equals the first
    scores = known[source]
    if not scores:
        return None
    stronger = [kind for kind in list(SOURCES)[: list(SOURCES).index(source)] if known[kind]]
    return Quality(
        source=source,
        scores=scores,
        prompts=tuple(sorted(frozenset.intersection(*(frozenset(some) for some in scores.values())))),
        lacking=tuple(model for model in models if model not in scores),
        passed_over={kind: tuple(model for model in models if model not in known[kind]) for kind in stronger},
    )


def _of(scores: Mapping[str, Mapping[str, float]], models: Collection[str]) -> Mapping[str, Mapping[str, float]]:
    return {model: scores[model] for model in models if model in scores}
