"""Two sides of recorded runs compared: what changed around them, and by how much they differ."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from foundry_bench.session.ratings import load_ratings
from foundry_bench.session.run_list import find_answered
from foundry_bench.session.run_view import samples_of
from foundry_bench.session.store import load
from foundry_bench.values.changes import Change, Reading, Sameness, answers, changed_conditions, changed_model, readings
from foundry_bench.values.comparison import MEANS, Difference, compare
from foundry_bench.values.errors import InputError
from foundry_bench.values.gates import Gate, Judgement, judge
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.quality import SOURCES
from foundry_bench.values.quantiles import student_t
from foundry_bench.values.ratings import SCORES, prompt_means
from foundry_bench.values.result import ModelResult, RunRecord
from foundry_bench.values.votes import WinRate, win_rate

# Cautions that make a difference of two models doubtful.
_UNSTEADY = frozenset({"drift", "slow_first_round", "bimodal", "busy_machine", "cpu_steal"})

_ENDS = (min(SCORES), max(SCORES))

FIGURES = ("ttft_s.p50", "ttft_s.p95", "latency_s.p95", *MEANS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A recorded run, and the one model of it that is meant; None where all are."""

    path: Path
    record: RunRecord
    model: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelComparison:
    """A model of one side against one of the other.

    Attributes:
        cautions: what went on while one of them was measured that the other may not have gone through.
        answers: by prompt whether the text is the same.
        votes: how often people prefer NEW's answers to BASE's, of two models of one run.
    """

    base: str
    new: str
    changes: tuple[Change, ...]
    cautions: tuple[str, ...]
    differences: tuple[Difference, ...]
    readings: tuple[Reading, ...]
    answers: Mapping[str, Sameness]
    gates: tuple[Judgement, ...]
    votes: WinRate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two runs: what changed around the models, the models that both have, and those that only one has."""

    base: str
    new: str
    changes: tuple[Change, ...]
    models: tuple[ModelComparison, ...]
    only_base: tuple[str, ...]
    only_new: tuple[str, ...]


def find_side(out: Path, ref: str) -> Side:
    """The side that ``ref`` names: a run as elsewhere (id, beginning of an id, folder, ``last``), or RUN:MODEL.

    Raises:
        InputError: there is no such run, or it has no such model.
    """
    colons = [place for place, sign in enumerate(ref) if sign == ":"]
    for end in (len(ref), *colons):
        try:
            path = find_answered(out, ref[:end])
        except InputError:
            continue
        record = load(path)
        return Side(path=path, record=record, model=_model(record, ref[end + 1 :]) if ref[end:] else None)
    find_answered(out, ref[: colons[0]] if colons else ref)
    raise InputError(f"no run {ref!r}")  # a run that came into being just now


def compare_sides(base: Side, new: Side, gates: Sequence[Gate] = ()) -> Comparison:
    """Compare model with model: the two that are named, or else all that both runs have.

    Raises:
        InputError: no two models can be compared, or the samples can't be read.
    """
    pairs = _pairs(base, new)
    compared = [{pair[side].name for pair in pairs} for side in (0, 1)]
    left = [
        () if side.model else tuple(model.name for model in side.record.models if model.name not in names)
        for side, names in zip((base, new), compared, strict=True)
    ]
    return Comparison(
        base=base.record.id,
        new=new.record.id,
        changes=changed_conditions(base.record, new.record),
        models=tuple(_compare(base, new, one, other, gates) for one, other in pairs),
        only_base=left[0],
        only_new=left[1],
    )


def _compare(base: Side, new: Side, one: ModelResult, other: ModelResult, gates: Sequence[Gate]) -> ModelComparison:
    before = list(samples_of(base.path, [one.name]))
    after = list(samples_of(new.path, [other.name]))
    wanted = [gate.figure for gate in gates if gate.figure.partition(".")[2] and gate.figure != "memory.peak_mb"]
    differences = compare(before, after, tuple(dict.fromkeys((*FIGURES, *wanted))))
    same = answers(before, after)
    changed = Reading(name="changed_answers", base=0, new=list(same.values()).count("changed"), counted=True)
    found = (*readings(one, other), *_quality(base, new, one.name, other.name), *([changed] if same else []))
    known: dict[str, Difference | Reading] = {item.name: item for item in differences}
    known |= {item.name: item for item in found}
    return ModelComparison(
        base=one.name,
        new=other.name,
        changes=changed_model(one, other),
        cautions=tuple(_cautions("BASE", one)) + tuple(_cautions("NEW", other)),
        differences=differences,
        readings=found,
        answers=same,
        gates=tuple(judge(gate, known) for gate in gates),
        votes=votes_between(base.path, one.name, new.path, other.name),
    )


def votes_between(base: Path, one: str, new: Path, other: str) -> WinRate | None:
    """How often people prefer the answers of the second model to the first's; None where they aren't of one run.

    Raises:
        InputError: the ratings can't be read.
    """
    return win_rate(load_ratings(new).votes, other, one) if base == new and one != other else None


def _cautions(side: str, model: ModelResult) -> Iterator[str]:
    for one in model.warnings:
        if one.kind in _UNSTEADY:
            metric = METRICS.get(one.metric or "")
            yield f"{side}: {metric.label}: {one.message}" if metric else f"{side}: {one.message}"


def _quality(base: Side, new: Side, one: str, other: str) -> Iterator[Reading]:
    """The mean scores over the prompts rated on both sides, with the interval of their difference.

    Of the most trustworthy kind of which both sides have scores: two kinds are never held against each other.
    """
    before, after = load_ratings(base.path), load_ratings(new.path)
    scores: list[dict[str, float]] = [{}, {}]
    for kind in SOURCES:
        if not all(scores):
            scores = [
                prompt_means(getattr(ratings, kind)).get(model, {})
                for ratings, model in ((before, one), (after, other))
            ]
    shared = sorted(scores[0].keys() & scores[1].keys())
    if shared:
        first, second = (np.array([some[prompt] for prompt in shared]) for some in scores)
        interval = None
        if len(shared) > 1:
            gaps = second - first
            margin = student_t(0.975, gaps.size - 1) * float(gaps.std(ddof=1)) / gaps.size**0.5
            ends = np.clip(gaps.mean() + np.array([-margin, margin]), *(end - first.mean() for end in _ENDS)).tolist()
            interval = ends[0], ends[1]
        yield Reading(name="quality", base=float(first.mean()), new=float(second.mean()), ci95=interval)


def _pairs(base: Side, new: Side) -> list[tuple[ModelResult, ModelResult]]:
    known = [
        {model.name: model for model in side.record.models if side.model in {None, model.name}} for side in (base, new)
    ]
    shared = [(model, known[1][name]) for name, model in known[0].items() if name in known[1]]
    if not shared and len(known[0]) == len(known[1]) == 1:
        shared = list(zip(known[0].values(), known[1].values(), strict=True))
    if not shared:
        names = " and ".join(", ".join(some) or "none" for some in known)
        raise InputError(f"the runs have no model in common ({names}); name two as RUN:MODEL")
    return shared


def _model(record: RunRecord, name: str) -> str:
    """The name of the model that is meant by name or id."""
    for model in record.models:
        if name in {model.name, model.id}:
            return model.name
    names = ", ".join(model.name for model in record.models) or "none"
    raise InputError(f"run {record.id} has no model {name!r}; it has {names}")
