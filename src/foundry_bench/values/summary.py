"""From the samples of one model to its summary."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from foundry_bench.values.cautions import Caution, Series, over_time, sample_size, two_modes
from foundry_bench.values.columns import TOTAL_RATE, Columns, describe_all, describe_column
from foundry_bench.values.format import percent
from foundry_bench.values.metrics import bounded_gaps
from foundry_bench.values.record import NOTABLE, Sample
from foundry_bench.values.result import ClientResult, Counts, Metrics, ModelSummary, Outlier, PromptResult, Workshop
from foundry_bench.values.stats import OUTLIER_SCORE, Distribution, describe, modified_z_scores

WATCHED = ("ttft_s", "latency_s")
PAIRED = ("ttft_s", "latency_s", "decode_tokens_per_s")

# What the worker may have noted on a sample: the metrics that it touches, and what it means.
_MARKS: Mapping[str, tuple[tuple[str | None, ...], str]] = {
    "tokens_counted_as_chunks": (
        ("decode_tokens_per_s", "output_tokens_per_s"),
        "tokens are counted as chunks, which may hold several",
    ),
    "first_chunk_estimated": (("decode_tokens_per_s",), "the tokens of the first chunk are an estimate"),
    "retried": ((None,), "the server refused at first and asked to wait, which no figure holds"),
    "runtime_busy": ((None,), "the runtime still worked on a request that was broken off before"),
    "reasoning_only": (("ttfa_s",), "the reasoning never came to an answer"),
}
_DISTURBANCES = (
    ("busy_machine", "other_percent", "other programs took processor time meanwhile"),
    ("cpu_steal", "steal_percent", "the hypervisor gave processor time to others"),
    ("loop_lag", "lag_s", "the worker's own event loop was late"),
)


class _Path:
    """The requests that travelled the same way, by prompt."""

    def __init__(self) -> None:
        self.prompts: defaultdict[str, Columns] = defaultdict(Columns)
        self.failed: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()

    def add(self, sample: Sample) -> None:
        self._statuses[sample.status] += 1
        columns = self.prompts[sample.prompt_id]
        if sample.counts:
            columns.add(sample)
        else:
            self.failed[sample.prompt_id] += 1

    def sort(self, order: Sequence[str]) -> None:
        """Put the prompts into this order; those that it doesn't name stay where they are, after the others."""
        places = {prompt_id: place for place, prompt_id in enumerate(order)}
        ordered = sorted(self.prompts.items(), key=lambda item: places.get(item[0], len(places)))
        self.prompts = defaultdict(Columns, ordered)

    def counts(self) -> Counts:
        return Counts(**self._statuses)

    def metrics(self) -> Metrics:
        return describe_all(self.prompts.values())

    def series(self, name: str) -> dict[str, Series]:
        return {prompt_id: columns.series(name) for prompt_id, columns in self.prompts.items()}


