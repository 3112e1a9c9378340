"""Reports of recorded runs, a function a format."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import msgspec

from foundry_bench.session import tables
from foundry_bench.session.markdown import as_markdown
from foundry_bench.values.calibration import timing_error
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import Counts, RunRecord, Workshop
from foundry_bench.values.stats import Distribution

REPORT_SCHEMA = "foundry-bench/report/1"

# Text that begins so is a formula to a spreadsheet.
_FORMULA_SIGNS = ("=", "+", "-", "@")


def render(runs: Sequence[RunRecord], report_format: str) -> str:
    """A report of ``runs`` in one of ``FORMATS``.

    Raises:
        InputError: there is no such format.
    """
    if report_format not in FORMATS:
        raise InputError(f"no report format {report_format!r}; choose one of {', '.join(FORMATS)}")
    return FORMATS[report_format](runs)


def results_table(record: RunRecord) -> str:
    """The results of one run for a terminal: a line a model, then what calls for care."""
    lines = [tables.as_text(tables.short_results(record))]
    if record.calibration:
        lines.append(f"Timing error of this machine: {timing_error(record.calibration)}")
    lines += [f"{one_line(model.name)}: {line}" for model in record.models for line in tables.cautions(model)]
    return "\n".join(lines)


def as_json(runs: Sequence[RunRecord]) -> str:
    """One document: ``{"schema": "foundry-bench/report/1", "runs": [...]}``, each run as in its ``run.json``."""
    document = msgspec.json.encode({"schema": REPORT_SCHEMA, "runs": runs})
    return msgspec.json.format(document, indent=2).decode() + "\n"


def as_csv(runs: Sequence[RunRecord]) -> str:
    """A row a model, by RFC 4180; figures in full precision and the units of their names, undefined ones empty.

    Text that a spreadsheet would take for a formula gets an apostrophe before it.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for record in runs:
        for model in record.models:
            row = {"run": record, "model": model}
            writer.writerow(_cell(_at(row, path)) for path in _COLUMNS.values())
    return text.getvalue()


FORMATS: Mapping[str, Callable[[Sequence[RunRecord]], str]] = {"md": as_markdown, "csv": as_csv, "json": as_json}


def _columns() -> dict[str, str]:
    """The heading of each column of a CSV report, and where its value is."""
    whats = (
        *("name", "id", "backend", "device", "execution_provider", "status", "error.type", "error.message", "advice"),
        *("load_s", "cold_ttft_s", "disk_mb", "license", "capabilities", "deterministic"),
        *("memory.baseline_mb", "memory.loaded_mb", "memory.peak_mb"),
        *(f"counts.{field.name}" for field in fields(Counts)),
        *(f"workshop.{field.name}" for field in fields(Workshop)),
    )
    columns = {"run": "run.id", "created": "run.created"} | {what: f"model.{what}" for what in whats}
    for metric in METRICS:
        figures = {field.name: field.name for field in fields(Distribution) if field.name != "ci95_mean"}
        figures |= {"ci95_low": "ci95_mean.0", "ci95_high": "ci95_mean.1"}
        columns |= {f"{metric}.{heading}": f"model.metrics.{metric}.{path}" for heading, path in figures.items()}
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
    text = one_line(" ".join(value) if isinstance(value, tuple) else str(value))
    return f"'{text}" if text.startswith(_FORMULA_SIGNS) else text
