from collections.abc import Iterable

import pytest

from factories import make_failed_sample, make_plan, make_sample
from foundry_bench.values.eta import clock, model_eta_s, run_eta_s
from foundry_bench.values.events import (
    AnswerProgressed,
    Event,
    ModelDescribed,
    ModelFinished,
    ModelLoaded,
    RequestStarted,
    RoundsExpected,
    SampleFinished,
    StageProgressed,
    StageStarted,
    TurnFinished,
    TurnStarted,
    WorkerObserved,
)
from foundry_bench.values.folding import begin, fold, paused, resumed
from foundry_bench.values.record import Failure, Memory
from foundry_bench.values.snapshot import LOG_LINES, ROUNDS_KEPT, TAIL_CHARACTERS, TTFTS_KEPT, ModelProgress, Snapshot

MODEL, OTHER = "smollm2-135m", "phi-4-mini"
PLAN = make_plan()  # 2 models, 2 prompts, 3 rounds


def after(*timed: tuple[float, Event]) -> Snapshot:
    snapshot = begin(PLAN, 100.0)
    for now_s, event in timed:
        snapshot = fold(snapshot, event, now_s)
    return snapshot


def first(snapshot: Snapshot) -> ModelProgress:
    return snapshot.models[0]


def stage(name: str, requests: int = 0) -> StageStarted:
    return StageStarted(model=MODEL, stage=name, requests=requests)  # type: ignore[arg-type] # a name is enough


def progressed(text: str, chunks: int, elapsed_s: float) -> AnswerProgressed:
    return AnswerProgressed(
        model=MODEL, slot=0, text=text, chunks=chunks, elapsed_s=elapsed_s, ttft_s=0.1 if chunks else None
    )


def finished(**changes: object) -> SampleFinished:
    return SampleFinished(slot=0, sample=make_sample(model=MODEL, **changes))


def measured(rounds: Iterable[int]) -> list[tuple[float, Event]]:
    return [(101.0 + number, finished(round=number)) for number in rounds]


def test_at_the_start_all_models_wait() -> None:
    snapshot = begin(PLAN, 100.0)
    assert [(model.name, model.requests, model.stage) for model in snapshot.models] == [
        (MODEL, 6, None),
        (OTHER, 6, None),
    ]
    assert snapshot.fraction == 0
    assert run_eta_s(snapshot, 105.0) is None


def test_stages_tell_where_a_model_is() -> None:
    snapshot = after(
        (101.0, stage("start")),
        (102.0, stage("download")),
        (104.0, StageProgressed(model=MODEL, stage="download", fraction=0.25, detail="3 MB/s")),
    )
    model = first(snapshot)
    assert (model.stage, model.fraction, model.detail, model.started_s) == ("download", 0.25, "3 MB/s", 101.0)
    assert model_eta_s(model, 104.0) == pytest.approx(6.0)
    assert snapshot.current == MODEL


def test_an_answer_grows_and_its_speed_is_told() -> None:
    snapshot = after(
        (101.0, RequestStarted(model=MODEL, slot=0, prompt_id="benefits", phase="measure", round=2)),
        (101.1, progressed("Local ", 2, 0.2)),
        (101.2, progressed("models", 6, 0.4)),
    )
    (answer,) = snapshot.answers
    assert (answer.prompt_id, answer.round, answer.text, answer.length) == ("benefits", 2, "Local models", 12)
    assert answer.chunks_per_s_now == pytest.approx(20)
    assert answer.chunks_per_s_mean == pytest.approx(5 / 0.3)
    ended = fold(snapshot, finished(text="Local models win."), 101.3).answers[0]
    assert (ended.text, ended.done, ended.chunks_per_s_now) == ("Local models win.", True, None)


def test_what_is_kept_of_a_text_is_bounded() -> None:
    snapshot = after((101.0, progressed("x" * 1_000_000, 1, 0.2)), (101.1, progressed("end", 2, 0.3)))
    (answer,) = snapshot.answers
    assert len(answer.text) == TAIL_CHARACTERS
    assert answer.text.endswith("xend")
    assert answer.length == 1_000_003


def test_counts_rounds_and_speeds() -> None:
    snapshot = after(
        (101.0, stage("measure", 6)),
        (102.0, finished(round=1, latency_s=0.2)),
        (103.0, finished(round=1, latency_s=0.4)),
        (104.0, finished(round=3, latency_s=0.9)),
        (105.0, finished(round=2, phase="warmup")),
        (106.0, finished(round=2, path="openai")),
        (107.0, SampleFinished(slot=0, sample=make_failed_sample(model=MODEL, round=2))),
    )
    model = first(snapshot)
    assert (model.ok, model.failed, model.skipped) == (3, 1, 0)
    assert model.round_latencies_s == pytest.approx((0.3, 0.9))
    assert model.ttft_s(0.5) == pytest.approx(0.1)
    assert model.decode_tokens_per_s == pytest.approx(50)
    assert "connection refused" in snapshot.log[-1].text
    assert snapshot.log[-1].tone == "bad"


@pytest.mark.parametrize(("quantile", "value"), [(0, 0.1), (0.5, 0.25), (1, 0.4), (0.95, 0.385)])
def test_quantiles_lie_between_neighbours(quantile: float, value: float) -> None:
    times: list[tuple[float, Event]] = [(101.0, finished(ttft_s=ttft)) for ttft in (0.4, 0.1, 0.3, 0.2)]
    assert first(after(*times)).ttft_s(quantile) == pytest.approx(value)


