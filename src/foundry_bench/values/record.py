"""One finished request, as a line of ``samples.jsonl`` holds it, and the small values that are told beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Phase = Literal["warmup", "measure", "sweep"]
Status = Literal["ok", "unverified", "error", "timeout", "cancelled"]
TokenSource = Literal["usage", "chunks", "none"]
Path = Literal["raw", "openai", "session", "adapter"]
ModelStatus = Literal["ok", "failed", "skipped", "partial"]
HostStatus = Literal["waiting", "running", "done", "failed", "lost", "stopped"]
Clock = Literal["kernel", "arrival"]
StopKind = Literal["rounds", "precision", "separated", "budget", "no_answers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why something did not work: a short machine-readable type and one line for a person."""

    type: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Why a model's rounds ended, and after which round."""

    kind: StopKind
    rounds: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Resident memory in MB of the process that holds the model; None where it can't be seen."""

    baseline_mb: float | None = None
    loaded_mb: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """What else went on while a request was measured.

    Attributes:
        lag_s: how late the worker's event loop was at worst.
        steal_percent: CPU time that the hypervisor gave to others, in percent of all cores.
        other_percent: CPU time of all other processes, in percent of all cores.
    """

    lag_s: float = 0.0
    steal_percent: float = 0.0
    other_percent: float = 0.0

    def or_worse(self, other: "Disturbance") -> "Disturbance":
        """The worse of the two, part by part."""
        return Disturbance(
            lag_s=max(self.lag_s, other.lag_s),
            steal_percent=max(self.steal_percent, other.steal_percent),
            other_percent=max(self.other_percent, other.other_percent),
        )

    @property
    def notable(self) -> bool:
        """Whether any part is worth a word."""
        return any(getattr(self, part) >= least for part, least in NOTABLE.items())


# From where on a part of a disturbance is worth a word: an idle desktop takes some percent, a tick comes a bit late.
NOTABLE: Mapping[str, float] = {"lag_s": 0.005, "steal_percent": 1.0, "other_percent": 10.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request and its answer.

    Every ``*_s`` field is an offset in seconds from ``sent_ns``, the monotonic clock
    (``time.perf_counter_ns`` of the worker) just before the request's first byte left.
    A figure that is undefined is None, never 0.

    Attributes:
        response_id: the server's own id of the answer.
        headers_s: arrival of the response's header.
        first_byte_s: arrival of the first byte of the body.
        ttft_s: first token of any kind; None without streaming.
        ttfa_s: first token of the answer, after the reasoning of a reasoning model.
        latency_s: end of the stream, or of the body without streaming.
        token_times_s: arrival of each content-bearing chunk, reasoning included, in order.
        shared_reads: indices into ``token_times_s`` of chunks that arrived in one read with the
            chunk before them: the gap before each is a lower bound, the one before the group an upper.
        first_chunk_tokens: tokens the first content-bearing chunk held: 1 where the counts agree,
            the mean per chunk where the server packs several into one (an estimate, then marked by
            the warning ``first_chunk_estimated``), None where tokens are not known.
        path: how the request travelled: our own transport, the ``openai`` client, a ChatSession,
            an adapter.
        clock: where arrivals were stamped: by the kernel, or on arrival in the worker.
        queued_s: time the request waited for its turn between its scheduling and ``sent_ns``, and where a server
            first refused it (429, 503) and asked to wait, that wait; the warning ``retried`` then marks it.
        text: the answer; ``reasoning`` what came before it.
        warnings: short names of what makes this sample less certain.
        disturbance: what else went on meanwhile; None where nothing notable did.
        level: of a sweep, such as ``concurrency=4`` or ``prompt_tokens=1024``.
        host: of a fleet, where it was measured; ``sent_ns`` is then by that host's clock.
    """

    model: str
    model_id: str
    prompt_id: str
    response_id: str | None
    phase: Phase
    round: int
    status: Status
    error: Failure | None
    sent_ns: int
    headers_s: float | None
    first_byte_s: float | None
    ttft_s: float | None
    ttfa_s: float | None
    latency_s: float | None
    token_times_s: tuple[float, ...]
    prompt_tokens: int | None
    completion_tokens: int | None
    token_source: TokenSource
    finish_reason: str | None
    text: str
    text_sha256: str
    reasoning: str = ""
    path: Path = "raw"
    clock: Clock = "arrival"
    first_chunk_tokens: float | None = None
    shared_reads: tuple[int, ...] = ()
    queued_s: float | None = None
    warnings: tuple[str, ...] = ()
    disturbance: Disturbance | None = None
    level: str | None = None
    host: str | None = None

    @property
    def counts(self) -> bool:
        """Whether its figures enter the metrics: it was answered, for certain or as far as can be told."""
        return self.status in {"ok", "unverified"}

    @property
    def measured(self) -> bool:
        """Whether its figures are the model's: not a warm-up, not failed, not by way of the ``openai`` client."""
        return self.phase == "measure" and self.counts and self.path != "openai"
