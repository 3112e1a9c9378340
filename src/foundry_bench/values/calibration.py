"""This machine's own timing error, from answers of known cadence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from foundry_bench.values.cautions import Caution
from foundry_bench.values.format import seconds
from foundry_bench.values.metrics import bounded_gaps, decode_tokens_per_s
from foundry_bench.values.record import Clock, Sample
from foundry_bench.values.stats import Distribution

# A figure less than so many times the error is mostly error.
_NEAR = 10


@dataclass(frozen=True, kw_only=True)
class SendLog:
    """What the reference server logged of one answer, by the monotonic clock in ns.

    ``arrived_ns`` is the request's arrival there, ``sent_ns`` the moment before each token-bearing event was sent.
    """

    arrived_ns: int
    sent_ns: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class ErrorSize:
    """Sizes (absolute values) of an error, in seconds, and how many there were."""

    n: int
    p50_s: float
    p99_s: float
    max_s: float


@dataclass(frozen=True, kw_only=True)
class Level:
    """The error with so many streams at once.

    Attributes:
        streams: how many answers were under way at once.
        interval_s: the server's time from token to token.
        clock: who stamped the arrivals.
        ttft: measured TTFT against the server's own time from the request's arrival to the first token's sending.
        itl: measured gaps between tokens against the server's; ``itl_exact`` of those that are no mere bounds.
        rate_bias: mean of (measured / true decode rate) - 1; ``rate_bias_max`` the largest size of one answer's.
        shared_share: share of the gaps that are only bounds, which every result marks.
        tokens_per_s: tokens of all streams together, from the first request to the last token.
        max_lag_s: the event loop's worst delay.
        cpu_s_per_1000_tokens: CPU seconds of the worker for a thousand tokens.
    """

    streams: int
    interval_s: float
    clock: Clock
    ttft: ErrorSize
    itl: ErrorSize
    itl_exact: ErrorSize | None = None
    rate_bias: float
    rate_bias_max: float
    shared_share: float
    tokens_per_s: float | None = None
    max_lag_s: float
    cpu_s_per_1000_tokens: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """A calibration; ``ttft_p99_s`` and ``itl_p99_s`` are the worst level's, shown beside results as ± x ms."""

    short: bool
    ttft_p99_s: float
    itl_p99_s: float
    rate_bias: float
    clock_resolution_s: float
    levels: tuple[Level, ...]
    machine: Mapping[str, Any] = field(default_factory=dict)


def error_of_level(
    streams: int, interval_s: float, pairs: Sequence[tuple[Sample, SendLog]], *, max_lag_s: float, cpu_s: float
) -> Level:
    """Compare the measured answers with what was sent.

    The error of a TTFT holds everything between the two processes: the request's way, the answer's way, and the stamps
    at both ends. The error of a gap holds the difference of two arrivals' delays.
    """
    ttft, gaps, exact, biases, tokens = [], [], [], [], 0
    for sample, log in pairs:
        sent = np.asarray(log.sent_ns, dtype=np.int64)
        times = np.asarray(sample.token_times_s)
        ttft.append(times[0] - (sent[0] - log.arrived_ns) / 1e9)
        gaps.append(np.diff(times) - np.diff(sent) / 1e9)
        exact.append(np.delete(gaps[-1], list(bounded_gaps(sample.shared_reads))))
        tokens += times.size
        rate = decode_tokens_per_s(sample)
        if rate is not None:
            true_rate = (sent.size - 1) / (sent[-1] - sent[0]) * 1e9
            biases.append(rate / true_rate - 1)
    all_gaps, exact_gaps = np.concatenate(gaps), np.concatenate(exact)
    began_ns = min(sample.sent_ns for sample, _ in pairs)
    ended_ns = max(sample.sent_ns + sample.token_times_s[-1] * 1e9 for sample, _ in pairs)
    return Level(
        streams=streams,
        interval_s=interval_s,
        clock=pairs[0][0].clock,
        ttft=_size(np.asarray(ttft)),
        itl=_size(all_gaps),
        itl_exact=_size(exact_gaps) if exact_gaps.size else None,
        rate_bias=float(np.mean(biases)),
        rate_bias_max=float(np.max(np.abs(biases))),
        shared_share=1 - exact_gaps.size / max(1, all_gaps.size),
        tokens_per_s=tokens / (ended_ns - began_ns) * 1e9,
        max_lag_s=max_lag_s,
        cpu_s_per_1000_tokens=cpu_s / tokens * 1000,
    )


def calibration(
    levels: Sequence[Level], *, short: bool, clock_resolution_s: float, machine: Mapping[str, Any]
) -> Calibration:
    """Put the levels together; what is shown beside results is the worst level's."""
    return Calibration(
        short=short,
        ttft_p99_s=max(level.ttft.p99_s for level in levels),
        itl_p99_s=max(level.itl.p99_s for level in levels),
        rate_bias=max((level.rate_bias for level in levels), key=abs),
        clock_resolution_s=clock_resolution_s,
        levels=tuple(levels),
        machine=machine,
    )


def near_the_error(metrics: Mapping[str, Distribution | None], found: Calibration) -> list[Caution]:
    """A word for each figure that is less than ten times this machine's own error."""
    cautions = []
    for name, error_s in (("ttft_s", found.ttft_p99_s), ("itl_s", found.itl_p99_s)):
        distribution = metrics.get(name)
        if distribution and distribution.p50 < _NEAR * error_s:
            message = (
                f"the median is only {distribution.p50 / error_s:.1f} times this machine's error of {seconds(error_s)}"
            )
            cautions.append(Caution(kind="near_timing_error", metric=name, message=message))
    return cautions


def _size(errors: "np.ndarray[Any, np.dtype[np.float64]]") -> ErrorSize:
    sizes = np.abs(errors)
    p50, p99 = np.percentile(sizes, (50, 99))
    return ErrorSize(n=sizes.size, p50_s=float(p50), p99_s=float(p99), max_s=float(sizes.max()))


def timing_error(found: Calibration) -> str:
    """The error in words, as it stands beside results."""
    ttft, itl = seconds(found.ttft_p99_s), seconds(found.itl_p99_s)
    return f"TTFT ± {ttft}, ITL ± {itl} (99 % of a stream of known cadence)"