def test_memory_is_bounded_however_long_it_runs() -> None:
    snapshot = after(*measured(range(1, 1001)))
    model = first(snapshot)
    assert len(snapshot.log) == LOG_LINES
    assert snapshot.logged == 1000
    assert len(model.latencies) == ROUNDS_KEPT
    assert model.first_round == 1001 - ROUNDS_KEPT
    assert len(model.ttfts_s) == TTFTS_KEPT
    late = fold(snapshot, finished(round=5), 2000.0)
    assert first(late).latencies == model.latencies


def test_a_resumed_run_counts_what_was_there() -> None:
    model = first(after((101.0, stage("measure", 2)), (102.0, finished(round=3))))
    assert (model.before, model.ok) == (4, 1)
    assert model.done_fraction == pytest.approx(5 / 6)


def test_the_end_of_a_model() -> None:
    error = Failure(type="worker_died", message="its process was ended by SIGKILL")
    snapshot = after(
        (101.0, stage("start")),
        (102.0, WorkerObserved(model=MODEL, rss_mb=300.0, cpu_percent=150.0)),
        (103.0, WorkerObserved(model=MODEL, rss_mb=200.0, cpu_percent=50.0)),
        (104.0, ModelFinished(model=MODEL, status="failed", error=error, advice="less", memory=Memory(peak_mb=310.0))),
    )
    model = first(snapshot)
    assert (model.status, model.skipped, model.rss_mb, model.peak_mb) == ("failed", 6, 200.0, 300.0)
    assert model.message == "its process was ended by SIGKILL (less)"
    assert snapshot.fraction == 0.5
    assert snapshot.log[-1].text == "failed: its process was ended by SIGKILL (less); peak memory 310 MB"


def test_what_others_say_is_made_safe() -> None:
    snapshot = after(
        (101.0, ModelDescribed(model=MODEL, id="x", backend="foundry", device="\x1b[31mCPU\n")),
        (102.0, StageProgressed(model=MODEL, stage="load", fraction=None, detail="\x1b]52;c;AAAA\x07ok")),
        (103.0, ModelLoaded(model=MODEL, load_s=0.7, cold_ttft_s=0.08)),
    )
    assert (first(snapshot).device, first(snapshot).detail) == ("CPU", "ok")
    assert snapshot.log[-1].text == "loaded in 700 ms, first token after 80.0 ms"


def test_a_pause_enters_no_estimate() -> None:
    snapshot = after((100.0, stage("start")), (100.0, stage("measure", 6)), (102.0, finished(round=1)))
    assert model_eta_s(first(snapshot), 102.0) == pytest.approx(10.0)
    waiting = paused(snapshot, 102.0)
    assert model_eta_s(first(waiting), 500.0, paused_at_s=waiting.paused_at_s) == pytest.approx(10.0)
    going = resumed(waiting, 500.0)
    assert model_eta_s(first(going), 500.0) == pytest.approx(10.0)
    assert resumed(going, 501.0) is going
    assert paused(waiting, 501.0) is waiting
    assert [line.text for line in going.log[-2:]] == ["paused", "resumed"]


def test_models_that_wait_take_as_long_as_those_before() -> None:
    snapshot = after((100.0, stage("start")), (104.0, stage("measure", 6)), (106.0, finished(round=1)))
    # 10 s are left of this model, which then has taken 16; the other one takes as long.
    assert run_eta_s(snapshot, 106.0) == pytest.approx(10.0 + 16.0)
    ended = fold(snapshot, ModelFinished(model=MODEL, status="ok"), 116.0)
    assert run_eta_s(ended, 116.0) == pytest.approx(16.0)


@pytest.mark.parametrize(
    ("value_s", "text"), [(None, "\N{EN DASH}"), (0, "0:00"), (59.6, "1:00"), (725, "12:05"), (3723, "1:02:03")]
)
def test_times_as_a_clock_shows_them(value_s: float | None, text: str) -> None:
    assert clock(value_s) == text


def test_a_rest_between_turns_enters_no_estimate() -> None:
    one, other = MODEL, "other"
    snapshot = begin(make_plan(models=(one, other), rounds=2), 0.0)
    for at_s, event in (
        (0.0, StageStarted(model=one, stage="warmup", requests=1)),
        (1.0, TurnFinished(model=one, round=0)),
        (1.0, StageStarted(model=other, stage="warmup", requests=1)),
        (2.0, TurnFinished(model=other, round=0)),
        (2.0, TurnStarted(model=one)),
        (2.0, StageStarted(model=one, stage="measure", requests=4)),
        (4.0, SampleFinished(slot=0, sample=make_sample(model=one))),
        (6.0, SampleFinished(slot=0, sample=make_sample(model=one))),
        (6.0, TurnFinished(model=one, round=1)),
        (6.0, TurnStarted(model=other)),
        (6.0, StageStarted(model=other, stage="measure", requests=4)),
        (7.0, SampleFinished(slot=0, sample=make_sample(model=other))),
    ):
        snapshot = fold(snapshot, event, at_s)
    assert snapshot.current == other
    assert [model_eta_s(model, 7.0) for model in snapshot.models] == [pytest.approx(4.0), pytest.approx(3.0)]
    assert run_eta_s(snapshot, 7.0) == pytest.approx(7.0)
    snapshot = fold(fold(snapshot, TurnFinished(model=other, round=1), 8.0), TurnStarted(model=one), 9.0)
    assert model_eta_s(snapshot.models[0], 10.0) == pytest.approx(5.0)
    fewer = fold(snapshot, RoundsExpected(model=one, rounds=1), 10.0)
    assert (fewer.models[0].rounds, fewer.models[0].requests, fewer.models[0].done_fraction) == (1, 2, 1.0)