class Summarizer:
    """Takes the samples of one model as they finish and tells at any time what they amount to.

    It keeps figures and two hashes a prompt, no texts: 8 bytes a gap and about 100 bytes a sample.
    Only measured requests enter. Those through the ``openai`` client are kept apart from all others.

    Args:
        alias: the model's name, for the workshop's figures.
        temperature: the plan's; above 0 nobody can say whether the model is deterministic.
        order: the plan's prompts: in this order they are told of, whichever was answered first.
    """

    def __init__(self, alias: str, *, temperature: float, order: Sequence[str] = ()) -> None:
        self._alias = alias
        self._order = order
        self._temperature = temperature
        self._main = _Path()
        self._openai = _Path()
        self._marks: Counter[str] = Counter()
        self._gaps = 0
        self._bounded_gaps = 0
        self._in_process = 0

    @property
    def answered(self) -> int:
        """How many requests so far enter the metrics."""
        return self._main.counts().answered

    def add(self, sample: Sample) -> None:
        """Take one sample in; O(its gaps)."""
        if sample.phase != "measure":
            return
        if sample.path == "openai":
            self._openai.add(sample)
            return
        self._main.add(sample)
        if sample.counts:
            self._in_process += sample.path in {"session", "adapter"}
            self._gaps += max(0, len(sample.token_times_s) - 1)
            if sample.shared_reads:
                self._bounded_gaps += len(bounded_gaps(sample.shared_reads))
            if sample.warnings:
                self._marks.update(sample.warnings)

    def result(self) -> ModelSummary:
        """The summary of what was added so far; O(n log n) in the samples, O(n) in their gaps."""
        main = self._main
        main.sort(self._order)
        metrics = main.metrics()
        outliers = tuple(
            replace(outlier, disturbance=main.prompts[outlier.prompt_id].disturbed.get(outlier.round))
            for name in WATCHED
            for outlier in _outliers(name, main.series(name))
        )
        deterministic = self._deterministic()
        return ModelSummary(
            deterministic=deterministic,
            metrics=metrics,
            per_prompt={
                prompt_id: PromptResult(
                    ok=len(columns.rounds),
                    failed=main.failed[prompt_id],
                    metrics=describe_all([columns]) if len(main.prompts) > 1 else metrics,
                    text_sha256=next(iter(columns.texts)) if len(columns.texts) == 1 else None,
                )
                for prompt_id, columns in main.prompts.items()
            },
            outliers=outliers,
            workshop=self._workshop(metrics),
            counts=main.counts(),
            warnings=(
                *self._cautions_of_figures(metrics, outliers),
                *self._cautions_of_answers(deterministic=deterministic),
            ),
            client_openai=self._client() if self._openai.prompts else None,
        )

    def _deterministic(self) -> bool | None:
        repeated = [columns for columns in self._main.prompts.values() if len(columns.rounds) > 1]
        if self._temperature > 0 or not repeated:
            return None
        return all(len(columns.texts) == 1 for columns in repeated)

    def _workshop(self, metrics: Metrics) -> Workshop:
        prompts = self._main.prompts.values()
        latency = metrics["latency_s"]
        return Workshop(
            latency_avg=_mean(latency),
            latency_p95=latency.p95 if latency else None,
            tokens_per_sec_avg=_mean(describe_column(prompts, TOTAL_RATE)),
            first_token_latency_avg=_mean(metrics["ttft_s"]),
            rounds=len({number for columns in prompts for number in columns.rounds}),
            alias=self._alias,
        )

    def _client(self) -> ClientResult:
        return ClientResult(
            counts=self._openai.counts(),
            metrics=self._openai.metrics(),
            difference={name: _difference(self._main.series(name), self._openai.series(name)) for name in PAIRED},
        )

    def _cautions_of_figures(self, metrics: Metrics, outliers: Sequence[Outlier]) -> Iterator[Caution]:
        for name, distribution in metrics.items():
            yield from sample_size(name, distribution)
        for name in WATCHED:
            series = self._main.series(name)
            yield from over_time(name, series)
            yield from two_modes(name, series)
            if count := sum(outlier.metric == name for outlier in outliers):
                message = (
                    f"{count} of {sum(one.values.size for one in series.values())} values are outliers, none dropped"
                )
                yield Caution(kind="outliers", metric=name, message=message)

    def _cautions_of_answers(self, *, deterministic: bool | None) -> Iterator[Caution]:
        counts = self._main.counts()
        answered = f"of {counts.answered} answers"
        if self._bounded_gaps:
            share = percent(self._bounded_gaps / self._gaps)
            message = f"{share} of the gaps are only bounds: their chunks came out of the socket together"
            yield Caution(kind="shared_reads", metric="itl_s", message=message)
        if self._in_process:
            message = "asked in-process, without HTTP: the timing error that the calibration found is not theirs"
            yield Caution(kind="in_process", metric=None, message=message)
        for mark, times in sorted(self._marks.items()):
            metrics, meaning = _MARKS.get(mark, ((None,), mark.replace("_", " ")))
            for name in metrics:
                yield Caution(kind=mark, metric=name, message=f"{times} {answered}: {meaning}")
        disturbed = [one for columns in self._main.prompts.values() for one in columns.disturbed.values()]
        for kind, field, meaning in _DISTURBANCES:
            worst = max((getattr(one, field) for one in disturbed), default=0)
            times = sum(bool(getattr(one, field) >= NOTABLE[field]) for one in disturbed)
            if times:
                shown = f"{worst * 1000:.0f} ms" if field == "lag_s" else percent(worst / 100)
                yield Caution(kind=kind, metric=None, message=f"{times} {answered}: {meaning}, at worst {shown}")
        if deterministic is False:
            yield Caution(
                kind="not_deterministic", metric=None, message="answers to the same prompt differ at temperature 0"
            )
        if counts.unverified:
            message = f"{counts.unverified} {answered} are unverified: it was not said how they ended"
            yield Caution(kind="unverified", metric=None, message=message)
        if counts.failed:
            message = f"{counts.failed} of {counts.answered + counts.failed} requests failed and enter no figure"
            yield Caution(kind="failed_requests", metric=None, message=message)


def summarize(samples: Iterable[Sample], alias: str, *, temperature: float) -> ModelSummary:
    """The summary of one model's samples, in any order; see ``Summarizer`` for the arguments."""
    summarizer = Summarizer(alias, temperature=temperature)
    for sample in samples:
        summarizer.add(sample)
    return summarizer.result()


def _mean(distribution: Distribution | None) -> float | None:
    return distribution.mean if distribution else None


def _difference(raw: Mapping[str, Series], openai: Mapping[str, Series]) -> Distribution | None:
    """Openai minus raw, of the rounds in which both answered a prompt."""
    differences = [np.empty(0)]
    for prompt_id, one in raw.items():
        if other := openai.get(prompt_id):
            _, left, right = np.intersect1d(one.rounds, other.rounds, return_indices=True)
            differences.append(other.values[right] - one.values[left])
    return describe(np.concatenate(differences))


def _outliers(name: str, series: Mapping[str, Series]) -> Iterator[Outlier]:
    for prompt_id, one in series.items():
        scores = modified_z_scores(one.values)
        outlying = np.flatnonzero(np.abs(scores) > OUTLIER_SCORE)
        median = float(np.median(one.values)) if outlying.size else 0.0
        for index in outlying:
            yield Outlier(
                prompt_id=prompt_id,
                round=int(one.rounds[index]),
                metric=name,
                value=float(one.values[index]),
                median=median,
                score=float(scores[index]),
            )
