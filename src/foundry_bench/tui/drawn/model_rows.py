"""The rows of a model's answers: a line a prompt with its figures, then a line a request."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from foundry_bench.tui.drawn.cells import Cell, Heading
from foundry_bench.tui.drawn.signs import Signs
from foundry_bench.values.format import figure, one_line, seconds
from foundry_bench.values.metrics import METRICS, decode_tokens_per_s
from foundry_bench.values.record import Sample
from foundry_bench.values.result import Metrics, ModelResult, Outlier

HEADINGS = (
    Heading("what", "Prompt, round", figures=False),
    Heading("ttft", "TTFT"),
    Heading("latency", "Latency"),
    Heading("decode", "tok/s"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: of a prompt where ``sample`` is None."""

    key: str
    prompt_id: str
    sample: Sample | None
    outliers: Sequence[Outlier] = ()


def model_rows(model: ModelResult, samples: Sequence[Sample]) -> list[Row]:
    """All rows in order; a request's outliers beside it."""
    outliers: dict[tuple[str, int], list[Outlier]] = {}
    for outlier in model.outliers:
        outliers.setdefault((outlier.prompt_id, outlier.round), []).append(outlier)
    return list(_rows(samples, outliers))


def _rows(samples: Sequence[Sample], outliers: Mapping[tuple[str, int], Sequence[Outlier]]) -> Iterator[Row]:
    prompt = None
    for index, sample in enumerate(samples):
        if sample.prompt_id != prompt:
            prompt = sample.prompt_id
            yield Row(f"p{index}", prompt, None)
        yield Row(f"s{index}", prompt, sample, outliers.get((prompt, sample.round), ()))


def cells(row: Row, model: ModelResult, sign: Signs, room: int) -> list[Cell]:
    """The cells of a row."""
    sample = row.sample
    if sample is None:
        prompt = model.per_prompt.get(row.prompt_id)
        metrics: Metrics = prompt.metrics if prompt else {}
        name = one_line(row.prompt_id)
        failed = f" {prompt.failed} failed" if prompt and prompt.failed else ""
        return [
            Cell(f"{name[:room]}{failed}", style="bold", right=False),
            *(Cell(text, style="bold") for text in (_p50(metrics, name) for name in _COLUMNS)),
        ]
    if not sample.counts:
        ended = Cell(f"  round {sample.round} {sample.status}", style="italic", right=False)
        return [ended, *(Cell("") for _ in _COLUMNS)]
    mark = f" {sign.outlier}" if row.outliers else ""
    path = " openai" if sample.path == "openai" else ""
    decode = figure(decode_tokens_per_s(sample), "tokens/s").removesuffix(" tok/s")
    return [
        Cell(f"  round {sample.round}{path}{mark}", right=False),
        Cell(seconds(sample.ttft_s)),
        Cell(seconds(sample.latency_s)),
        Cell(decode),
    ]


_COLUMNS = ("ttft_s", "latency_s", "decode_tokens_per_s")
# Cells of a label and of a figure such as "118 tok/s", with a space before it.
_LABEL, _FIGURE = 8, 11


def _p50(metrics: Metrics, name: str) -> str:
    distribution = metrics.get(name)
    return figure(distribution.p50 if distribution else None, METRICS[name].unit).removesuffix(" tok/s")


def prompt_figures(model: ModelResult, prompt_id: str, width: int) -> list[str]:
    """All figures of a prompt, a line a metric; of their median, p95 and maximum as many as ``width`` has room for."""
    prompt = model.per_prompt.get(prompt_id)
    shown = ("p50", "p95", "max")[: max(1, (width - _LABEL) // _FIGURE)]
    lines = [" " * _LABEL + "".join(f"{name:>{_FIGURE}}" for name in shown)]
    for name, distribution in (prompt.metrics if prompt else {}).items():
        if distribution:
            metric = METRICS[name]
            values = (figure(getattr(distribution, part), metric.unit) for part in shown)
            lines.append(f"{metric.label:<{_LABEL}}" + "".join(f"{text:>{_FIGURE}}" for text in values))
    return lines
