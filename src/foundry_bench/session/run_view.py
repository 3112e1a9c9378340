"""A recorded run as screens and reports show it: its record, its ratings, the figures of each request in columns."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from foundry_bench.session.judge_log import read_verdicts
from foundry_bench.session.judgement import votes_of
from foundry_bench.session.ratings import load_ratings
from foundry_bench.session.run_list import find_run
from foundry_bench.session.store import load, read_samples
from foundry_bench.values.degenerate import OutputCheck
from foundry_bench.values.errors import InputError
from foundry_bench.values.fleet import on_host
from foundry_bench.values.metrics import decode_tokens_per_s, itl_s
from foundry_bench.values.preference import Preference
from foundry_bench.values.quality import Quality, quality_of
from foundry_bench.values.ratings import Answer, Ratings, first_answers
from foundry_bench.values.record import Sample
from foundry_bench.values.resampling import Answers
from foundry_bench.values.result import RunRecord
from foundry_bench.values.stats import Floats
from foundry_bench.values.votes import Vote

_QUANTILES = np.linspace(0, 1, 201)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """The measured and answered requests of one model in the order in which they ended: arrays of one length.

    What is undefined is NaN. ``itl_quantiles_s`` is of bounded size instead: the quantiles of all gaps between chunks,
    from the least to the greatest at even steps of probability; empty where there are no gaps.
    """

    rounds: NDArray[np.int64]
    ttft_s: Floats
    latency_s: Floats
    decode_tokens_per_s: Floats
    itl_quantiles_s: Floats

    def by_round(self, figure: Floats) -> list[float | None]:
        """The mean of a figure in each round, in their order; None where it is undefined."""
        found: list[float | None] = []
        for number in np.unique(self.rounds):
            some = figure[(self.rounds == number) & np.isfinite(figure)]
            found.append(float(some.mean()) if some.size else None)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run with the traces of its models by name, its ratings, and what of them stands for quality.

    ``answers`` are the first of each model to each prompt, ``preferences`` judges' votes between two of these;
    ``measured`` holds the figures of all of a model's answers for resampling, ``outputs`` what there is to say of
    their text. ``problem`` is what of it can't be read, ``left_out`` a last line that was cut.
    ``preference`` is what a default model is chosen by.
    """

    path: Path
    record: RunRecord
    traces: Mapping[str, Traces]
    ratings: Ratings
    quality: Quality | None = None
    preferences: Sequence[Vote] = ()
    answers: Sequence[Answer] = ()
    measured: Mapping[str, Answers] = field(default_factory=dict)
    outputs: Mapping[str, OutputCheck] = field(default_factory=dict)
    problem: str | None = None
    left_out: str | None = None
    preference: Preference = field(default_factory=Preference)


def open_run(out: Path, path: Path | None) -> RunView:
    """Read the run in the folder ``path``, or the last one in ``out``; may take a second for 10,000 requests.

    Raises:
        InputError: there is none, or it can't be read. Damaged samples or ratings are the view's ``problem``.
    """
    path = path or find_run(out, "last")
    record = load(path)
    problems = []
    answers: Sequence[Answer] = ()
    samples = read_samples(path)
    models: dict[str, _Model] = defaultdict(_Model)
    try:
        answers = first_answers(_kept(samples, models, _merged_names(record)))
    except InputError as error:
        problems.append(str(error))
    ratings = Ratings(run=path.name)
    try:
        ratings = load_ratings(path)
    except InputError as error:
        problems.append(str(error))
    preferences: Sequence[Vote] = ()
    try:
        preferences = votes_of((one for said in read_verdicts(path).values() for one in said.values()), answers)
    except InputError as error:
        problems.append(str(error))
    return RunView(
        path=path,
        record=record,
        traces={name: model.traces() for name, model in models.items()},
        ratings=ratings,
        quality=quality_of(ratings, [model.name for model in record.models if model.counts.answered]),
        preferences=preferences,
        answers=answers,
        measured={name: model.measured for name, model in models.items()},
        outputs={name: model.output for name, model in models.items()},
        problem="; ".join(problems) or None,
        left_out=samples.left_out,
    )


def answers_of(path: Path, model: str) -> tuple[Sample, ...]:
    """The requests of one model of the run in the folder ``path``, warm-up left out, by prompt and round.

    Raises:
        InputError: they can't be read.
    """
    found = [sample for sample in samples_of(path, [model]) if sample.phase == "measure"]
    order = {prompt: place for place, prompt in enumerate(dict.fromkeys(sample.prompt_id for sample in found))}
    return tuple(sorted(found, key=lambda sample: (order[sample.prompt_id], sample.round)))


def samples_of(path: Path, models: Sequence[str]) -> Iterator[Sample]:
    """The samples of these models, one by one; of one that several hosts shared, those of all its hosts.

    Raises:
        InputError: they can't be read.
    """
    merged = _merged_names(load(path))
    return (one for one in read_samples(path) if one.model in models or merged.get(one.model) in models)


class _Model:
    """What a view keeps of one model's samples."""

    def __init__(self) -> None:
        self.measured = Answers()
        self.output = OutputCheck()
        self._rows: list[tuple[float, ...]] = []
        self._gaps = array("d")

    def add(self, sample: Sample) -> None:
        self.measured.add(sample)
        self.output.add(sample)
        figures = (sample.ttft_s, sample.latency_s, decode_tokens_per_s(sample))
        self._rows.append((float(sample.round), *(nan if figure is None else figure for figure in figures)))
        gaps = itl_s(sample)
        self._gaps.frombytes(b"" if gaps is None else gaps.tobytes())

    def traces(self) -> Traces:
        rounds, ttft, latency, decode = np.array(self._rows).T
        gaps = np.array(self._gaps)
        return Traces(
            rounds=rounds.astype(np.int64),
            ttft_s=ttft,
            latency_s=latency,
            decode_tokens_per_s=decode,
            itl_quantiles_s=np.quantile(gaps, _QUANTILES, overwrite_input=True) if gaps.size else gaps,
        )


def _kept(samples: Iterable[Sample], models: Mapping[str, _Model], merged: Mapping[str, str]) -> Iterator[Sample]:
    """The measured samples, which are added to ``models`` by the way: a run is read once."""
    for sample in (one for one in samples if one.measured):
        models[sample.model].add(sample)
        if whole := merged.get(sample.model):
            models[whole].add(sample)
        yield sample


def _merged_names(record: RunRecord) -> dict[str, str]:
    """Where hosts sent one load: the name of the merged row that each host's belongs to."""
    return {on_host(row.name, host): row.name for row in record.models if row.spread for host in row.spread.hosts}
