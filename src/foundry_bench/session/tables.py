"""The tables of a report: figures as text, still free of any format's own signs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from foundry_bench.values.format import UNDEFINED, figure, mean_with_interval, megabytes, one_line, rate, seconds
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import Metrics, ModelResult, RunRecord


@dataclass(frozen=True, slots=True)
class Column:
    """A heading, and whether what stands under it are figures, which are aligned to the right."""

    heading: str
    figures: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """Columns, and rows of as many cells. Cells hold no line breaks or control characters."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


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
_PER_PROMPT = ("ttft_s.p50", "latency_s.mean", "itl_s.p50", "decode_tokens_per_s.mean", "output_tokens_per_s.mean")


def results(record: RunRecord) -> Table:
    """All that was measured, a row a model."""
    before = (_MODEL, Column("Device / EP", figures=False), Column("n"))
    after = (Column("Peak memory"), Column("Disk"), Column("Licence", figures=False), _STATUS)
    rows = [
        (
            one_line(model.name),
            " / ".join(one_line(part) for part in (model.device, model.execution_provider) if part) or UNDEFINED,
            _n(model),
            *_cells(model.metrics, _RESULTS),
            megabytes(model.memory.peak_mb),
            megabytes(model.disk_mb),
            one_line(model.license or UNDEFINED),
            model.status,
        )
        for model in record.models
    ]
    return Table((*before, *_columns(_RESULTS), *after), rows)


def short_results(record: RunRecord) -> Table:
    """What tells models apart, for the width of a terminal."""
    columns = (_MODEL, Column("n"), *_columns(_SHORT), Column("Peak memory"), _STATUS)
    rows = [
        (
            one_line(model.name),
            _n(model),
            *_cells(model.metrics, _SHORT),
            megabytes(model.memory.peak_mb),
            model.status,
        )
        for model in record.models
    ]
    return Table(columns, rows)


def per_prompt(record: RunRecord) -> Table:
    """A row a model and prompt."""
    columns = (_MODEL, Column("Prompt", figures=False), Column("ok"), Column("Failed"), *_columns(_PER_PROMPT))
    rows = [
        (
            one_line(model.name),
            one_line(prompt_id),
            str(prompt.ok),
            str(prompt.failed),
            *_cells(prompt.metrics, _PER_PROMPT),
        )
        for model in record.models
        for prompt_id, prompt in model.per_prompt.items()
    ]
    return Table(columns, rows)


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


def cautions(model: ModelResult) -> list[str]:
    """The cautions of a model, a line each; those that say the same of several metrics share one."""
    labels: dict[str, list[str]] = {}
    for caution in model.warnings:
        metric = METRICS.get(caution.metric or "")
        labels.setdefault(one_line(caution.message), []).extend([metric.label] if metric else [])
    return [f"{', '.join(touched)}: {message}" if touched else message for message, touched in labels.items()]


def as_text(table: Table) -> str:
    """The table in aligned columns, for a terminal."""
    lines = [[column.heading for column in table.columns], *table.rows]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "\n".join("  ".join(_aligned(line, table.columns, widths)).rstrip() for line in lines)


def _aligned(cells: Iterable[str], columns: Iterable[Column], widths: Iterable[int]) -> list[str]:
    return [
        cell.rjust(width) if column.figures else cell.ljust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]


def _columns(figures: Iterable[str]) -> list[Column]:
    """Headings of figures that are named as in ``ttft_s.p50``."""
    parts = (name.split(".") for name in figures)
    return [Column(f"{METRICS[metric].label} {statistic}") for metric, statistic in parts]


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


def _n(model: ModelResult) -> str:
    """Requests that enter the figures, and of how many where some failed."""
    counts = model.counts
    return f"{counts.answered}/{counts.answered + counts.failed}" if counts.failed else str(counts.answered)
