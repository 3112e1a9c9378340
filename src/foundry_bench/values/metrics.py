"""The metrics: what each figure of an answer is, and when it is undefined.

A metric is one function and one entry of ``METRICS``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foundry_bench.values.record import Sample
from foundry_bench.values.stats import Floats

Unit = Literal["s", "tokens/s"]

MIN_DECODE_SPAN_S = 0.001


def ttft_s(sample: Sample) -> float | None:
    """Time to first token = arrival of the first token of any kind - sending. Seconds. Undefined without streaming."""
    return sample.ttft_s


def ttfa_s(sample: Sample) -> float | None:
    """Time to first answer token = arrival of the first token after the reasoning - sending. Seconds.

    Undefined without streaming, and where the answer never began. Equals TTFT for models that don't reason.
    """
    return sample.ttfa_s


def latency_s(sample: Sample) -> float | None:
    """Latency = end of the stream - sending. Seconds. Undefined where the answer never ended."""
    return sample.latency_s


def itl_s(sample: Sample) -> Floats | None:
    """Inter-token latencies = gaps between successive content-bearing chunks. Seconds, one value a gap.

    Undefined under two chunks. A chunk may hold several tokens: these are gaps between arrivals.
    """
    if len(sample.token_times_s) < 2:
        return None
    times: Floats = np.array(sample.token_times_s)
    return times[1:] - times[:-1]


def bounded_gaps(shared_reads: Sequence[int]) -> set[int]:
    """Which gaps of ``itl_s`` are only bounds: that before each chunk of a shared read, and that before the group."""
    shared = set(shared_reads)
    return {index - 1 for index in shared} | {index - 2 for index in shared if index > 1 and index - 1 not in shared}


def decode_tokens_per_s(sample: Sample) -> float | None:
    """Decode speed = (completion tokens - tokens of the first chunk) / (last chunk - first chunk). Tokens a second.

    Undefined where tokens are not known, under two tokens, and under a span of 1 ms: a burst has no speed.
    """
    tokens, first, times = sample.completion_tokens, sample.first_chunk_tokens, sample.token_times_s
    if tokens is None or first is None or tokens < 2 or tokens <= first or len(times) < 2:
        return None
    span = times[-1] - times[0]
    return (tokens - first) / span if span >= MIN_DECODE_SPAN_S else None


def output_tokens_per_s(sample: Sample) -> float | None:
    """Output speed = completion tokens / latency. Tokens a second. Undefined without either."""
    return _rate(sample.completion_tokens, sample.latency_s)


def prefill_tokens_per_s(sample: Sample) -> float | None:
    """Prefill speed = prompt tokens / TTFT. Tokens a second. Undefined without either.

    A lower bound of the true rate: TTFT contains the request's way and the first token's decoding.
    """
    return _rate(sample.prompt_tokens, sample.ttft_s)


def total_tokens_per_s(sample: Sample) -> float | None:
    """The workshop's figure = (prompt + completion tokens) / latency. Tokens a second. Undefined without any of them.

    No speed of the model: a longer prompt raises it. It is kept for comparison with the workshop's script only.
    """
    if sample.prompt_tokens is None or sample.completion_tokens is None:
        return None
    return _rate(sample.prompt_tokens + sample.completion_tokens, sample.latency_s)


def _rate(tokens: int | None, duration_s: float | None) -> float | None:
    return tokens / duration_s if tokens and duration_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A figure that is summarised for each model.

    Attributes:
        label: the short name of table headings.
        of: the figure of one answer: a value, an array of values to be pooled, or None where undefined.
        definition: its formula in a line, for reports.
        better: which way is better.
        pooled: whether ``of`` returns arrays.
    """

    label: str
    unit: Unit
    of: Callable[[Sample], float | Floats | None]
    better: Literal["lower", "higher"]
    definition: str
    pooled: bool = False


METRICS: Mapping[str, Metric] = {
    "ttft_s": Metric(
        label="TTFT",
        unit="s",
        of=ttft_s,
        better="lower",
        definition="from sending the request to the arrival of the first token of any kind",
    ),
    "ttfa_s": Metric(
        label="TTFA",
        unit="s",
        of=ttfa_s,
        better="lower",
        definition="from sending the request to the first token of the answer, after any reasoning",
    ),
    "latency_s": Metric(
        label="Latency",
        unit="s",
        of=latency_s,
        better="lower",
        definition="from sending the request to the end of the answer",
    ),
    "itl_s": Metric(
        label="ITL",
        unit="s",
        of=itl_s,
        better="lower",
        definition="gaps between successive content-bearing chunks of one answer, pooled",
        pooled=True,
    ),
    "decode_tokens_per_s": Metric(
        label="Decode",
        unit="tokens/s",
        of=decode_tokens_per_s,
        better="higher",
        definition="(completion tokens - tokens of the first chunk) / (last chunk - first chunk); "
        "undefined under 2 tokens or 1 ms",
    ),
    "output_tokens_per_s": Metric(
        label="Output",
        unit="tokens/s",
        of=output_tokens_per_s,
        better="higher",
        definition="completion tokens / latency",
    ),
    "prefill_tokens_per_s": Metric(
        label="Prefill",
        unit="tokens/s",
        of=prefill_tokens_per_s,
        better="higher",
        definition="prompt tokens / TTFT: a lower bound, since TTFT contains the request's way",
    ),
}
