"""A benchmark under way, as one frozen value of bounded size; ``folding`` makes it of the engine's events."""

from dataclasses import dataclass
from typing import Literal

from foundry_bench.values.events import Stage
from foundry_bench.values.record import HostStatus, ModelStatus, Phase

TAIL_CHARACTERS = 4096
LOG_LINES = 200
ROUNDS_KEPT = 120
TTFTS_KEPT = 200

Tone = Literal["plain", "good", "bad"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAnswer:
    """One of the concurrent requests, under way or, with ``done``, the last one there was.

    ``marks`` are (elapsed s, chunks) of the last second; ``text`` is the last ``TAIL_CHARACTERS`` characters of
    ``length``; ``serial`` tells a slot's answers apart.
    """

    slot: int
    prompt_id: str = ""
    phase: Phase = "measure"
    round: int = 0
    serial: int = 0
    text: str = ""
    length: int = 0
    chunks: int = 0
    elapsed_s: float = 0.0
    ttft_s: float | None = None
    marks: tuple[tuple[float, int], ...] = ()
    done: bool = False
    failed: bool = False

    @property
    def chunks_per_s_now(self) -> float | None:
        """Chunks over the last second; None before there are two, and once the answer is done."""
        if self.done or len(self.marks) < 2:
            return None
        (start_s, before), (end_s, after) = self.marks[0], self.marks[-1]
        return (after - before) / (end_s - start_s) if end_s > start_s else None

    @property
    def chunks_per_s_mean(self) -> float | None:
        """(chunks - 1) / (elapsed - TTFT); None under two chunks."""
        if self.ttft_s is None or self.chunks < 2 or self.elapsed_s <= self.ttft_s:
            return None
        return (self.chunks - 1) / (self.elapsed_s - self.ttft_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProgress:
    """How far one model has come; times are those given to ``fold``.

    Attributes:
        host: of a fleet, where it is measured; None where that is this machine.
        stage: None before its turn.
        fraction: of the stage, where it tells; the requests of a stage are counted by ``sent`` and ``to_send``.
        requests: measured requests that the plan has for a model.
        later: requests of the sweep that follows, ``swept`` those that are done.
        latencies: (sum in s, count) of each round's answers, the first of them of round ``first_round``.
        decode: (sum in tokens/s, count) over the answers so far.
        rested_at_s: since when it waits for its next turn; ``paused_s`` holds the waits that are over.
        status: None until it is finished.
    """

    name: str
    requests: int
    rounds: int
    host: str | None = None
    later: int = 0
    swept: int = 0
    stage: Stage | None = None
    fraction: float | None = None
    detail: str = ""
    device: str | None = None
    started_s: float | None = None
    stage_started_s: float = 0.0
    finished_s: float | None = None
    paused_s: float = 0.0
    rested_at_s: float | None = None
    sent: int = 0
    to_send: int = 0
    before: int = 0
    ok: int = 0
    failed: int = 0
    round: int = 0
    first_round: int = 1
    latencies: tuple[tuple[float, int], ...] = ()
    ttfts_s: tuple[float, ...] = ()
    decode: tuple[float, int] = (0.0, 0)
    rss_mb: float | None = None
    peak_mb: float | None = None
    cpu_percent: float | None = None
    status: ModelStatus | None = None
    message: str = ""

    @property
    def skipped(self) -> int:
        """Requests that were given up unsent."""
        return self.requests - self.before - self.ok - self.failed if self.status else 0

    @property
    def done(self) -> int:
        """Requests but the warm-up that are over, one way or another."""
        return self.before + self.ok + self.failed + self.swept

    @property
    def done_fraction(self) -> float:
        """Of its requests but the warm-up; 1 once it is finished."""
        return 1.0 if self.status else self.done / (self.requests + self.later)

    @property
    def round_latencies_s(self) -> tuple[float, ...]:
        """Mean latency of each round that has answers."""
        return tuple(total / count for total, count in self.latencies if count)

    @property
    def decode_tokens_per_s(self) -> float | None:
        """Mean over the answers so far; None before the first."""
        total, count = self.decode
        return total / count if count else None

    def ttft_s(self, quantile: float) -> float | None:
        """A quantile of the last ``TTFTS_KEPT`` TTFTs, between neighbours by the straight line."""
        if not self.ttfts_s:
            return None
        ordered = sorted(self.ttfts_s)
        place = quantile * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostProgress:
    """How a host of a fleet stands: ``message`` says why it ended badly, ``back`` that a lost one is there again."""

    name: str
    status: HostStatus = "waiting"
    message: str = ""
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line of the event log, safe to show; ``at_s`` since the start of the run."""

    at_s: float
    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole run; ``current`` is the name of the model in hand, ``paused_at_s`` None unless it is paused."""

    started_s: float
    models: tuple[ModelProgress, ...]
    current: str | None = None
    answers: tuple[LiveAnswer, ...] = ()
    log: tuple[LogLine, ...] = ()
    logged: int = 0
    paused_at_s: float | None = None
    hosts: tuple[HostProgress, ...] = ()

    @property
    def fraction(self) -> float:
        """Of all measured requests, each model weighing the same."""
        return sum(model.done_fraction for model in self.models) / max(1, len(self.models))

    @property
    def model(self) -> ModelProgress | None:
        """The model in hand, or the last one that was."""
        return next((model for model in self.models if model.name == self.current), None)

    def models_on(self, host: str) -> tuple[ModelProgress, ...]:
        """What a host of a fleet measures."""
        return tuple(model for model in self.models if model.host == host)
