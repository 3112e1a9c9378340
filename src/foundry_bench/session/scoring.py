"""A recorded run as candidates of the scorecard: their figures, their ratings and the resamples of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from foundry_bench.session.run_view import RunView
from foundry_bench.values.comparison import parse_figure
from foundry_bench.values.eligibility import Rules, refusals
from foundry_bench.values.preference import Preference
from foundry_bench.values.quality import Quality, quality_of
from foundry_bench.values.ratings import SCORES
from foundry_bench.values.resampling import Side, batches_of, draw, lasting, rounds_of
from foundry_bench.values.result import ModelResult
from foundry_bench.values.scorecard import CRITERIA, Candidate, Scorecard, score, widened
from foundry_bench.values.stats import RESAMPLES, SEED, Floats

TIMED = tuple(name for name, criterion in CRITERIA.items() if criterion.timed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """A scorecard with what it leaves out.

    Attributes:
        card: None where no model can be chosen.
        refused: why models can't be chosen, by name.
        quality: which scores stand for quality; None where there are none, or it weighs nothing.
        accepting: the scorecard if degenerate output were accepted, where that lets more models in.
        short: candidates whose answers are too short to tell whether they are degenerate.
    """

    card: Scorecard | None
    refused: Mapping[str, str]
    quality: Quality | None = None
    accepting: Scorecard | None = None
    short: tuple[str, ...] = ()

    @property
    def unrated(self) -> tuple[str, ...]:
        """Candidates without a score, where others have one."""
        return self.quality.lacking if self.quality else ()


def rank(view: RunView, preference: Preference, rules: Rules) -> Ranking:
    """Rank the models of a run that the rules let in."""
    models = view.record.models
    refused = refusals(models, view.outputs, rules)
    card, quality = _score(view, [model for model in models if model.name not in refused], preference)
    accepting = None
    if not rules.degenerate:
        lenient = Rules(licenses=rules.licenses, capabilities=rules.capabilities, degenerate=True)
        still = refusals(models, view.outputs, lenient)
        if len(still) < len(refused):
            accepting, _ = _score(view, [model for model in models if model.name not in still], preference)
    candidates = [one.name for one in card.ranking] if card else []
    short = tuple(name for name in candidates if name in view.outputs and view.outputs[name].short)
    return Ranking(card=card, refused=refused, quality=quality, accepting=accepting, short=short)


def _score(
    view: RunView, models: Sequence[ModelResult], preference: Preference
) -> tuple[Scorecard | None, Quality | None]:
    if not models:
        return None, None
    drafts = {model.name: _Draft() for model in models}
    for model in models:
        for criterion, value in (("memory", model.memory.peak_mb), ("footprint", model.disk_mb)):
            if value:
                drafts[model.name].figures[criterion] = value
    timed = [one for one in TIMED if preference.weights.get(one)]
    rounds = [_add_timed(view, drafts, one, preference.figures[one]) for one in timed]
    quality = quality_of(view.ratings, drafts) if preference.weights.get("quality") else None
    if quality:
        _add_quality(quality, drafts)
    candidates = [Candidate(name=name, figures=one.figures, drawn=one.drawn) for name, one in drafts.items()]
    rated = len(quality.prompts) if quality else None
    return score(candidates, preference.weights, rounds=min(filter(None, rounds), default=0), rated=rated), quality


class _Draft:
    """A candidate in the making."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self.drawn: dict[str, Floats] = {}


def _add_timed(view: RunView, drafts: Mapping[str, _Draft], criterion: str, figure: str) -> int:
    """Add a figure of the answers, and the same resamples of rounds for all models; returns how many rounds there are.

    Only prompts that all models answered enter, where there are any.
    """
    metric, statistic = parse_figure(figure)
    share = None if statistic == "mean" else float(statistic[1:]) / 100
    known = [name for name in drafts if name in view.measured and view.measured[name].prompts(metric)]
    if not known:
        return 0
    lists = [view.measured[name].prompts(metric) for name in known]
    shared = [prompt for prompt in lists[0] if all(prompt in some for some in lists[1:])]
    groups = {name: view.measured[name].groups(metric, shared) for name in known}
    rounds = frozenset.union(*map(rounds_of, groups.values()))
    batches = batches_of(rounds)
    sides = {name: Side(some, batches) for name, some in groups.items()}
    count = max(batches.values()) + 1
    # Percentiles may be dear: then fewer resamples are drawn, and used again.
    times = RESAMPLES if share is None else min(side.affordable for side in sides.values())
    counts = draw(np.random.default_rng(SEED), count, times) if count > 1 else None
    for name, side in sides.items():
        value = side.mean() if share is None else side.percentile(share)
        if value <= 0:
            continue
        drafts[name].figures[criterion] = value
        if counts is not None:
            found = side.drawn_means(counts) if share is None else side.drawn_percentiles(counts, share)
            found = np.resize(np.where(found > 0, found, value), RESAMPLES)
            drafts[name].drawn[criterion] = widened(value, found, count, lasting(side.influences()))
    return len(rounds)


def _add_quality(quality: Quality, drafts: Mapping[str, _Draft]) -> None:
    """Add the mean scores over the prompts that are scored for all, and resamples of these prompts."""
    shared = quality.prompts
    counts = draw(np.random.default_rng(SEED), len(shared), RESAMPLES) if len(shared) > 1 else None
    for name, scores in quality.scores.items():
        mean = quality.mean(name) or min(SCORES)
        drafts[name].figures["quality"] = mean
        if counts is not None:
            values = np.array([scores[prompt] for prompt in shared])
            means = widened(mean, counts @ values / (len(shared) - 1), len(shared))
            drafts[name].drawn["quality"] = np.clip(means, min(SCORES), max(SCORES))
