"""The charts of a run."""

from collections.abc import Callable, Mapping

import numpy as np

from foundry_bench.session.run_view import RunView
from foundry_bench.tui.widgets.plot import Axis, Curve, Plot
from foundry_bench.values.pareto import pareto_front


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
        curves.append(Curve.of("Pareto front", *zip(*front, strict=True), joined=True))
    return Plot(
        title="Quality against speed",
        x=Axis(name="tokens/s", unit="tokens/s"),
        y=Axis(name=f"score {quality.words}" if quality else "score", unit="score", from_zero=False),
        curves=curves,
        empty="no answer is rated yet: g a to rate",
    )


PLOTS: Mapping[str, Callable[[RunView], Plot]] = {
    "latency": latency_per_request,
    "distribution": distribution,
    "ttft": ttft_against_speed,
    "quality": quality_against_speed,
}
