"""The charts of a run."""

from collections.abc import Callable, Sequence

import numpy as np

from foundry_bench.session.run_view import RunView
from foundry_bench.tui.drawn.plot import Axis, Curve, Plot
from foundry_bench.values.pareto import pareto_front
from foundry_bench.values.result import LevelResult


def latency_per_request(view: RunView) -> Plot:
    """Each request's latency, in the order in which they ended."""
    return Plot(
        title="Latency per request",
        x=Axis(name="request", unit="count", from_zero=False),
        y=Axis(name="latency", unit="s"),
        curves=[
            Curve.of(model, np.arange(1, traces.latency_s.size + 1), traces.latency_s, joined=True)
            for model, traces in view.traces.items()
        ],
    )


def distribution(view: RunView) -> Plot:
    """The share of the requests that took at most so long: where curves don't cross, one model is always faster."""
    curves = []
    for model, traces in view.traces.items():
        latency = np.sort(traces.latency_s[np.isfinite(traces.latency_s)])
        share = np.arange(1, latency.size + 1) / max(1, latency.size)
        curves.append(Curve.of(model, latency, share, joined=True))
    return Plot(
        title="Distribution of latency",
        x=Axis(name="latency at most", unit="s", from_zero=False),
        y=Axis(name="share of requests", unit="share"),
        curves=curves,
    )


def ttft_against_speed(view: RunView) -> Plot:
    """Each request's first-token time and decode speed: the upper left is better."""
    return Plot(
        title="TTFT against tokens/s",
        x=Axis(name="TTFT", unit="s"),
        y=Axis(name="tokens/s", unit="tokens/s"),
        curves=[Curve.of(model, traces.ttft_s, traces.decode_tokens_per_s) for model, traces in view.traces.items()],
        empty="without a stream there is no first-token time",
    )


def quality_against_speed(view: RunView) -> Plot:
    """Each model's mean rating and decode speed, and the front of those that no other beats in both."""
    points, quality = [], view.quality
    for model in view.record.models:
        decode, score = model.metrics.get("decode_tokens_per_s"), quality.mean(model.name) if quality else None
        if decode and score is not None:
            points.append((model.name, decode.mean, score))
    curves = [Curve.of(name, [speed], [score]) for name, speed, score in points]
    front = pareto_front([(speed, score) for _, speed, score in points])
    if len(front) > 1:
        curves.append(Curve.of("Pareto front", *zip(*front, strict=True), joined=True, marked=False))
    return Plot(
        title="Quality against speed",
        x=Axis(name="tokens/s", unit="tokens/s"),
        y=Axis(name=f"score {quality.words}" if quality else "score", unit="score", from_zero=False),
        curves=curves,
        empty="no answer is rated yet: g a to rate",
    )


def speed_under_load(view: RunView) -> Plot:
    """The tokens of all answers a second by the requests in flight, as a sweep found them."""
    return Plot(
        title="Speed under load",
        x=Axis(name="requests in flight", unit="count"),
        y=Axis(name="tokens/s of all answers", unit="tokens/s"),
        curves=_swept(view, "concurrency=", lambda one: (one.concurrency, one.total_tokens_per_s)),
    )


def ttft_by_depth(view: RunView) -> Plot:
    """The 95th percentile of the first-token time by the prompt's length, as a sweep found it."""
    return Plot(
        title="TTFT by prompt length",
        x=Axis(name="prompt tokens", unit="tokens"),
        y=Axis(name="TTFT p95", unit="s"),
        curves=_swept(view, "prompt_tokens=", _depth),
    )


def plots_of(view: RunView) -> Sequence[Callable[[RunView], Plot]]:
    """The charts that a run has something for; those of a sweep where there was one."""
    sweep = view.record.plan.sweep
    swept = ((sweep.concurrency, speed_under_load), (sweep.prompt_tokens, ttft_by_depth))
    return (*PLOTS, *(plot for levels, plot in swept if levels))


PLOTS = (latency_per_request, distribution, ttft_against_speed, quality_against_speed)

_Point = tuple[float | None, float | None]


def _depth(level: LevelResult) -> _Point:
    ttft = level.metrics.get("ttft_s")
    return level.prompt_tokens, ttft.p95 if ttft else None


def _swept(view: RunView, kind: str, point: Callable[[LevelResult], _Point]) -> list[Curve]:
    """A curve a model through its levels of one kind; a level without a figure is left out."""
    curves = []
    for model in view.record.models:
        found = [point(one) for one in model.sweep if one.level.startswith(kind)]
        points = [(x, y) for x, y in found if x is not None and y is not None]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        curves.append(Curve.of(model.name, xs, ys, joined=True))
    return curves
