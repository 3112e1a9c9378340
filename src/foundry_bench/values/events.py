"""What happened, as facts in the past tense: the worker tells them, the session records and passes them on."""

from dataclasses import dataclass, field
from typing import Literal

from foundry_bench.values.fit import Verdict
from foundry_bench.values.record import Failure, HostStatus, Memory, ModelStatus, Phase, Sample
from foundry_bench.values.service import Service
from foundry_bench.values.telemetry import Telemetry

Stage = Literal["calibrate", "start", "catalog", "download", "load", "canary", "warmup", "measure", "sweep", "unload"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One variant of a model, as the catalog or the disk describes it. Sizes in MB, context in tokens."""

    id: str
    alias: str
    name: str
    version: int | None = None
    device: str | None = None
    execution_provider: str | None = None
    size_mb: float | None = None
    quantization: str | None = None
    license: str | None = None
    task: str | None = None
    publisher: str | None = None
    context_length: int | None = None
    capabilities: tuple[str, ...] = ()
    cached: bool = False
    loaded: bool = False
    path: str | None = None
    source: Literal["catalog", "disk", "own", "endpoint"] = "catalog"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogListed:
    """The worker listed what its backend offers; ``note`` says what could not be reached.

    ``service`` is what answers at an endpoint.
    """

    entries: tuple[CatalogEntry, ...]
    note: str | None = None
    service: Service | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDescribed:
    """What is known of a model once it is found and before it is loaded."""

    model: str
    id: str
    backend: str
    device: str | None = None
    execution_provider: str | None = None
    disk_mb: float | None = None
    license: str | None = None
    capabilities: tuple[str, ...] = ()
    context_length: int | None = None
    service: Service | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageStarted:
    """A model entered a stage of its measurement; ``requests`` is how many the stage will send.

    ``size_mb`` is what a download will bring, where that is known.
    """

    model: str
    stage: Stage
    requests: int = 0
    size_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StageProgressed:
    """A long stage moved on; ``fraction`` from 0 to 1, or None where nobody can tell.

    ``received_mb`` is what a download's connections have brought so far, where the system tells.
    """

    model: str
    stage: Stage
    fraction: float | None
    detail: str = ""
    received_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLoaded:
    """The model answers; ``load_s`` is what loading took, ``cold_ttft_s`` the first answer's first token.

    ``url`` is where an application reaches a model that was loaded to be used, not measured.
    """

    model: str
    load_s: float | None
    cold_ttft_s: float | None = None
    url: str | None = None
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitChecked:
    """Before a load the model's need of memory was held against what is free, in MB; ``message`` is for people."""

    model: str
    verdict: Verdict
    least_mb: float
    likely_mb: float
    free_mb: float
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelDownloaded:
    """The whole model is on the disk; ``path`` is its folder, None where that is a service's own affair."""

    model: str
    id: str
    path: str | None
    disk_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelUnloaded:
    """The model no longer takes memory."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRemoved:
    """The model, or what there was of it, is gone from the disk; ``freed_mb`` is what it took."""

    model: str
    id: str
    freed_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFailed:
    """A download, load, unload or removal didn't succeed; ``advice`` is the mend."""

    model: str
    error: Failure
    advice: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnStarted:
    """A model's turn came: it sends requests, and those of others that are loaded wait."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnFinished:
    """A model did all that it was allowed to, up to this round; 0 after its warm-up. It waits now."""

    model: str
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundsExpected:
    """How many rounds a model is now expected to take, by the rule that ends them."""

    model: str
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something that whoever follows the run should know, in one line."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostChanged:
    """A host of a fleet began or ended its part, or, with ``back``, is there again after it was lost.

    ``message`` says why where it did not end well.
    """

    host: str
    status: HostStatus
    message: str = ""
    back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestStarted:
    """A request left for the model on one of the concurrent ``slot`` s."""

    model: str
    slot: int
    prompt_id: str
    phase: Phase
    round: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerProgressed:
    """Text that arrived since the last such event of the slot, with counters of the answer so far."""

    model: str
    slot: int
    text: str
    chunks: int
    elapsed_s: float
    ttft_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFinished:
    """A request ended, well or not."""

    slot: int
    sample: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerObserved:
    """Memory (MB) and CPU (percent of one core) of the worker's process, about once a second."""

    model: str
    rss_mb: float
    cpu_percent: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFinished:
    """The worker is done with a model; ``error`` and ``advice`` say why where it did not go well.

    ``max_lag_s`` is the event loop's worst delay, ``cpu_s`` the worker's CPU time, ``telemetry`` what a model in the
    worker took of the machine, all while measuring.
    """

    model: str
    status: ModelStatus
    error: Failure | None = None
    advice: str | None = None
    memory: Memory = field(default_factory=Memory)
    max_lag_s: float | None = None
    cpu_s: float | None = None
    telemetry: Telemetry | None = None


Event = (
    CatalogListed
    | ModelDescribed
    | StageStarted
    | StageProgressed
    | ModelLoaded
    | FitChecked
    | ModelDownloaded
    | ModelUnloaded
    | ModelRemoved
    | ActionFailed
    | TurnStarted
    | TurnFinished
    | RoundsExpected
    | Noted
    | HostChanged
    | RequestStarted
    | AnswerProgressed
    | SampleFinished
    | WorkerObserved
    | ModelFinished
)
