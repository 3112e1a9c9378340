"""What ``run.json`` holds: a run, its models, and what their samples amount to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from foundry_bench.values.calibration import Calibration, near_the_error
from foundry_bench.values.cautions import Caution
from foundry_bench.values.energy import Energy, Rates, energy
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.plan import Order, Plan
from foundry_bench.values.record import Disturbance, Failure, Memory, ModelStatus, Stop
from foundry_bench.values.service import Service
from foundry_bench.values.spread import Spread
from foundry_bench.values.stats import Distribution
from foundry_bench.values.telemetry import Telemetry

if TYPE_CHECKING:  # only for the signature below, and half of what this layer takes to import
    from foundry_bench.values.events import ModelDescribed, ModelFinished, ModelLoaded

RunStatus = Literal["running", "done", "failed", "interrupted"]
Metrics = Mapping[str, Distribution | None]

RUN_SCHEMA = "foundry-bench/run/1"


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many measured requests ended in which way."""

    ok: int = 0
    unverified: int = 0
    error: int = 0
    timeout: int = 0
    cancelled: int = 0

    @property
    def answered(self) -> int:
        """Requests whose figures enter the metrics."""
        return self.ok + self.unverified

    @property
    def failed(self) -> int:
        """Requests whose figures enter nothing."""
        return self.error + self.timeout + self.cancelled


@dataclass(frozen=True, kw_only=True)
class PromptResult:
    """One prompt's share of a model's figures; ``text_sha256`` of its answers, None where they aren't all equal."""

    ok: int
    failed: int
    metrics: Metrics
    text_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """A value far from the median of its model and prompt; ``score`` in robust standard deviations, signed.

    ``disturbance`` is what else went on while it was measured, where anything notable did.
    """

    prompt_id: str
    round: int
    metric: str
    value: float
    median: float
    score: float
    disturbance: Disturbance | None = None


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """The workshop script's own figures, by its names: seconds, and (prompt + completion) tokens a second."""

    latency_avg: float | None
    latency_p95: float | None
    tokens_per_sec_avg: float | None
    first_token_latency_avg: float | None
    rounds: int
    alias: str


@dataclass(frozen=True, kw_only=True)
class ClientResult:
    """The requests sent a second time through the ``openai`` client.

    ``difference`` is openai minus raw, paired by prompt and round, of ttft_s, latency_s and decode_tokens_per_s.
    """

    counts: Counts
    metrics: Metrics
    difference: Metrics


@dataclass(frozen=True, kw_only=True)
class LevelResult:
    """One level of a sweep.

    ``prompt_tokens`` is the mean of what the server counted; ``total_tokens_per_s`` the completion tokens of all its
    answers over the time in which at least one of them was under way; ``error`` the first failure.
    """

    level: str
    concurrency: int
    prompt_tokens: float | None
    counts: Counts
    metrics: Metrics
    total_tokens_per_s: float | None
    error: Failure | None


@dataclass(frozen=True, kw_only=True)
class ModelSummary:
    """What the samples of one model amount to.

    ``deterministic``: whether all measured texts of each prompt are equal; None above temperature 0 and
    where no prompt has two answers.
    """

    deterministic: bool | None
    metrics: Metrics
    per_prompt: Mapping[str, PromptResult]
    outliers: tuple[Outlier, ...]
    workshop: Workshop
    counts: Counts
    warnings: tuple[Caution, ...]
    client_openai: ClientResult | None


@dataclass(frozen=True, kw_only=True)
class ModelResult:
    """A model of ``run.json``: what it is, how its measurement ended, and its summary.

    ``host`` is where, in a fleet; its name is then ``on_host``. ``spread`` is of figures merged from several hosts'.
    """

    name: str
    id: str | None
    backend: str | None
    device: str | None
    execution_provider: str | None
    status: ModelStatus
    error: Failure | None
    advice: str | None
    load_s: float | None
    disk_mb: float | None
    license: str | None
    capabilities: tuple[str, ...]
    memory: Memory
    deterministic: bool | None
    metrics: Metrics
    per_prompt: Mapping[str, PromptResult]
    outliers: tuple[Outlier, ...]
    workshop: Workshop
    counts: Counts
    warnings: tuple[Caution, ...]
    client_openai: ClientResult | None
    cold_ttft_s: float | None
    max_lag_s: float | None = None
    cpu_s: float | None = None
    service: Service | None = None
    telemetry: Telemetry | None = None
    energy: Energy | None = None
    stop: Stop | None = None
    sweep: tuple[LevelResult, ...] = ()
    host: str | None = None
    spread: Spread | None = None


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The content of ``run.json``. ``created`` is in UTC; ``environment`` is plain JSON.

    ``order`` is how the models were measured, which may not be what the plan asks for; ``notes`` say why.
    ``hosts`` are the machines of a fleet; ``environment`` is then that of the machine which asked them.
    """

    schema: str = RUN_SCHEMA
    id: str
    created: datetime
    status: RunStatus
    plan: Plan
    environment: Mapping[str, Any]
    calibration: Calibration | None = None
    models: tuple[ModelResult, ...] = ()
    order: Order | None = None
    notes: tuple[str, ...] = ()
    hosts: tuple[HostRecord, ...] = ()

    @property
    def rows(self) -> tuple[ModelResult, ...]:
        """What may be compared: where hosts shared one load the merged figures, and not each host's part of them."""
        merged = tuple(model for model in self.models if model.spread)
        return merged if self.plan.spread and merged else self.models


def model_result(
    finished: "ModelFinished",
    described: "ModelDescribed | None",
    loaded: "ModelLoaded | None",
    summary: ModelSummary,
    calibration: Calibration | None = None,
    *,
    rates: Rates | None = None,
    stop: Stop | None = None,
    sweep: tuple[LevelResult, ...] = (),
) -> ModelResult:
    """Put together what the worker told of a model and what its samples amount to.

    ``described`` and ``loaded`` are None where the model never came so far. Figures near the error that the
    calibration found get a word of caution. ``rates`` are the user's.
    """
    near = near_the_error(summary.metrics, calibration) if calibration else []
    device, provider = (described.device, described.execution_provider) if described else (None, None)
    return ModelResult(
        name=finished.model,
        id=described.id if described else None,
        backend=described.backend if described else None,
        device=device,
        execution_provider=provider,
        status=finished.status,
        error=finished.error,
        advice=finished.advice,
        load_s=loaded.load_s if loaded else None,
        disk_mb=described.disk_mb if described else None,
        license=described.license if described else None,
        capabilities=described.capabilities if described else (),
        memory=finished.memory,
        deterministic=summary.deterministic,
        metrics=summary.metrics,
        per_prompt=summary.per_prompt,
        outliers=summary.outliers,
        workshop=summary.workshop,
        counts=summary.counts,
        warnings=(*summary.warnings, *near),
        client_openai=summary.client_openai,
        cold_ttft_s=loaded.cold_ttft_s if loaded else None,
        max_lag_s=finished.max_lag_s,
        cpu_s=finished.cpu_s,
        service=described.service if described else None,
        telemetry=finished.telemetry,
        energy=energy(finished.telemetry, device, provider, rates or Rates()),
        stop=stop,
        sweep=sweep,
    )
