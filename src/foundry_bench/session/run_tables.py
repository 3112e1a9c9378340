"""The tables of a run: figures as text, still free of any format's own signs."""

from collections.abc import Iterable, Sequence

from foundry_bench.session.run_view import RunView
from foundry_bench.session.tables import Cell, Column, Levels, Table
from foundry_bench.values.format import (
    UNDEFINED,
    figure,
    mean_with_interval,
    megabytes,
    one_line,
    percent,
    rate,
    seconds,
)
from foundry_bench.values.metrics import METRICS, Unit
from foundry_bench.values.names import short_names
from foundry_bench.values.record import NOTABLE, Disturbance
from foundry_bench.values.result import Metrics, ModelResult, RunRecord

# More would bury the rest of a report; run.json has them all.
MOST_OUTLIERS = 50
_WORDS = ("Prompt", "Metric", "Meanwhile")

_MODEL = Column("Model", figures=False)
_STATUS = Column("Status", figures=False)

_RESULTS = (
    "ttft_s.p50",
    "ttft_s.p95",
    "latency_s.mean",
    "latency_s.p95",
    "itl_s.p50",
    "itl_s.p99",
    "decode_tokens_per_s.mean",
    "output_tokens_per_s.mean",
)
_SHORT = ("ttft_s.p50", "ttft_s.p95", "latency_s.p50", "decode_tokens_per_s.mean")
_SWEEP = ("ttft_s.p50", "ttft_s.p95", "latency_s.mean", "decode_tokens_per_s.mean", "prefill_tokens_per_s.p50")
_PER_PROMPT = ("ttft_s.p50", "latency_s.mean", "itl_s.p50", "decode_tokens_per_s.mean", "output_tokens_per_s.mean")


def results(view: RunView) -> Table:
    """All that was measured, one row per model."""
    names = short_names(model.name for model in view.record.models)
    before = (_MODEL, _STATUS, Column("n"), Column("Rounds"))
    after = (
        Column("Latency by round", figures=False),
        *(Column("Peak memory"), Column("Disk"), *(Column(name, figures=False) for name in ("Device / EP", "Licence"))),
    )
    rows: list[Sequence[Cell]] = [
        (
            names[model.name],
            model.status,
            _n(model),
            _rounds(model),
            *_cells(model.metrics, _RESULTS),
            _by_round(view, model.name),
            megabytes(model.memory.peak_mb),
            megabytes(model.disk_mb),
            " / ".join(one_line(part) for part in (model.device, model.execution_provider) if part) or UNDEFINED,
            one_line(model.license or UNDEFINED),
        )
        for model in view.record.models
    ]
    return Table((*before, *_columns(_RESULTS), *after), rows)


def short_results(record: RunRecord) -> Table:
    """What tells models apart, for the width of a terminal."""
    names = short_names(model.name for model in record.models)
    columns = (_MODEL, Column("n"), *_columns(_SHORT), Column("Peak memory"), _STATUS)
    rows = [
        (
            names[model.name],
            _n(model),
            *_cells(model.metrics, _SHORT),
            megabytes(model.memory.peak_mb),
            model.status,
        )
        for model in record.models
    ]
    return Table(columns, rows)


def per_prompt(record: RunRecord) -> Table:
    """One row per model and prompt."""
    names = short_names(model.name for model in record.models)
    columns = (_MODEL, Column("Prompt", figures=False), Column("ok"), Column("Failed"), *_columns(_PER_PROMPT))
    rows = [
        (
            names[model.name],
            one_line(prompt_id),
            str(prompt.ok),
            str(prompt.failed),
            *_cells(prompt.metrics, _PER_PROMPT),
        )
        for model in record.models
        for prompt_id, prompt in model.per_prompt.items()
    ]
    return Table(columns, rows)


def sweep(record: RunRecord) -> Table:
    """One row per model and level of the sweep."""
    names = short_names(model.name for model in record.models)
    headings = ("Level", "Prompt tokens", "ok", "Failed")
    columns = (_MODEL, *(Column(heading, figures=heading != "Level") for heading in headings), *_columns(_SWEEP))
    rows = [
        (
            names[model.name],
            level.level.replace("=", " ").replace("_", " "),
            UNDEFINED if level.prompt_tokens is None else f"{level.prompt_tokens:,.0f}",
            str(level.counts.answered),
            str(level.counts.failed),
            *_cells(level.metrics, _SWEEP),
            rate(level.total_tokens_per_s),
            one_line(level.error.message) if level.error else "",
        )
        for model in record.models
        for level in model.sweep
    ]
    return Table((*columns, Column("All answers"), Column("First failure", figures=False)), rows)


def workshop(record: RunRecord) -> Table:
    """The workshop script's own figures, under its own names."""
    names = ("rounds", "latency_avg", "latency_p95", "tokens_per_sec_avg", "first_token_latency_avg")
    rows = [
        (
            one_line(one.alias),
            str(one.rounds),
            seconds(one.latency_avg),
            seconds(one.latency_p95),
            rate(one.tokens_per_sec_avg),
            seconds(one.first_token_latency_avg),
        )
        for one in (model.workshop for model in record.models)
    ]
    return Table((Column("alias", figures=False), *map(Column, names)), rows)


