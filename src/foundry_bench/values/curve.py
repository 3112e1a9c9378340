"""From the samples of a sweep to a result for each level."""

from collections import Counter
from collections.abc import Iterable

from foundry_bench.values.columns import Columns, describe_all
from foundry_bench.values.plan import Plan
from foundry_bench.values.record import Failure, Sample
from foundry_bench.values.result import Counts, LevelResult
from foundry_bench.values.sweep import Level, sweep_levels


class Curve:
    """Takes the samples of one model as they finish, and tells what each level of the plan's sweep amounts to."""

    def __init__(self, plan: Plan) -> None:
        own = [Level(concurrency=plan.concurrency)] if plan.sweep.concurrency else []
        self._own = own[0].name if own else None
        levels = sorted([*own, *sweep_levels(plan)], key=lambda level: (level.prompt_tokens or 0, level.concurrency))
        self._points = {level.name: _Point(level) for level in levels}

    def add(self, sample: Sample) -> None:
        """Take one sample in; O(its gaps)."""
        name = sample.level if sample.phase == "sweep" else self._own if sample.phase == "measure" else None
        if sample.path != "openai" and (point := self._points.get(name or "")):
            point.add(sample)

    def result(self) -> tuple[LevelResult, ...]:
        """The levels that were begun, lowest first."""
        return tuple(point.result() for point in self._points.values() if point.begun)


class _Point:
    """The answers of one level."""

    def __init__(self, level: Level) -> None:
        self._level = level
        self._columns = Columns()
        self._statuses = Counter[str]()
        self._failure: Failure | None = None
        self._spans: list[tuple[float, float]] = []
        self._prompt_tokens: list[int] = []
        self._tokens: int | None = 0

    @property
    def begun(self) -> bool:
        return bool(self._statuses)

    def add(self, sample: Sample) -> None:
        self._statuses[sample.status] += 1
        if not sample.counts:
            self._failure = self._failure or sample.error
            return
        self._columns.add(sample)
        if sample.prompt_tokens is not None:
            self._prompt_tokens.append(sample.prompt_tokens)
        known = self._tokens is not None and sample.completion_tokens is not None
        self._tokens = (self._tokens or 0) + (sample.completion_tokens or 0) if known else None
        if sample.latency_s is not None:
            self._spans.append((sample.sent_ns / 1e9, sample.sent_ns / 1e9 + sample.latency_s))

    def result(self) -> LevelResult:
        busy_s, counted = busy(self._spans), self._prompt_tokens
        return LevelResult(
            level=self._level.name,
            concurrency=self._level.concurrency,
            prompt_tokens=sum(counted) / len(counted) if counted else None,
            counts=Counts(**self._statuses),
            metrics=describe_all([self._columns]),
            total_tokens_per_s=self._tokens / busy_s if self._tokens and busy_s else None,
            error=self._failure,
        )


def busy(spans: Iterable[tuple[float, float]]) -> float:
    """The time that is covered by one span or several; seconds."""
    total_s, reached = 0.0, float("-inf")
    for begin, end in sorted(spans):
        total_s += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total_s
