"""What the charts of a run show, before they are drawn, and whether one can read whose mark is whose."""

from dataclasses import replace

import pytest

from factories import make_distribution, make_metrics, make_model, make_run, make_view
from foundry_bench.session.run_view import RunView
from foundry_bench.tui.drawn.results_plots import plots_of, quality_against_speed, speed_under_load, ttft_by_depth
from foundry_bench.tui.widgets.chart import draw, legend
from foundry_bench.values.plan import Sweep
from foundry_bench.values.quality import Quality, Source
from foundry_bench.values.result import Counts, LevelResult

MODELS = {
    "fast-and-poor": (90.0, 1.5),
    "slow-and-good": (20.0, 4.5),
    "slow-and-poor": (15.0, 1.0),
    "middle": (50.0, 3.0),
}


def rated(source: Source = "hand") -> RunView:
    models = tuple(
        make_model(name=name, metrics={**make_metrics(), "decode_tokens_per_s": make_distribution(speed, 1.0)})
        for name, (speed, _) in MODELS.items()
    )
    scores = {name: {"p": score} for name, (_, score) in MODELS.items()}
    return make_view(make_run(models=models), quality=Quality(source=source, scores=scores, prompts=("p",), lacking=()))


@pytest.mark.parametrize(("source", "axis"), [("hand", "score by hand"), ("judge", "score by judge")])
def test_quality_against_speed_with_the_front_of_those_that_none_beats(source: Source, axis: str) -> None:
    plot = quality_against_speed(rated(source))
    assert plot.y.name == axis
    points = {curve.label: (curve.xs.tolist(), curve.ys.tolist()) for curve in plot.curves}
    assert points.pop("Pareto front") == ([20.0, 50.0, 90.0], [4.5, 3.0, 1.5])
    assert points == {name: ([speed], [score]) for name, (speed, score) in MODELS.items()}


def test_without_ratings_it_says_what_is_missing() -> None:
    plot = quality_against_speed(make_view())
    assert not plot.drawable
    assert plot.empty.startswith("no answer is rated")


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("width", [56, 76])
def test_every_model_is_named_and_marked(width: int, *, ascii_only: bool) -> None:
    plot = quality_against_speed(rated())
    names = legend(plot, width, ("",), ascii_only=ascii_only)
    drawn = draw(plot, width, 12, ("",), ascii_only=ascii_only).plain
    said = "\n".join(line.plain for line in names)
    assert all(line.cell_len <= width for line in names)
    for mark, name in zip("ox+*" if ascii_only else "●▲■◆", MODELS, strict=True):
        assert f"{mark} {name}" in said
        assert mark in drawn


def level(name: str, concurrency: int, tokens: float | None, speed: float | None) -> LevelResult:
    return LevelResult(
        level=name,
        concurrency=concurrency,
        prompt_tokens=tokens,
        counts=Counts(ok=3),
        metrics=make_metrics(),
        total_tokens_per_s=speed,
        error=None,
    )


def test_a_sweep_has_charts_of_its_own() -> None:
    run = make_run()
    assert len(plots_of(make_view(run))) == 4
    swept = make_model(
        sweep=(
            level("concurrency=1", 1, 20.0, 100.0),
            level("concurrency=4", 4, 20.0, 150.0),
            level("concurrency=8", 8, 20.0, None),
            level("prompt_tokens=512", 1, 500.0, 90.0),
        )
    )
    plan = replace(run.plan, sweep=Sweep(concurrency=(1, 4, 8), prompt_tokens=(512,)))
    view = make_view(replace(run, plan=plan, models=(swept,)))
    assert plots_of(view)[4:] == (speed_under_load, ttft_by_depth)
    (load,), (depth,) = speed_under_load(view).curves, ttft_by_depth(view).curves
    assert (load.xs.tolist(), load.ys.tolist()) == ([1.0, 4.0], [100.0, 150.0])
    ttft = swept.metrics["ttft_s"]
    assert ttft
    assert (depth.xs.tolist(), depth.ys.tolist()) == ([500.0], [ttft.p95])