def client(record: RunRecord) -> Table:
    """What the ``openai`` client adds: means of the paired differences, of the models asked through it."""
    found = [(model.name, model.client_openai.difference) for model in record.models if model.client_openai]
    names = list(found[0][1]) if found else []
    rows = [
        (one_line(model), *(mean_with_interval(difference[name], METRICS[name].unit, sign=True) for name in names))
        for model, difference in found
    ]
    return Table((_MODEL, *(Column(METRICS[name].label) for name in names)), rows)


def outliers(record: RunRecord) -> Table:
    """Single values far from the median of their model and prompt: the ``MOST_OUTLIERS`` farthest."""
    names = ("Prompt", "Metric", "Round", "Value", "Median", "Deviations from it", "Meanwhile")
    found = [(model.name, one) for model in record.models for one in model.outliers]
    rows = [
        (
            one_line(model),
            one_line(one.prompt_id),
            METRICS[one.metric].label if one.metric in METRICS else one_line(one.metric),
            str(one.round),
            *(figure(value, _unit(one.metric)) for value in (one.value, one.median)),
            f"{one.score:+.1f}",
            _disturbance(one.disturbance),
        )
        for model, one in sorted(found, key=lambda pair: -abs(pair[1].score))[:MOST_OUTLIERS]
    ]
    return Table((_MODEL, *(Column(name, figures=name not in _WORDS) for name in names)), rows)


def calibration(record: RunRecord) -> Table:
    """This machine's own timing error, a row a number of streams at once."""
    names = ("Streams", "Cadence", "TTFT p50", "TTFT p99", "ITL p50", "ITL p99", "Exact ITL p99", "Bounds", "Rate bias")
    rows = [
        (
            str(level.streams),
            seconds(level.interval_s),
            *(seconds(value) for size in (level.ttft, level.itl) for value in (size.p50_s, size.p99_s)),
            seconds(level.itl_exact.p99_s if level.itl_exact else None),
            percent(level.shared_share),
            percent(level.rate_bias, sign=True),
        )
        for level in (record.calibration.levels if record.calibration else ())
    ]
    return Table([Column(name) for name in names], rows)


def cautions(model: ModelResult) -> list[str]:
    """The cautions of a model, a line each; those that say the same of several metrics share one."""
    labels: dict[str, list[str]] = {}
    for caution in model.warnings:
        metric = METRICS.get(caution.metric or "")
        labels.setdefault(one_line(caution.message), []).extend([metric.label] if metric else [])
    return [f"{', '.join(touched)}: {message}" if touched else message for message, touched in labels.items()]


def _by_round(view: RunView, model: str) -> Levels:
    traces = view.traces.get(model)
    return Levels(traces.by_round(traces.latency_s) if traces else ())


def _unit(metric: str) -> Unit:
    return METRICS[metric].unit if metric in METRICS else "s"


def _disturbance(found: Disturbance | None) -> str:
    """What else went on while a request was measured, in words."""
    if found is None:
        return UNDEFINED
    words = {
        "lag_s": f"the loop was {seconds(found.lag_s)} late",
        "steal_percent": f"{found.steal_percent:.0f} % of the CPU stolen",
        "other_percent": f"{found.other_percent:.0f} % of the CPU busy elsewhere",
    }
    return ", ".join(words[part] for part, least in NOTABLE.items() if getattr(found, part) >= least) or UNDEFINED


def _columns(figures: Iterable[str]) -> list[Column]:
    """Headings of figures that are named as in ``ttft_s.p50``."""
    parts = (name.split(".") for name in figures)
    return [Column(f"{METRICS[metric].label} {statistic}", metric=metric) for metric, statistic in parts]


def _cells(metrics: Metrics, figures: Iterable[str]) -> list[str]:
    """Figures that are named as in ``ttft_s.p50``; means come with their interval."""
    cells = []
    for name in figures:
        metric, statistic = name.split(".")
        distribution, unit = metrics.get(metric), METRICS[metric].unit
        if statistic == "mean":
            cells.append(mean_with_interval(distribution, unit))
        else:
            cells.append(figure(getattr(distribution, statistic, None), unit))
    return cells


def _rounds(model: ModelResult) -> str:
    """The rounds that were measured, with the rule that ended them."""
    ruled = model.stop is not None and model.stop.kind != "rounds"
    return f"{model.workshop.rounds}{f' ({model.stop.kind})' if model.stop and ruled else ''}"


def _n(model: ModelResult) -> str:
    """Requests that enter the figures, and of how many where some failed."""
    counts = model.counts
    return f"{counts.answered}/{counts.answered + counts.failed}" if counts.failed else str(counts.answered)
