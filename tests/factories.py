"""Values for tests, whole by default and changed where a test says so."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from foundry_bench.session.run_view import RunView
from foundry_bench.values.calibration import Calibration, ErrorSize, Level, calibration
from foundry_bench.values.cautions import Caution
from foundry_bench.values.plan import Plan, Prompt
from foundry_bench.values.ratings import Ratings
from foundry_bench.values.record import Failure, Memory, Sample
from foundry_bench.values.result import (
    ClientResult,
    Counts,
    Metrics,
    ModelResult,
    PromptResult,
    RunRecord,
    Workshop,
)
from foundry_bench.values.stats import Distribution
from foundry_bench.values.votes import Vote
from foundry_bench.worker.answer import Request

T = TypeVar("T")

CREATED = datetime(2026, 11, 22, 14, 15, 30, tzinfo=UTC)


def known(value: T | None) -> T:
    """A value that has to be there."""
    assert value is not None
    return value


def make_sample(**changes: Any) -> Sample:
    """An answer of 5 tokens in 5 chunks: the first after 0.1 s, the others 0.02 s apart, the end after 0.2 s."""
    whole = Sample(
        model="smollm2-135m",
        model_id="smollm2-135m:1",
        prompt_id="benefits",
        response_id="chatcmpl-1",
        phase="measure",
        round=1,
        status="ok",
        error=None,
        sent_ns=1_000_000,
        headers_s=0.01,
        first_byte_s=0.05,
        ttft_s=0.1,
        ttfa_s=0.1,
        latency_s=0.2,
        token_times_s=(0.1, 0.12, 0.14, 0.16, 0.18),
        prompt_tokens=20,
        completion_tokens=5,
        token_source="usage",
        finish_reason="stop",
        text="Local models answer at once.",
        text_sha256="5b9d",
        first_chunk_tokens=1.0,
    )
    return replace(whole, **changes)


def make_failed_sample(**changes: Any) -> Sample:
    """A request that got no answer."""
    nothing: dict[str, Any] = {
        "status": "error",
        "error": Failure(type="connect", message="connection refused"),
        "ttft_s": None,
        "ttfa_s": None,
        "latency_s": None,
        "token_times_s": (),
        "completion_tokens": None,
        "token_source": "none",
        "finish_reason": None,
        "text": "",
    }
    return make_sample(**nothing | changes)


def make_request(*, streaming: bool = True) -> Request:
    """A measured request of a short prompt."""
    return Request(
        model="m",
        prompt=Prompt(id="p", prompt="Say hello."),
        system=None,
        max_tokens=8,
        temperature=0.0,
        seed=0,
        stream=streaming,
        phase="measure",
        round=1,
    )


def make_plan(**changes: Any) -> Plan:
    """Three rounds of two prompts for two models."""
    prompts = (Prompt(id="benefits", prompt="Why local?"), Prompt(id="explain", prompt="What is RAG?"))
    return replace(Plan(models=("smollm2-135m", "phi-4-mini"), prompts=prompts), **changes)


def make_distribution(mean: float, margin: float, n: int = 6) -> Distribution:
    """A distribution with the given mean and the given margin of its interval."""
    return Distribution(
        n=n,
        mean=mean,
        std=margin * 1.25,
        min=mean - 2 * margin,
        p50=mean,
        p90=mean + margin,
        p95=mean + 1.5 * margin,
        p99=mean + 1.9 * margin,
        max=mean + 2 * margin,
        ci95_mean=(mean - margin, mean + margin),
    )


def make_metrics() -> Metrics:
    """Plausible figures of a small model; TTFA is undefined."""
    return {
        "ttft_s": make_distribution(0.0851, 0.004),
        "ttfa_s": None,
        "latency_s": make_distribution(1.234, 0.02),
        "itl_s": make_distribution(0.0051, 0.0003, n=762),
        "decode_tokens_per_s": make_distribution(196.0, 3.0),
        "output_tokens_per_s": make_distribution(103.7, 1.7),
        "prefill_tokens_per_s": make_distribution(235.0, 11.0),
    }


def make_model(**changes: Any) -> ModelResult:
    """A model whose measurement went well."""
    metrics = make_metrics()
    whole = ModelResult(
        name="smollm2-135m",
        id="smollm2-135m:1",
        backend="foundry",
        device="cpu",
        execution_provider="CPUExecutionProvider",
        status="ok",
        error=None,
        advice=None,
        load_s=0.72,
        disk_mb=112.5,
        license="apache-2.0",
        capabilities=("chat", "tools"),
        memory=Memory(baseline_mb=53.0, loaded_mb=251.0, peak_mb=1012.0),
        deterministic=True,
        metrics=metrics,
        per_prompt={
            "benefits": PromptResult(ok=3, failed=0, metrics=metrics),
            "explain": PromptResult(ok=3, failed=1, metrics=metrics),
        },
        outliers=(),
        workshop=Workshop(
            latency_avg=1.234,
            latency_p95=1.264,
            tokens_per_sec_avg=120.1,
            first_token_latency_avg=0.0851,
            rounds=3,
            alias="smollm2-135m",
        ),
        counts=Counts(ok=6, error=1),
        warnings=(
            Caution(kind="few_for_p95", metric="ttft_s", message="p95 and p99 of 6 values mostly restate the maximum"),
            Caution(
                kind="few_for_p95", metric="latency_s", message="p95 and p99 of 6 values mostly restate the maximum"
            ),
            Caution(kind="failed_requests", metric=None, message="1 of 7 requests failed and enter no figure"),
        ),
        client_openai=ClientResult(
            counts=Counts(ok=6),
            metrics=metrics,
            difference={
                "ttft_s": make_distribution(0.0017, 0.0004),
                "latency_s": make_distribution(0.0021, 0.0011),
                "decode_tokens_per_s": make_distribution(-0.4, 0.9),
            },
        ),
        cold_ttft_s=0.31,
    )
    return replace(whole, **changes)


def make_failed_model(**changes: Any) -> ModelResult:
    """A model that could not be loaded, whose strings try to break every format."""
    nothing: dict[str, Any] = {
        "name": "=evil|`model`\n\x1b[31m",
        "status": "failed",
        "error": Failure(type="load", message="<b>bad</b> file | truncated\r\nat byte 12"),
        "advice": "download it again",
        "device": None,
        "execution_provider": None,
        "license": "+MIT",
        "memory": Memory(),
        "deterministic": None,
        "metrics": dict.fromkeys(make_metrics()),
        "per_prompt": {},
        "workshop": Workshop(
            latency_avg=None,
            latency_p95=None,
            tokens_per_sec_avg=None,
            first_token_latency_avg=None,
            rounds=0,
            alias="=evil",
        ),
        "counts": Counts(),
        "warnings": (),
        "client_openai": None,
        "load_s": None,
        "cold_ttft_s": None,
    }
    return make_model(**nothing | changes)


def make_calibration(**changes: Any) -> Calibration:
    """A short calibration with one stream."""
    size = ErrorSize(n=4, p50_s=0.00005, p99_s=0.00014, max_s=0.00015)
    level = Level(
        streams=1,
        interval_s=0.005,
        clock="kernel",
        ttft=size,
        itl=replace(size, n=196, p50_s=0.000002, p99_s=0.00002),
        rate_bias=-0.00002,
        rate_bias_max=0.0001,
        shared_share=0.0,
        max_lag_s=0.001,
        cpu_s_per_1000_tokens=0.07,
    )
    whole = calibration([level], short=True, clock_resolution_s=1e-9, machine={"cores": 2})
    return replace(whole, **changes)


def make_run(**changes: Any) -> RunRecord:
    """A finished run of a model that went well and one that failed."""
    whole = RunRecord(
        id="20261122-141530-smollm2-135m-and-1-x7",
        created=CREATED,
        status="done",
        plan=make_plan(),
        environment={
            "system": "Linux 6.1",
            "cpu": "A CPU",
            "cores": 2,
            "memory_mb": 16000,
            "packages": {"foundry-bench": "0.1.0"},
            "process": {"pid": 1, "started": 0.0},
        },
        calibration=make_calibration(),
        models=(make_model(), make_failed_model()),
    )
    return replace(whole, **changes)


def make_view(record: RunRecord | None = None, **changes: Any) -> RunView:
    """A run as reports see it, without any samples or ratings."""
    record = record or make_run()
    whole = RunView(path=Path(record.id), record=record, traces={}, ratings=Ratings(run=record.id))
    return replace(whole, **changes)


def make_vote(**changes: Any) -> Vote:
    """A vote that prefers phi-4-mini, on the right."""
    whole = Vote(
        left="smollm2-135m",
        right="phi-4-mini",
        prompt_id="benefits",
        left_sha256="5b9d",
        right_sha256="7c1e",
        better="right",
        by="ada",
        at=CREATED,
    )
    return replace(whole, **changes)


def write_run(out: Path, run_id: str, **changes: Any) -> Path:
    """The ``run.json`` of a run, as its process left it."""
    path = out / run_id
    path.mkdir(parents=True)
    content = msgspec.json.format(msgspec.json.encode(make_run(id=run_id, **changes)), indent=2)
    (path / "run.json").write_bytes(content)
    return path
