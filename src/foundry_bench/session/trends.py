"""Figures of the same models over several runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundry_bench.session.run_view import RunView
from foundry_bench.session.tables import Column, Table
from foundry_bench.values.changes import conditions
from foundry_bench.values.format import mean_with_interval, one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import Metrics

TRENDS = ("ttft_s", "latency_s", "itl_s", "decode_tokens_per_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A model's figures in one run, over ``n`` answers."""

    run: str
    created: datetime
    n: int
    metrics: Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """A model in two runs or more, by their date."""

    model: str
    moments: tuple[Moment, ...]


def trends(views: Sequence[RunView]) -> tuple[Trend, ...]:
    """The models that were measured in two or more of ``views``, which come by their date."""
    moments: dict[str, list[Moment]] = {}
    for record in (view.record for view in views):
        for model in record.models:
            if model.counts.answered:
                moment = Moment(run=record.id, created=record.created, n=model.counts.answered, metrics=model.metrics)
                moments.setdefault(model.name, []).append(moment)
    return tuple(Trend(model=model, moments=tuple(some)) for model, some in moments.items() if len(some) > 1)


def trends_table(found: Sequence[Trend]) -> Table:
    """A row a model and run: means with their intervals."""
    columns = [
        *(Column(name, figures=False) for name in ("Model", "Recorded (UTC)", "Run")),
        *(Column("n"), *(Column(f"{METRICS[name].label} mean", metric=name) for name in TRENDS)),
    ]
    rows = [
        (
            *(one_line(trend.model), f"{moment.created:%Y-%m-%d %H:%M}", one_line(moment.run), str(moment.n)),
            *(mean_with_interval(moment.metrics.get(name), METRICS[name].unit) for name in TRENDS),
        )
        for trend in found
        for moment in trend.moments
    ]
    return Table(columns, rows)


def trends_json(found: Sequence[Trend]) -> list[dict[str, Any]]:
    """The same in full precision: a document a model and metric."""
    return [
        {"model": trend.model, "metric": name, "unit": METRICS[name].unit, "runs": list(_means(trend, name))}
        for trend in found
        for name in TRENDS
    ]


def unlike(views: Sequence[RunView]) -> list[str]:
    """What differs between the runs beside their date, a line each: it may be the reason of a change."""
    found = [conditions(view.record) for view in views]
    lines = []
    for name in dict.fromkeys(name for some in found for name in some):
        values = list(dict.fromkeys(str(some.get(name)) for some in found))
        if len(values) > 1:
            # Prompts are too long to be read side by side.
            shown = "" if name.startswith("plan.prompts.") else f": {one_line(', '.join(values))}"
            lines.append(f"{one_line(name.removeprefix('plan.')).replace('_', ' ')}{shown}")
    return lines


def _means(trend: Trend, metric: str) -> Iterator[dict[str, Any]]:
    for moment in trend.moments:
        found = moment.metrics.get(metric)
        head = {"run": moment.run, "created": moment.created, "n": found.n if found else 0}
        yield head | {"mean": found and found.mean, "ci95_mean": found and found.ci95_mean}
