"""A report in Markdown."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from foundry_bench.session import tables
from foundry_bench.session.tables import Table
from foundry_bench.values.calibration import timing_error
from foundry_bench.values.format import UNDEFINED, megabytes, one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import RunRecord

# What Markdown or HTML would take for a sign of its own; underscores only where a word begins or ends at them.
_SIGNS = re.compile(r"[\\`*\[\]<>|~&#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def as_markdown(runs: Sequence[RunRecord]) -> str:
    """One document with a section a run, and the definitions of its figures at the end."""
    lines = ["# Benchmark report", ""]
    for record in runs:
        lines.extend(_run(record))
    lines.extend(_definitions())
    return "\n".join(lines) + "\n"


def _run(record: RunRecord) -> Iterator[str]:
    yield from (f"## Run {_escape(record.id)}", "")
    yield f"- Recorded: {record.created:%Y-%m-%d %H:%M:%S} UTC, {record.status}"
    yield f"- Machine: {_escape(_machine(record.environment))}"
    yield f"- Plan: {_escape(_plan(record))}"
    if record.calibration:
        yield f"- Timing error: {timing_error(record.calibration)}"
    yield ""
    yield from _section("Results", tables.results(record))
    yield from _list("Not measured in full", _failures(record))
    yield from _list("Cautions", _cautions(record))
    yield from _section("By prompt", tables.per_prompt(record))
    yield from _section("Added by the openai client, mean of the paired differences", tables.client(record))
    yield from _section("The workshop script's own figures", tables.workshop(record))


def _failures(record: RunRecord) -> Iterator[str]:
    for model in record.models:
        if model.status != "ok":
            reason = model.error.message if model.error else "no reason is known"
            mend = f"; to mend it: {_escape(model.advice)}" if model.advice else ""
            yield f"**{_escape(model.name)}** ({model.status}): {_escape(reason)}{mend}"


def _cautions(record: RunRecord) -> Iterator[str]:
    for model in record.models:
        for caution in tables.cautions(model):
            yield f"**{_escape(model.name)}**: {_escape(caution)}"


def _definitions() -> Iterator[str]:
    yield from ("## Definitions", "")
    for name, metric in METRICS.items():
        yield f"- **{metric.label}** (`{name}`): {metric.definition}"
    yield f"- **n**: requests that enter the figures; failed ones enter none. {UNDEFINED} is undefined, never 0."
    yield "- **p50, p95, p99**: percentiles, linear between the two nearest values."
    yield "- **±**: 95 % interval of the mean, by bootstrap; for ITL whole answers are resampled."
    yield "- **tokens_per_sec_avg**: (prompt + completion tokens) / latency, as the workshop's script has it."


def _machine(environment: Mapping[str, Any]) -> str:
    """The environment in a line; what identifies the recording process says nothing of the machine."""
    parts: list[str] = []
    for key, value in environment.items():
        if isinstance(value, Mapping):
            parts.extend(f"{name} {what}" for name, what in value.items() if key != "process")
        elif key.endswith("_mb"):
            parts.append(f"{key.removesuffix('_mb')} {megabytes(value)}")
        elif value is not None:
            parts.append(f"{key} {value}")
    return ", ".join(parts)


def _plan(record: RunRecord) -> str:
    plan = record.plan
    return (
        f"{plan.rounds} rounds of {len(plan.prompts)} prompts after {plan.warmup} of warm-up, "
        f"{plan.concurrency} in flight, {'streamed' if plan.stream else 'not streamed'}, "
        f"at most {plan.max_tokens} tokens, temperature {plan.temperature:g}, seed {plan.seed}"
    )


def _section(title: str, table: Table) -> Iterator[str]:
    if table.rows:
        yield from (f"### {title}", "")
        yield _row([_escape(column.heading) for column in table.columns])
        yield _row(["---:" if column.figures else "---" for column in table.columns])
        yield from (_row([_escape(cell) for cell in row]) for row in table.rows)
        yield ""


def _list(title: str, items: Iterator[str]) -> Iterator[str]:
    lines = [f"- {item}" for item in items]
    if lines:
        yield from (f"### {title}", "", *lines, "")


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    """Text of others as plain words: one line, and no sign that Markdown or HTML would act on."""
    return _SIGNS.sub(r"\\\g<0>", one_line(text))
