"""The engine in its worker against a server of known send times: a test that owns both ends of the clock."""

import json
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from foundry_bench.session.supervisor import start_worker
from foundry_bench.values.events import ModelFinished, SampleFinished
from foundry_bench.values.metrics import decode_tokens_per_s
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Sample
from foundry_bench.worker.protocol import Measure

pytestmark = pytest.mark.alone


async def measured(url: str, model: str, folder: Path, plan: Plan) -> list[Sample]:
    samples = []
    async with start_worker(folder / "worker.log") as worker:
        target = Target(name="reference", backend="openai_http", model=model, url=url)
        worker.send(Measure(plan=plan, target=target))
        async for event in worker.events():
            if isinstance(event, SampleFinished):
                samples.append(event.sample)
            if isinstance(event, ModelFinished):
                assert event.status == "ok", event
                break
    return samples


def log(url: str, sample: Sample) -> tuple[int, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """When the request arrived and when each event was sent, in ns."""
    with urllib.request.urlopen(f"{url}/log/{sample.response_id}") as answer:
        document = json.load(answer)
    return document["arrived_ns"], np.array(document["sent_ns"], dtype=np.float64)


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_first_token_gaps_and_rate_are_right(reference_server: str, tmp_path: Path, concurrency: int) -> None:
    plan = Plan(
        models=("reference",),
        prompts=(Prompt(id="p", prompt="P"),),
        rounds=8,
        warmup=concurrency,
        max_tokens=60,
        concurrency=concurrency,
    )
    samples = await measured(reference_server, "reference?interval_ms=5&delay_ms=20", tmp_path, plan)
    ttft, gaps, rates = [], [], []
    for sample in samples:
        arrived_ns, sent_ns = log(reference_server, sample)
        assert sample.ttft_s is not None
        ttft.append(sample.ttft_s - (sent_ns[0] - arrived_ns) / 1e9)
        gaps.append(np.diff(sample.token_times_s) - np.diff(sent_ns) / 1e9)
        rate = decode_tokens_per_s(sample)
        assert rate is not None
        rates.append(rate / ((len(sent_ns) - 1) / (sent_ns[-1] - sent_ns[0]) * 1e9) - 1)
    assert abs(float(np.median(ttft))) < 0.0005
    assert float(np.median(np.abs(np.concatenate(gaps)))) < 0.0001
    assert abs(float(np.median(rates))) < 0.0005


@pytest.mark.parametrize(
    ("how", "tokens", "chunks", "first"),
    [("role=1", 40, 40, 1.0), ("pack=4", 40, 10, 4.0), ("reasoning=10", 40, 40, 1.0), ("usage=0", 40, 40, 1.0)],
)
async def test_every_way_of_streaming_gives_the_same_rate(
    reference_server: str, tmp_path: Path, how: str, tokens: int, chunks: int, first: float
) -> None:
    prompts = (Prompt(id="p", prompt="P"),)
    plan = Plan(models=("reference",), prompts=prompts, rounds=6, warmup=1, max_tokens=tokens)
    samples = await measured(reference_server, f"reference?interval_ms=5&delay_ms=20&{how}", tmp_path, plan)
    ratios = []
    for sample in samples:
        _, sent_ns = log(reference_server, sample)
        ratios.append((decode_tokens_per_s(sample) or 0) / ((tokens - first) / (sent_ns[-1] - sent_ns[0]) * 1e9))
    assert float(np.median(ratios)) == pytest.approx(1, rel=0.02)
    assert (sample.completion_tokens, len(sample.token_times_s), sample.first_chunk_tokens) == (tokens, chunks, first)
    assert ("tokens_counted_as_chunks" in sample.warnings) == (how == "usage=0")
    assert ("first_chunk_estimated" in sample.warnings) == (how == "pack=4")
    if how == "reasoning=10":
        assert sample.ttfa_s == sample.token_times_s[10]
