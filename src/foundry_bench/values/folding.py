"""From the engine's events to the snapshot of a run: pure, and as cheap for the last token as for the first."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import singledispatch

from foundry_bench.values import metrics
from foundry_bench.values.events import (
    AnswerProgressed,
    Event,
    HostChanged,
    ModelDescribed,
    ModelFinished,
    ModelLoaded,
    Noted,
    RequestStarted,
    RoundsExpected,
    SampleFinished,
    StageProgressed,
    StageStarted,
    TurnFinished,
    TurnStarted,
    WorkerObserved,
)
from foundry_bench.values.fleet import HostRecord, hosts_plan, on_host, shares_of
from foundry_bench.values.format import megabytes, one_line, rate, seconds
from foundry_bench.values.plan import Plan
from foundry_bench.values.progress_counts import count
from foundry_bench.values.record import Sample
from foundry_bench.values.snapshot import (
    LOG_LINES,
    TAIL_CHARACTERS,
    HostProgress,
    LiveAnswer,
    LogLine,
    ModelProgress,
    Snapshot,
    Tone,
)
from foundry_bench.values.sweep import level_requests, sweep_levels

_MARKS_KEPT = 11  # at ten a second: the last second
_LINE_CHARACTERS = 300


def begin(plan: Plan, now_s: float, hosts: Sequence[HostRecord] = ()) -> Snapshot:
    """The snapshot of a run that starts now, on this machine or on each of ``hosts``, by its share of the load."""
    models = _waiting(plan)
    if hosts:
        shares = shares_of(plan, hosts)
        parts = ((host.name, _waiting(hosts_plan(plan, shares[host.name]))) for host in hosts)
        on_hosts = [[replace(one, name=on_host(one.name, host), host=host) for one in part] for host, part in parts]
        models = [one for same in zip(*on_hosts, strict=True) for one in same]
    told = tuple(HostProgress(name=host.name, status=host.status) for host in hosts)
    return Snapshot(started_s=now_s, models=tuple(models), hosts=told)


def _waiting(plan: Plan) -> list[ModelProgress]:
    later = sum(len(level_requests(plan, level)) for level in sweep_levels(plan))
    fresh = ModelProgress(name="", requests=plan.rounds * len(plan.prompts), rounds=plan.rounds, later=later)
    return [replace(fresh, name=name) for name in plan.models]


def paused(snapshot: Snapshot, now_s: float) -> Snapshot:
    """The run waits from now on."""
    return snapshot if snapshot.paused_at_s is not None else _log(replace(snapshot, paused_at_s=now_s), "paused", now_s)


def resumed(snapshot: Snapshot, now_s: float) -> Snapshot:
    """The run goes on; its wait enters no estimate."""
    if snapshot.paused_at_s is None:
        return snapshot
    waited_s = now_s - snapshot.paused_at_s
    going = replace(snapshot, paused_at_s=None)
    if snapshot.model and snapshot.model.rested_at_s is None:  # a rest ends with its next turn, and counts whole then
        going = _change(going, snapshot.model.name, lambda model: replace(model, paused_s=model.paused_s + waited_s))
    return _log(going, "resumed", now_s)


def fold(snapshot: Snapshot, event: Event, now_s: float) -> Snapshot:
    """The snapshot after ``event``, which was told at ``now_s``; the work depends on neither tokens nor samples."""
    return _fold(event, snapshot, now_s)


@singledispatch
def _fold(_event: object, snapshot: Snapshot, _now_s: float) -> Snapshot:
    return snapshot


@_fold.register
def _described(event: ModelDescribed, snapshot: Snapshot, _now_s: float) -> Snapshot:
    device = one_line(event.device or event.execution_provider or event.backend)
    return _change(snapshot, event.model, lambda model: replace(model, device=device))


@_fold.register
def _stage_started(event: StageStarted, snapshot: Snapshot, now_s: float) -> Snapshot:
    def enter(model: ModelProgress) -> ModelProgress:
        measuring = event.stage == "measure"
        return replace(
            model,
            stage=event.stage,
            fraction=None,
            detail="",
            started_s=now_s if model.started_s is None else model.started_s,
            stage_started_s=now_s,
            paused_s=0.0,
            rested_at_s=None,
            sent=0,
            to_send=event.requests,
            before=max(0, model.requests - event.requests) if measuring else model.before,
        )

    fresh = replace(snapshot, current=event.model, answers=() if event.stage == "start" else snapshot.answers)
    name = f"{event.model}: " if event.model != snapshot.current else ""
    return _log(_change(fresh, event.model, enter), f"{name}{event.stage}", now_s)


@_fold.register
def _stage_progressed(event: StageProgressed, snapshot: Snapshot, _now_s: float) -> Snapshot:
    detail = one_line(event.detail)[:_LINE_CHARACTERS]
    return _change(snapshot, event.model, lambda model: replace(model, fraction=event.fraction, detail=detail))


@_fold.register
def _loaded(event: ModelLoaded, snapshot: Snapshot, now_s: float) -> Snapshot:
    parts = [f"loaded in {seconds(event.load_s)}"] if event.load_s is not None else ["ready"]
    if event.cold_ttft_s is not None:
        parts.append(f"first token after {seconds(event.cold_ttft_s)}")
    return _log(snapshot, ", ".join(parts), now_s, "good")


@_fold.register
def _turn_started(event: TurnStarted, snapshot: Snapshot, now_s: float) -> Snapshot:
    def wake(model: ModelProgress) -> ModelProgress:
        rested_s = now_s - (model.rested_at_s if model.rested_at_s is not None else now_s)
        return replace(model, rested_at_s=None, paused_s=model.paused_s + rested_s)

    return _change(replace(snapshot, current=event.model), event.model, wake)


@_fold.register
def _turn_finished(event: TurnFinished, snapshot: Snapshot, now_s: float) -> Snapshot:
    return _change(snapshot, event.model, lambda model: replace(model, rested_at_s=now_s))


@_fold.register
def _rounds_expected(event: RoundsExpected, snapshot: Snapshot, _now_s: float) -> Snapshot:
    def expect(model: ModelProgress) -> ModelProgress:
        each = model.requests // model.rounds
        requests = max(event.rounds * each, model.before + model.ok + model.failed, 1)
        return replace(model, rounds=event.rounds, requests=requests)

    return _change(snapshot, event.model, expect)


@_fold.register
def _noted(event: Noted, snapshot: Snapshot, now_s: float) -> Snapshot:
    return _log(snapshot, event.message, now_s)


@_fold.register
def _host_changed(event: HostChanged, snapshot: Snapshot, _now_s: float) -> Snapshot:
    message = one_line(event.message)[:_LINE_CHARACTERS]
    told = HostProgress(name=event.host, status=event.status, message=message, back=event.back)
    return replace(snapshot, hosts=tuple(told if one.name == event.host else one for one in snapshot.hosts))


@_fold.register
def _request_started(event: RequestStarted, snapshot: Snapshot, _now_s: float) -> Snapshot:
    answer = LiveAnswer(
        slot=event.slot,
        prompt_id=event.prompt_id,
        phase=event.phase,
        round=event.round,
        serial=_answer(snapshot, event.slot).serial + 1,
    )
    known = _change(snapshot, event.model, lambda model: replace(model, round=max(event.round, 1)))
    return _with_answer(known, answer)


@_fold.register
def _answer_progressed(event: AnswerProgressed, snapshot: Snapshot, _now_s: float) -> Snapshot:
    answer = _answer(snapshot, event.slot)
    text = event.text[-TAIL_CHARACTERS:]
    return _with_answer(
        snapshot,
        replace(
            answer,
            text=(answer.text + text)[-TAIL_CHARACTERS:] if text else answer.text,
            length=answer.length + len(event.text),
            chunks=event.chunks,
            elapsed_s=event.elapsed_s,
            ttft_s=event.ttft_s,
            marks=(*answer.marks, (event.elapsed_s, event.chunks))[-_MARKS_KEPT:],
            done=False,
        ),
    )


@_fold.register
def _sample_finished(event: SampleFinished, snapshot: Snapshot, now_s: float) -> Snapshot:
    sample = event.sample
    answer = _answer(snapshot, event.slot)
    length = len(sample.reasoning) + len(sample.text)
    missing = (sample.reasoning[-TAIL_CHARACTERS:] + sample.text[-TAIL_CHARACTERS:])[-TAIL_CHARACTERS:]
    missing = missing[-(length - answer.length) :] if length > answer.length else ""
    ended = replace(
        answer,
        text=(answer.text + missing)[-TAIL_CHARACTERS:],
        length=max(length, answer.length),
        chunks=len(sample.token_times_s) or answer.chunks,
        elapsed_s=sample.latency_s or answer.elapsed_s,
        ttft_s=sample.ttft_s,
        done=True,
        failed=not sample.counts,
    )
    counted = _change(_with_answer(snapshot, ended), sample.model, lambda model: count(model, sample))
    text, tone = _told(sample)
    return _log(counted, text, now_s, tone)


@_fold.register
def _observed(event: WorkerObserved, snapshot: Snapshot, _now_s: float) -> Snapshot:
    def see(model: ModelProgress) -> ModelProgress:
        peak_mb = max(event.rss_mb, model.peak_mb or 0.0)
        return replace(model, rss_mb=event.rss_mb, peak_mb=peak_mb, cpu_percent=event.cpu_percent)

    return _change(snapshot, event.model, see)


@_fold.register
def _finished(event: ModelFinished, snapshot: Snapshot, now_s: float) -> Snapshot:
    why = one_line(f"{event.error.message if event.error else ''}{f' ({event.advice})' if event.advice else ''}")
    message = why[:_LINE_CHARACTERS]
    done = tuple(replace(answer, done=True) for answer in snapshot.answers)
    ended = replace(snapshot, current=event.model, answers=done)
    known = _change(
        ended,
        event.model,
        lambda model: replace(model, status=event.status, message=message, finished_s=now_s, cpu_percent=None),
    )
    peak = f"peak memory {megabytes(event.memory.peak_mb)}" if event.memory.peak_mb else ""
    parts = [part for part in (message, peak) if part]
    tone: Tone = "good" if event.status == "ok" else "bad"
    return _log(known, f"{event.status}: {'; '.join(parts) or event.model}", now_s, tone)


def _told(sample: Sample) -> tuple[str, Tone]:
    where = f"{sample.prompt_id}, {'warm-up' if sample.phase == 'warmup' else 'round'} {sample.round}"
    where = f"{sample.level}, {where}" if sample.level else where
    if not sample.counts:
        return f"{where}: {sample.status}: {sample.error.message if sample.error else ''}", "bad"
    parts = [f"TTFT {seconds(sample.ttft_s)}"] if sample.ttft_s is not None else []
    speed = metrics.decode_tokens_per_s(sample)
    parts += [rate(speed)] if speed is not None else []
    parts += [f"{sample.completion_tokens} tokens"] if sample.completion_tokens is not None else []
    return f"{where}: {', '.join(parts)}", "plain"


def _answer(snapshot: Snapshot, slot: int) -> LiveAnswer:
    return next((answer for answer in snapshot.answers if answer.slot == slot), LiveAnswer(slot=slot))


def _with_answer(snapshot: Snapshot, answer: LiveAnswer) -> Snapshot:
    others = [other for other in snapshot.answers if other.slot != answer.slot]
    return replace(snapshot, answers=tuple(sorted([*others, answer], key=lambda each: each.slot)))


def _change(snapshot: Snapshot, name: str, change: Callable[[ModelProgress], ModelProgress]) -> Snapshot:
    return replace(snapshot, models=tuple(change(model) if model.name == name else model for model in snapshot.models))


def _log(snapshot: Snapshot, text: str, now_s: float, tone: Tone = "plain") -> Snapshot:
    line = LogLine(at_s=now_s - snapshot.started_s, text=one_line(text)[:_LINE_CHARACTERS], tone=tone)
    return replace(snapshot, log=(*snapshot.log, line)[-LOG_LINES:], logged=snapshot.logged + 1)
