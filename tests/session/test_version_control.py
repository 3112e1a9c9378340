"""Two runs of one plan under version control: they differ in times, ids and what is measured, in nothing else."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foundry_bench.session.benchmark import Benchmark
from foundry_bench.session.json_text import without_noise
from foundry_bench.session.store import Run
from foundry_bench.values.facets import Facet
from foundry_bench.values.plan import Plan, Prompt, Sweep, Target

SAMPLE = r"sent_ns|response_id|\w+_s|token_times_s\[\]|shared_reads.*|disturbance.*"
# Which values lie far from the others, and what there is to caution of, follows from the times.
RUN = (
    r"id|created|environment\.process\.(pid|started)|models\[\]\.("
    r"load_s|cold_ttft_s|max_lag_s|cpu_s|(baseline|loaded|peak)_mb|memory\.\w+|(per_prompt\.\w+\.)?metrics\..*|"
    r"outliers.*|warnings.*|workshop\.(latency_avg|latency_p95|tokens_per_sec_avg|first_token_latency_avg)|"
    r"telemetry\.(seconds|cpu_percent)|energy\.(seconds|joules\w*)|sweep\[\]\.(metrics\..*|total_tokens_per_s))"
)
RATINGS = r"run|check\[\]\.at"


def leaves(document: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each plain value and where it stands; lists by their places."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from leaves(value, f"{path}.{name}" if path else name)
    elif isinstance(document, list):
        yield f"{path}.length", len(document)
        for place, value in enumerate(document):
            yield from leaves(value, f"{path}[{place}]")
    else:
        yield path, document


def differing(one: Any, other: Any) -> set[str]:
    """Where two documents differ, in values or in the order of keys; a list is one place."""
    first, second = list(leaves(one)), list(leaves(other))
    found = set(first) ^ set(second)
    if not found:
        assert first == second, "the same in another order"
    return {re.sub(r"\[\d+\]", "[]", path) for path, _ in found}


def unexpected(paths: set[str], expected: str) -> set[str]:
    return {path for path in paths if not re.fullmatch(expected, path)}


def in_flight_together(line: dict[str, Any]) -> tuple[str, str, int]:
    """Lines stand in the order in which answers ended, which is a matter of time where two are in flight."""
    together = line["level"] == "concurrency=2"
    return (line["model"], line["prompt_id"], line["round"]) if together else ("", "", 0)


async def record(folder: Path, url: str, concurrency: int) -> Path:
    prompts = [
        Prompt(id=name, prompt=f"Tell of {name}.", facets=(Facet(name="long enough", min_words=3),)) for name in "zab"
    ]
    plan = Plan(
        models=("second", "first"),
        prompts=tuple(prompts),
        rounds=3,
        max_tokens=6,
        concurrency=concurrency,
        watts=15.0,
        calibrate=False,
        sweep=Sweep(concurrency=(1, 2)),
    )
    where = [
        Target(name=name, backend="openai_http", model="reference?interval_ms=2&delay_ms=2", url=url)
        for name in plan.models
    ]
    run = Run.create(folder, plan, {"host": "here"})
    assert await Benchmark(plan, where, run, lambda _: None).measure() == "done"
    return run.path


async def test_two_runs_differ_in_times_and_ids_alone(reference_server: str, tmp_path: Path) -> None:
    one, other = [await record(tmp_path / name, reference_server, 1) for name in ("one", "other")]
    samples = [list(map(json.loads, (path / "samples.jsonl").read_bytes().splitlines())) for path in (one, other)]
    assert not unexpected(differing(*(sorted(some, key=in_flight_together) for some in samples)), rf"\[\]\.({SAMPLE})")
    assert len((one / "run.json").read_bytes().splitlines()) > 500, "a line a field"
    for name, expected in (("run.json", RUN), ("ratings.json", RATINGS)):
        documents = [json.loads((path / name).read_bytes()) for path in (one, other)]
        assert not unexpected(differing(*documents), expected)
    runs = [json.loads((path / "run.json").read_bytes()) for path in (one, other)]
    answers = [
        [prompt["text_sha256"] for prompt in model["per_prompt"].values()] for run in runs for model in run["models"]
    ]
    assert answers[0] == answers[2]
    assert all(answers[0])


async def test_whichever_answer_ends_first_prompts_stand_in_the_order_of_the_plan(
    reference_server: str, tmp_path: Path
) -> None:
    path = await record(tmp_path, reference_server, 3)
    run = json.loads((path / "run.json").read_bytes())
    ratings = json.loads((path / "ratings.json").read_bytes())
    assert [model["name"] for model in run["models"]] == ["second", "first"]
    assert [list(model["per_prompt"]) for model in run["models"]] == [["z", "a", "b"]] * 2
    assert [(one["model"], one["prompt_id"]) for one in ratings["check"]] == [
        (model, prompt) for model in ("second", "first") for prompt in "zab"
    ]


def test_the_noise_of_summing_is_left_out_but_for_the_workshops_figures() -> None:
    noisy = 0.1 + 0.2
    assert without_noise({"mean": noisy, "n": 3, "ci": (noisy, None), "workshop": {"latency_avg": noisy}}) == {
        "mean": 0.3,
        "n": 3,
        "ci": [0.3, None],
        "workshop": {"latency_avg": noisy},
    }
    assert without_noise(123.456789012345e-9) == 123.456789012e-9
