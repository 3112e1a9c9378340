from dataclasses import replace

import pytest

from factories import make_plan, make_sample
from foundry_bench.tui.display import ASCII, UNICODE
from foundry_bench.tui.drawn.progress_lines import Board, bar, progress_lines
from foundry_bench.tui.widgets.answers import grid_of
from foundry_bench.values.events import Event, ModelFinished, SampleFinished, StageStarted, WorkerObserved
from foundry_bench.values.folding import begin, fold
from foundry_bench.values.record import Failure
from foundry_bench.values.snapshot import Snapshot
from foundry_bench.values.spark import spark

MODELS = ("smollm2-135m", "phi-4-mini", "qwen2.5-0.5b")
BOARD = Board(now_s=130.0, width=72, height=9, glyphs=UNICODE, memory_mb=16000.0)


def under_way() -> Snapshot:
    snapshot = begin(make_plan(models=MODELS), 100.0)
    events: list[Event] = [
        StageStarted(model=MODELS[0], stage="start"),
        ModelFinished(model=MODELS[0], status="failed", error=Failure(type="x", message="no such model")),
        StageStarted(model=MODELS[1], stage="start"),
        StageStarted(model=MODELS[1], stage="measure", requests=6),
        WorkerObserved(model=MODELS[1], rss_mb=4000.0, cpu_percent=180.0),
        *(SampleFinished(slot=0, sample=make_sample(model=MODELS[1], round=n, latency_s=n / 10)) for n in (1, 2, 3)),
    ]
    for second, event in enumerate(events):
        snapshot = fold(snapshot, event, 100.0 + second)
    return snapshot


def test_why_a_model_failed_is_told_whole_where_it_is_narrow() -> None:
    why = "its process was ended by SIGKILL; most often the system does that when memory runs out, see its log"
    snapshot = under_way()
    snapshot = fold(
        snapshot, ModelFinished(model=MODELS[1], status="failed", error=Failure(type="x", message=why)), 120.0
    )
    lines = [line.plain for line in progress_lines(snapshot, replace(BOARD, width=58))]
    assert len(lines) == 8
    assert " ".join(line.strip() for line in lines[-2:]) == why


def test_of_a_run_that_broke_off_no_time_is_told() -> None:
    snapshot = begin(make_plan(models=MODELS), 100.0)
    assert progress_lines(snapshot, replace(BOARD, over=True))[0].plain.rstrip().endswith(" 0%")


def test_all_that_is_to_be_seen() -> None:
    assert [line.plain for line in progress_lines(under_way(), BOARD)] == [
        "  1/3 models         ━━━━━━━━────────  50%  0:30 elapsed  ETA 1:22",
        "✗ smollm2-135m       ────────────────   0%  failed, 0:01  no such model",
        "▸ phi-4-mini         ━━━━━━━━────────  50%  measuring  ETA 0:27",
        "· qwen2.5-0.5b       ────────────────       waiting",
        "  ok 3 of 6   failed 0   skipped 0",
        "  50.0 tok/s   TTFT p50 100 ms p95 100 ms",
        f"  latency by round {spark([0.1, 0.2, 0.3], UNICODE.sparks)} 300 ms",
        "  memory ━━────── 4.00 GB   CPU 180 %",
    ]


def test_ascii() -> None:
    lines = progress_lines(under_way(), replace(BOARD, glyphs=ASCII))
    assert all(line.plain.isascii() for line in lines)


@pytest.mark.parametrize("height", [1, 3, 6, 9])
def test_as_many_lines_as_fit(height: int) -> None:
    assert len(progress_lines(under_way(), replace(BOARD, height=height))) <= height


@pytest.mark.parametrize(
    ("fraction", "drawn"), [(-1, "────"), (0, "────"), (0.125, "╸───"), (0.5, "━━──"), (1, "━━━━"), (7, "━━━━")]
)
def test_a_bar_goes_in_half_steps(fraction: float, drawn: str) -> None:
    assert bar(fraction, UNICODE, 4).plain == drawn


@pytest.mark.parametrize(
    ("count", "width", "height", "grid"),
    [
        (1, 120, 40, (1, 1)),
        (2, 76, 10, (2, 1)),
        (4, 56, 30, (1, 4)),
        (4, 120, 40, (2, 2)),
        (16, 200, 60, (4, 4)),
        (16, 58, 8, (1, 1)),
    ],
)
def test_panes_are_split_as_far_as_they_can_be_read(count: int, width: int, height: int, grid: tuple[int, int]) -> None:
    assert grid_of(count, width, height) == grid
