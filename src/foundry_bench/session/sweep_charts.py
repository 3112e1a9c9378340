"""The charts of a sweep: how a figure goes with the number of requests in flight, or with the prompt's length."""

from collections.abc import Callable, Mapping, Sequence

from foundry_bench.session import svg
from foundry_bench.session.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, Chart
from foundry_bench.session.svg import Scale
from foundry_bench.values.format import figure
from foundry_bench.values.metrics import Unit
from foundry_bench.values.result import LevelResult, RunRecord

Point = tuple[float, float]


def sweep_charts(record: RunRecord) -> list[Chart]:
    """The charts of a run's sweep; those that would not have two points of any model are left out."""
    plan = record.plan.sweep
    flying = _levels(record, "concurrency=") if plan.concurrency else {}
    deep = _levels(record, "prompt_tokens=") if plan.prompt_tokens else {}
    drawn = (
        _chart(
            "Time to first token under load", "requests in flight", "TTFT p95", "s", _points(flying, _flight, _ttft)
        ),
        _chart("Speed under load", "requests in flight", "all answers", "tokens/s", _points(flying, _flight, _total)),
        _chart("Time to first token by prompt", "prompt tokens", "TTFT p95", "s", _points(deep, _depth, _ttft)),
        _chart("Decode speed by prompt", "prompt tokens", "decode mean", "tokens/s", _points(deep, _depth, _decode)),
    )
    return [chart for chart in drawn if chart]


def _levels(record: RunRecord, kind: str) -> Mapping[str, Sequence[LevelResult]]:
    return {model.name: [one for one in model.sweep if one.level.startswith(kind)] for model in record.models}


def _points(
    levels: Mapping[str, Sequence[LevelResult]],
    x: Callable[[LevelResult], float | None],
    y: Callable[[LevelResult], float | None],
) -> Mapping[str, Sequence[Point]]:
    pairs = {model: [(x(one), y(one)) for one in some] for model, some in levels.items()}
    return {model: [(a, b) for a, b in some if a is not None and b is not None] for model, some in pairs.items()}


def _flight(level: LevelResult) -> float:
    return level.concurrency


def _depth(level: LevelResult) -> float | None:
    return level.prompt_tokens


def _ttft(level: LevelResult) -> float | None:
    found = level.metrics.get("ttft_s")
    return found.p95 if found else None


def _total(level: LevelResult) -> float | None:
    return level.total_tokens_per_s


def _decode(level: LevelResult) -> float | None:
    found = level.metrics.get("decode_tokens_per_s")
    return found.mean if found else None


def _chart(title: str, across: str, up: str, unit: Unit, models: Mapping[str, Sequence[Point]]) -> Chart | None:
    if max(map(len, models.values()), default=0) < 2:
        return None
    x = Scale.over([at for some in models.values() for at, _ in some], across, "place", LEFT, RIGHT)
    y = Scale.over([value for some in models.values() for _, value in some], up, unit, BOTTOM, TOP, zero=True)
    marks = [*svg.x_axis(x, TOP, BOTTOM), *svg.y_axis(y, LEFT, RIGHT)]
    series = {model: place for place, model in enumerate(models) if models[model]}
    for model, place in series.items():
        xs, ys = x.at([at for at, _ in models[model]]), y.at([value for _, value in models[model]])
        marks += (svg.line(xs, ys, place, model), svg.shapes(xs, ys, place, model))
    said = "; ".join(
        f"{model}: {', '.join(f'{figure(value, unit)} at {at:,.0f}' for at, value in models[model])}"
        for model in series
    )
    reading = f"{up[0].upper()}{up[1:]} by {across}; a mark a level."
    return Chart(title=title, reading=reading, drawing=svg.svg(title, said, HEIGHT, marks), legend=series)
