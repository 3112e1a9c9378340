"""The charts of a report: what of a run each one shows."""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from foundry_bench.session import svg
from foundry_bench.session.run_view import RunView, Traces
from foundry_bench.session.svg import Scale
from foundry_bench.session.trends import TRENDS, Moment, Trend
from foundry_bench.values.format import figure, mean_with_interval, seconds
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.pareto import pareto_front
from foundry_bench.values.stats import Distribution, Floats

LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 48, svg.WIDTH - 10, 24, 204, 240
# A band of a model: as high as room allows.
_BAND, _HIGHEST_BAND = 38, 80
# More points than pixels add nothing; a chart shares this many among its models.
_POINTS = 2_400
_ENDS = 3
# Two chunks in one read are 0 apart, which has no logarithm; nothing under this is told apart.
_FINEST_S = 1e-5
_CURVE = 201
_MOST_LABELS = 8
_SOME = " Of many requests every so many are drawn, with the extremes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing, how to read it, and the series of each model in its legend; none where the drawing names them."""

    title: str
    reading: str
    drawing: str
    legend: Mapping[str, int] = field(default_factory=dict)


def run_charts(view: RunView) -> list[Chart]:
    """The charts of one run; those that have nothing to show are left out."""
    series = {model.name: place for place, model in enumerate(view.record.models) if model.name in view.traces}
    drawn = (_latency(view, series), _ttft(view, series), _gaps(view, series), _speed(view, series))
    return [chart for chart in drawn if chart]


def trend_charts(trends: Sequence[Trend]) -> list[Chart]:
    """A chart a metric: the means of each model over the runs."""
    return [chart for name in TRENDS if trends and (chart := _trend(trends, name))]


