"""Recorded runs for screens to show: seeded, and as hostile as a test asks for."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from factories import (
    CREATED,
    make_calibration,
    make_failed_model,
    make_model,
    make_plan,
    make_run,
    make_sample,
    make_vote,
)
from foundry_bench.session.ratings import save_rating, save_ratings, save_vote
from foundry_bench.session.run_view import RunView, open_run
from foundry_bench.session.store import Run
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.ratings import Rating
from foundry_bench.values.record import Failure, Memory, Sample
from foundry_bench.values.result import Counts, ModelResult
from foundry_bench.values.summary import summarize

PACES = {"smollm2-135m": (0.09, 0.005), "phi-4-mini": (0.21, 0.026)}
LAPTOP: dict[str, Any] = {
    "host": "laptop", "system": "Linux 6.1", "cpu": "Intel Core i7-1265U", "cores": 12, "memory_mb": 16000.0,
    "gpus": ["Intel 0x46a8"], "python": "3.12.3", "packages": {"foundry-bench": "1.0.0", "onnxruntime": "1.22.0"},
}  # fmt: skip
LOST = Failure(type="host_lost", message="its Dask worker ended or can't be reached")
HOSTS = (
    HostRecord(
        name="laptop-1", address="tcp://10.0.0.4:9001", tags=("SMALL",), status="done", environment=LAPTOP,
        calibration=make_calibration(), memory_limit_mb=8000.0,
    ),
    HostRecord(
        name="box-rtx", address="tcp://10.0.0.5:9001", status="lost", error=LOST,
        environment={**LAPTOP, "host": "box", "gpus": ["NVIDIA RTX 4090"], "packages": {"onnxruntime": "1.21.0"}},
    ),
)  # fmt: skip
HOSTILE = "\x1b[31mred\x1b]52;c;AAAA\x07 [red]not markup[/] \u202eleft\u202c \N{GRINNING FACE} \x07bell"


def samples_of(model: str, *, rounds: int = 3, seed: int = 1, text: str | None = None) -> list[Sample]:
    """Answers of a model at its own pace; the third round of the first prompt takes much longer where there are 6."""
    generator = np.random.default_rng(seed)
    ttft, gap = PACES.get(model, (0.1, 0.01))
    found = []
    for number in range(1, rounds + 1):
        for prompt in ("benefits", "explain"):
            slow = 4.0 if (number, prompt) == (3, "benefits") and rounds > 5 else 1.0
            first = ttft * slow * float(generator.uniform(0.98, 1.02))
            times = first + np.cumsum(gap * generator.uniform(0.9, 1.1, 11))
            found.append(
                make_sample(
                    model=model,
                    prompt_id=prompt,
                    round=number,
                    ttft_s=first,
                    ttfa_s=first,
                    token_times_s=(first, *times.tolist()),
                    latency_s=float(times[-1]) + 0.001,
                    completion_tokens=12,
                    text=text or f"An answer to {prompt}.",
                    text_sha256=f"{model}-{prompt}-{number}",
                )
            )
    return found


def result_of(model: str, samples: list[Sample]) -> ModelResult:
    """The model's own summary of its samples."""
    summary = summarize(samples, model, temperature=0.0)
    names = ("deterministic", "metrics", "per_prompt", "outliers", "workshop", "counts", "warnings")
    return make_model(name=model, client_openai=None, **{name: getattr(summary, name) for name in names})


def record_run(
    out: Path, *, minutes: int = 0, hostile: bool = False, rounds: int = 3, text: str | None = None, **changes: Any
) -> Path:
    """Record a finished run of two models, and of one that failed, under ``out``."""
    created = CREATED + timedelta(minutes=minutes)
    names = changes.pop("models", tuple(PACES))
    run = Run.create(out, make_plan(models=names, **changes), {"cores": 2}, created=created, run_id=f"run-{minutes:03}")
    for place, name in enumerate(names):
        said = f"{HOSTILE}\n{'x' * 1_000_000}" if hostile else text
        samples = samples_of(name, rounds=rounds, seed=place + minutes, text=said)
        for sample in samples:
            run.append(sample)
        run.add_model(result_of(name, samples))
    failure = Failure(type="load", message="the file is [bold]truncated[/]\x1b[2J")
    nothing: dict[str, Any] = {"name": "broken", "status": "failed", "error": failure, "advice": "download it again"}
    run.add_model(
        make_model(
            **nothing,
            device=None,
            metrics=dict.fromkeys(make_model().metrics),
            per_prompt={},
            warnings=(),
            memory=Memory(),
            counts=Counts(),
            client_openai=None,
        )
    )
    run.record = replace(run.record, calibration=make_calibration())
    run.close("done")
    return run.path


def record_fleet(out: Path, hosts: tuple[HostRecord, ...] = HOSTS) -> Run:
    """A run of which the first host is done, and the second had told one answer of six."""
    plan = make_plan(models=("smollm2-135m",), rounds=3, cluster="tcp://10.0.0.1:8786")
    run = Run.create(out, plan, {"cores": 2}, created=CREATED, run_id="run-fleet", hosts=hosts)
    for host, count in zip(hosts, (6, 1), strict=True):
        samples = samples_of("smollm2-135m")[:count]
        name = f"smollm2-135m@{host.name}"
        run.add_model(replace(result_of("smollm2-135m", samples), name=name, host=host.name))
    run.close("done")
    return run


def recorded_view(out: Path) -> RunView:
    """A recorded run with outliers, ratings, votes, and a failed model whose strings try to break every format."""
    path = record_run(out, rounds=6)
    for place, (model, score) in enumerate((("smollm2-135m", 3), ("phi-4-mini", 5), ("phi-4-mini", 4))):
        rating = Rating(
            model=model, prompt_id="benefits", text_sha256=str(place), score=score, by="ada", at=CREATED, note="clear"
        )
        save_rating(path, rating)
        save_ratings(path, [replace(rating, score=score - 1, by="phi-4")], "judge")
    for prompt, better, by in (
        ("benefits", "right", "ada"),
        ("benefits", "alike", "bob"),
        ("explain", "both_bad", "ada"),
    ):
        save_vote(path, make_vote(prompt_id=prompt, better=better, by=by))
    view = open_run(out, path)
    models = (*view.record.models[:2], make_failed_model())
    # The same on every machine: no process, no folder.
    record = replace(view.record, models=models, environment=make_run().environment)
    return replace(view, record=record)
