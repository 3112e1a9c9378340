"""Reports as comma-separated values, for spreadsheets and data frames."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from foundry_bench.session.run_view import RunView
from foundry_bench.session.store import read_samples
from foundry_bench.values.energy import Energy
from foundry_bench.values.format import one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.quality import SOURCES
from foundry_bench.values.ratings import means
from foundry_bench.values.record import Sample
from foundry_bench.values.result import Counts, Workshop
from foundry_bench.values.stats import Distribution
from foundry_bench.values.telemetry import Telemetry
from foundry_bench.values.votes import WinRate, win_rate

# Text that begins so is a formula to a spreadsheet; some take the full-width forms for the same.
_FORMULA_SIGNS = tuple("=+-@\uff1d\uff0b\uff0d\uff20")

_ABOUT_SAMPLE = (
    *("model", "host", "model_id", "prompt_id", "phase", "path", "round", "level"),
    *("status", "error.type", "error.message", "sent_ns", "queued_s", "headers_s", "first_byte_s"),
)
_ANSWER = (
    *("prompt_tokens", "completion_tokens", "token_source", "finish_reason", "response_id"),
    *("warnings", "disturbance.lag_s", "disturbance.steal_percent", "disturbance.other_percent"),
    *("text_sha256", "text"),
)


def as_csv(views: Sequence[RunView]) -> str:
    """A row a model and run, by RFC 4180; figures in full precision and the units of their names, undefined ones empty.

    The rows of one model, by ``created``, are its trend. Text that a spreadsheet would take for a formula gets an
    apostrophe before it.
    """
    rows = []
    for view in views:
        scores = {kind: means(getattr(view.ratings, kind)) for kind in SOURCES}
        for model in view.record.models:
            quality = {kind: found.get(model.name) for kind, found in scores.items()}
            votes = win_rate(view.ratings.votes, model.name)
            preference = win_rate(view.preferences, model.name)
            row = {"run": view.record, "model": model, "quality": quality, "votes": votes, "preference": preference}
            rows.append([_at(row, path) for path in _COLUMNS.values()])
    return _document(_COLUMNS, rows)


def samples_as_csv(views: Sequence[RunView]) -> str:
    """The same with a row a request, in the order in which they ended, warm-up and failed ones included.

    Of a metric with several values an answer the columns are their median and the greatest.

    Raises:
        InputError: the samples of a run can't be read.
    """
    heading = ["run", *_ABOUT_SAMPLE]
    for name, metric in METRICS.items():
        heading += [f"{name}.p50", f"{name}.max"] if metric.pooled else [name]
    rows = ([view.record.id, *_sample(one)] for view in views for one in read_samples(view.path))
    return _document([*heading, *_ANSWER], rows)


def _sample(sample: Sample) -> list[Any]:
    cells = [_at(sample, name) for name in _ABOUT_SAMPLE]
    for metric in METRICS.values():
        value = metric.of(sample)
        if not metric.pooled:
            cells.append(value)
        elif value is None:
            cells += (None, None)
        else:
            cells += (float(np.median(value)), float(np.max(value)))
    return [*cells, *(_at(sample, name) for name in _ANSWER)]


def _document(heading: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _columns() -> dict[str, str]:
    """The heading of each column of the table of models, and where its value is."""
    whats = (
        *(
            "name",
            "host",
            "id",
            "backend",
            "device",
            "execution_provider",
            "status",
            "error.type",
            "error.message",
            "advice",
        ),
        *("load_s", "cold_ttft_s", "disk_mb", "license", "capabilities", "deterministic"),
        *("memory.baseline_mb", "memory.loaded_mb", "memory.peak_mb"),
        *(f"counts.{field.name}" for field in fields(Counts)),
        *(f"workshop.{field.name}" for field in fields(Workshop)),
        *(f"telemetry.{field.name}" for field in fields(Telemetry) if field.name != "meters"),
        *(f"energy.{field.name}" for field in fields(Energy)),
    )
    columns = {"run": "run.id", "created": "run.created"} | {what: f"model.{what}" for what in whats}
    for metric in METRICS:
        figures = {field.name: field.name for field in fields(Distribution) if field.name != "ci95_mean"}
        figures |= {"ci95_low": "ci95_mean.0", "ci95_high": "ci95_mean.1"}
        columns |= {f"{metric}.{heading}": f"model.metrics.{metric}.{path}" for heading, path in figures.items()}
    parts = {"start_skew_s": "start_skew_s", "total_tokens_per_s.low": "total_tokens_per_s.0"}
    parts |= {"total_tokens_per_s.high": "total_tokens_per_s.1"}
    columns |= {f"spread.{heading}": f"model.spread.{path}" for heading, path in parts.items()}
    for kind in SOURCES:
        columns |= {f"quality.{kind}.mean": f"quality.{kind}.0", f"quality.{kind}.n": f"quality.{kind}.1"}
    parts = {field.name: field.name for field in fields(WinRate) if field.name not in {"model", "against", "ci95"}}
    parts |= {"ci95_low": "ci95.0", "ci95_high": "ci95.1"}
    for by in ("votes", "preference"):
        columns |= {f"{by}.{heading}": f"{by}.{path}" for heading, path in parts.items()}
    return columns


_COLUMNS = _columns()


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path of attributes, keys and indices; None where the way ends early."""
    for part in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, tuple):
            value = value[int(part)]
        else:
            value = getattr(value, part, None)
    return value


def _cell(value: Any) -> Any:
    if value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        return value
    return inert(one_line(" ".join(value) if isinstance(value, tuple) else str(value)))


def inert(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if text.lstrip().startswith(_FORMULA_SIGNS) else text