def _latency(view: RunView, series: Mapping[str, int]) -> Chart | None:
    some = {model: _finite(view.traces[model].latency_s) for model in series}
    some = {model: values for model, values in some.items() if values.size}
    if not some:
        return None
    band = min(max(_BAND, (BOTTOM - 8) // len(some)), _HIGHEST_BAND)
    bottom, each = 8 + band * len(some), _POINTS // len(some)
    scale = Scale.over(np.concatenate(list(some.values())), "latency", "s", 8, RIGHT)
    marks = list(svg.x_axis(scale, 6, bottom))
    for place, (model, values) in enumerate(some.items()):
        top, middle = 8 + band * place, float(np.median(values))
        kept = _thinned(values, each)
        ys = top + 17 + kept / max(1, values.size - 1) * (band - 24)
        at = float(scale.at(middle))
        label = f"{model}, median {figure(middle, 's')}"
        marks += (svg.dots(scale.at(values[kept]), ys, series[model], label), svg.text(8, top + 10, model))
        marks.append(svg.bars([(at, top + 13, at, top + band - 3)], series[model]))
    return Chart(
        title="Latency of each request",
        reading="A dot a request, from the first (top of a band) to the last; the line is the median."
        f"{_SOME if max(map(len, some.values())) > each else ''}",
        drawing=svg.svg("Latency of each request", _said(view, series, "latency_s"), bottom + 36, marks),
    )


def _ttft(view: RunView, series: Mapping[str, int]) -> Chart | None:
    title, curves = "Time to first token", {model: np.sort(_finite(view.traces[model].ttft_s)) for model in series}
    reading = "The share of requests whose first token came within a time: further left is faster, steeper is steadier."
    drawing = _shares(title, "TTFT", curves, series, _said(view, series, "ttft_s"))
    return Chart(title=title, reading=reading, drawing=drawing, legend=series) if drawing else None


def _gaps(view: RunView, series: Mapping[str, int]) -> Chart | None:
    title, curves = "Gaps between tokens", {model: view.traces[model].itl_quantiles_s for model in series}
    reading = "The share of gaps between chunks that took at most so long: further left is faster, steeper is steadier."
    if any(values.size and values[0] < _FINEST_S for values in curves.values()):
        reading += f" What took less than {seconds(_FINEST_S)} is drawn there."
    drawing = _shares(title, "gap", curves, series, _said(view, series, "itl_s"))
    return Chart(title=title, reading=reading, drawing=drawing, legend=series) if drawing else None


def _shares(title: str, name: str, curves: Mapping[str, Floats], series: Mapping[str, int], said: str) -> str | None:
    """What share of the values is at most so large; ``curves`` are sorted values."""
    curves = {model: np.maximum(values, _FINEST_S) for model, values in curves.items() if values.size > 1}
    if not curves:
        return None
    x = Scale.over(np.concatenate(list(curves.values())), name, "s", LEFT, RIGHT)
    y = Scale(name="share", unit="share", low=0, high=1, start=BOTTOM, end=TOP)
    marks = [*svg.x_axis(x, TOP, BOTTOM), *svg.y_axis(y, LEFT, RIGHT)]
    for model, values in curves.items():
        xs, shares = _steps(values)
        marks.append(svg.line(x.at(xs), y.at(shares), series[model], model))
        quartiles = np.array([0.25, 0.5, 0.75])
        marked = np.quantile(values, quartiles, method="inverted_cdf")
        marks.append(svg.shapes(x.at(marked), y.at(quartiles), series[model], model))
    return svg.svg(title, said, HEIGHT, marks)


def _steps(values: Floats) -> tuple[Floats, Floats]:
    """The corners of the distribution function of sorted values: it rises at each of them, and nowhere else."""
    kept = np.unique(np.linspace(0, values.size - 1, min(values.size, _CURVE)).astype(int))
    shares = np.repeat((kept + 1) / values.size, 2)
    return np.repeat(values[kept], 2), np.concatenate([[0.0], shares[:-1]])


def _speed(view: RunView, series: Mapping[str, int]) -> Chart | None:
    known = {
        model.name: (ttft, decode)
        for model in view.record.models
        if model.name in series
        and (ttft := model.metrics.get("ttft_s"))
        and (decode := model.metrics.get("decode_tokens_per_s"))
    }
    if not known:
        return None
    each = _POINTS // (4 * len(known))
    points = {model: _pairs(view.traces[model], each) for model in known}
    some = _SOME if max(view.traces[model].rounds.size for model in known) > each else ""
    joined = " The dashed line joins the models that no other beats in both."
    x = Scale.over([one for xs, _ in points.values() for one in xs], "TTFT", "s", LEFT, RIGHT)
    y = Scale.over(
        [one for _, ys in points.values() for one in ys],
        "decode speed",
        "tokens/s",
        BOTTOM,
        TOP,
        log=False,
    )
    marks = [*svg.x_axis(x, TOP, BOTTOM), *svg.y_axis(y, LEFT, RIGHT)]
    marks += (svg.shapes(x.at(xs), y.at(ys), series[model], model, style="faint") for model, (xs, ys) in points.items())
    # Sooner is better: a front wants both coordinates to be better the higher they are.
    front = pareto_front([(-ttft.mean, decode.mean) for ttft, decode in known.values()])
    if len(front) > 1:
        xs, ys = np.array(front).T
        marks.append(svg.outline(x.at(-xs), y.at(ys), "Pareto front: no other model is better in both"))
    for model, (ttft, decode) in known.items():
        marks.append(_cross(x, y, ttft, decode, series[model]))
        said = f"{model}: {mean_with_interval(ttft, 's')}, {mean_with_interval(decode, 'tokens/s')}"
        marks.append(svg.large_shape(float(x.at(ttft.mean)), float(y.at(decode.mean)), series[model], said))
    if len(known) <= _MOST_LABELS:
        places = {model: (float(x.at(one.mean)), float(y.at(two.mean))) for model, (one, two) in known.items()}
        marks += _labels(places)
    title = "Time to first token against decode speed"
    said = f"{_said(view, known, 'ttft_s')}. {_said(view, known, 'decode_tokens_per_s')}"
    return Chart(
        title=title,
        reading="Small marks are requests, large ones the models' means with their 95 % intervals; upper left is "
        f"better.{joined if len(front) > 1 else ''}{some}",
        drawing=svg.svg(title, said, HEIGHT, marks),
        legend=series,
    )


def _trend(trends: Sequence[Trend], name: str) -> Chart | None:
    metric = METRICS[name]
    known = {
        trend.model: [(one, found) for one in trend.moments if (found := one.metrics.get(name))] for trend in trends
    }
    ends = [end for some in known.values() for _, found in some for end in (found.mean, *(found.ci95_mean or ()))]
    if not ends:
        return None
    moments = sorted({(one.created, one.run): one for trend in trends for one in trend.moments}.items())
    order = {key: place for place, (key, _) in enumerate(moments)}
    x = Scale(name="run", unit="place", low=-0.5, high=len(order) - 0.5, start=LEFT, end=RIGHT)
    y = Scale.over(ends, f"mean {metric.label}", metric.unit, BOTTOM, TOP, zero=True)
    marks = [*svg.vertical_ticks(_dates([one for _, one in moments]), x, TOP, BOTTOM), *svg.y_axis(y, LEFT, RIGHT)]
    marks.append(svg.text((LEFT + RIGHT) / 2, BOTTOM + 29, "run (UTC)", anchor="middle", style="name"))
    for place, (model, some) in enumerate(known.items()):
        aside = 0.3 * ((place + 0.5) / len(known) - 0.5)
        xs = x.at([order[one.created, one.run] + aside for one, _ in some])
        ys = y.at([found.mean for _, found in some])
        intervals = zip(xs.tolist(), (y.at(found.ci95_mean or (found.mean,) * 2) for _, found in some), strict=True)
        marks.append(svg.line(xs, ys, place, model))
        marks.append(svg.bars(((at, low, at, high) for at, (low, high) in intervals), place))
        marks.append(svg.shapes(xs, ys, place, model))
    title = f"{metric.label} over the runs"
    said = "; ".join(
        f"{model}: {', '.join(mean_with_interval(found, metric.unit) for _, found in some)}"
        for model, some in known.items()
    )
    return Chart(
        title=title,
        reading=f"Means with their 95 % intervals, run after run; {metric.better} is better.",
        drawing=svg.svg(title, said, HEIGHT, marks),
        legend={model: place for place, model in enumerate(known)},
    )


def _dates(moments: Sequence[Moment]) -> Iterator[tuple[float, str]]:
    """A few dates at their runs; hours where all are of one day."""
    one_day = len({moment.created.date() for moment in moments}) == 1
    step = -(-len(moments) // 5)
    for place in range(0, len(moments), step):
        created = moments[place].created
        yield float(place), f"{created:%H:%M}" if one_day else f"{created:%Y-%m-%d}"


def _cross(x: Scale, y: Scale, across: Distribution, up: Distribution, series: int) -> str:
    left, right = x.at(across.ci95_mean or (across.mean,) * 2).tolist()
    low, high = y.at(up.ci95_mean or (up.mean,) * 2).tolist()
    middle, level = float(x.at(across.mean)), float(y.at(up.mean))
    return svg.bars([(left, level, right, level), (middle, low, middle, high)], series)


def _labels(places: Mapping[str, tuple[float, float]]) -> Iterator[str]:
    """Names beside points, pushed apart where they would meet."""
    free = float(TOP)
    for model, (x, y) in sorted(places.items(), key=lambda item: item[1][1]):
        level = max(y - 6, free)
        free = level + 12
        late = x > (LEFT + RIGHT) / 2
        yield svg.text(x - 8 if late else x + 8, level, model, anchor="end" if late else "start", style="halo")


def _pairs(traces: Traces, most: int) -> tuple[Floats, Floats]:
    both = np.isfinite(traces.ttft_s) & np.isfinite(traces.decode_tokens_per_s)
    xs, ys = traces.ttft_s[both], traces.decode_tokens_per_s[both]
    kept = np.union1d(_thinned(xs, most), _thinned(ys, most)) if xs.size else np.empty(0, int)
    return xs[kept], ys[kept]


def _thinned(values: Floats, most: int) -> NDArray[np.int64]:
    """Indices of at most about ``most`` values: every so many, which keeps their density, and the extremes."""
    if values.size <= most:
        return np.arange(values.size)
    order = np.argsort(values)
    return np.unique(
        np.concatenate([np.arange(0, values.size, -(-values.size // most)), order[:_ENDS], order[-_ENDS:]])
    )


def _finite(values: Floats) -> Floats:
    return values[np.isfinite(values)]


def _said(view: RunView, models: Container[str], metric: str) -> str:
    """What the drawing shows, for those who can't see it."""
    known = {model.name: model.metrics.get(metric) for model in view.record.models if model.name in models}
    unit = METRICS[metric].unit
    words = [f"{model} {figure(one.p50, unit)} and {figure(one.p95, unit)}" for model, one in known.items() if one]
    return f"{METRICS[metric].label}, median and 95th percentile: {'; '.join(words)}"
