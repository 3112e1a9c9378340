"""Counts a finished sample into the progress of its model, in bounded room."""

from dataclasses import replace

from foundry_bench.values import metrics
from foundry_bench.values.record import Sample
from foundry_bench.values.snapshot import ROUNDS_KEPT, TTFTS_KEPT, ModelProgress


def count(model: ModelProgress, sample: Sample) -> ModelProgress:
    """The model's progress with one more of its samples; those that its requests don't count leave it as it was."""
    if sample.path == "openai" or (sample.phase == "warmup" and model.stage == "measure"):
        return model
    model = replace(model, sent=model.sent + 1, swept=model.swept + (sample.phase == "sweep"))
    if sample.phase != "measure":
        return model
    if not sample.counts:
        return replace(model, failed=model.failed + 1)
    speed, (total, count) = metrics.decode_tokens_per_s(sample), model.decode
    first, latencies = _with_latency(model, sample)
    return replace(
        model,
        ok=model.ok + 1,
        first_round=first,
        latencies=latencies,
        ttfts_s=model.ttfts_s if sample.ttft_s is None else (*model.ttfts_s, sample.ttft_s)[-TTFTS_KEPT:],
        decode=model.decode if speed is None else (total + speed, count + 1),
    )


def _with_latency(model: ModelProgress, sample: Sample) -> tuple[int, tuple[tuple[float, int], ...]]:
    """First round kept, and the sums from it on; concurrent rounds may end in any order."""
    first, sums = model.first_round, list(model.latencies)
    place = sample.round - first
    if sample.latency_s is None or place < 0:
        return first, model.latencies
    sums.extend([(0.0, 0)] * min(ROUNDS_KEPT, place + 1 - len(sums)))
    cut = max(0, place + 1 - ROUNDS_KEPT)
    sums = sums[-ROUNDS_KEPT:] if cut else sums
    total, count = sums[place - cut]
    sums[place - cut] = (total + sample.latency_s, count + 1)
    return first + cut, tuple(sums)
