"""A tool's figures against what the server logged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from foundry_bench.values.calibration import ErrorSize, SendLog
from peer.tool import Answer, ItlOf


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A distribution in seconds."""

    n: int
    mean_s: float
    p50_s: float
    p99_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """TTFT and time between tokens in seconds, and the mean over the answers of one stream's output tokens a second."""

    ttft: Spread | None
    itl: Spread | None
    tokens_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The peer's figures less the truth.

    Attributes:
        ttft: sizes of the error, answer by answer, in seconds.
        itl: sizes of the error, gap by gap or answer by answer as ``PeerResult.itl_of`` tells, in seconds.
        ttft_p50_s: error of the distribution's median; likewise the other three.
        rate_bias: mean of (reported / true decode rate) - 1.
    """

    ttft: ErrorSize | None
    itl: ErrorSize | None
    ttft_p50_s: float | None
    ttft_p99_s: float | None
    itl_p50_s: float | None
    itl_p99_s: float | None
    rate_bias: float | None


def pair(answers: Sequence[Answer], logs: Mapping[str, SendLog], *, left_out: int) -> list[tuple[Answer, SendLog]]:
    """Match a peer's answers with the server's, all but the first ``left_out``.

    By response id where the peer exports it, else by order: answers asked for at the same moment may then be swapped.
    """
    in_order = sorted(answers, key=lambda answer: answer.start)
    arrived = sorted(logs.values(), key=lambda log: log.arrived_ns)
    pairs = [
        (answer, logs[answer.response_id] if answer.response_id else log)
        for answer, log in zip(in_order, arrived, strict=True)
    ]
    return pairs[left_out:]


def compare(pairs: Sequence[tuple[Answer, SendLog]], itl_of: ItlOf) -> tuple[Figures, Figures, Errors]:
    """What the peer says, what was so, and the difference."""
    ttfts = [answer.ttft_s for answer, _ in pairs if answer.ttft_s is not None]
    rates = [answer.tokens_per_s for answer, _ in pairs if answer.tokens_per_s is not None]
    true_ttfts = [(log.sent_ns[0] - log.arrived_ns) / 1e9 for _, log in pairs]
    true_gaps = [np.diff(log.sent_ns) / 1e9 for _, log in pairs]
    true_rates = [1 / float(np.mean(gaps)) for gaps in true_gaps]
    if itl_of == "gap":
        itls = [gap for answer, _ in pairs for gap in answer.gaps_s]
        true_itls = [float(gap) for gaps in true_gaps for gap in gaps]
    else:
        itls = [answer.itl_s for answer, _ in pairs if answer.itl_s is not None]
        true_itls = [float(np.mean(gaps)) for gaps in true_gaps]
    reported = Figures(ttft=_spread(ttfts), itl=_spread(itls), tokens_per_s=float(np.mean(rates)) if rates else None)
    truth = Figures(ttft=_spread(true_ttfts), itl=_spread(true_itls), tokens_per_s=float(np.mean(true_rates)))
    bias = float(np.mean(np.divide(rates, true_rates))) - 1 if len(rates) == len(pairs) else None
    errors = Errors(
        ttft=_error_size(ttfts, true_ttfts),
        itl=_error_size(itls, true_itls),
        ttft_p50_s=_difference(reported.ttft, truth.ttft, "p50_s"),
        ttft_p99_s=_difference(reported.ttft, truth.ttft, "p99_s"),
        itl_p50_s=_difference(reported.itl, truth.itl, "p50_s"),
        itl_p99_s=_difference(reported.itl, truth.itl, "p99_s"),
        rate_bias=bias,
    )
    return reported, truth, errors


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    p50, p99 = np.percentile(values, (50, 99))
    return Spread(n=len(values), mean_s=float(np.mean(values)), p50_s=float(p50), p99_s=float(p99))


def _error_size(reported: Sequence[float], true: Sequence[float]) -> ErrorSize | None:
    """Sizes of the errors; None where the peer exports no such figure of every answer."""
    if not reported or len(reported) != len(true):
        return None
    sizes = np.abs(np.subtract(reported, true))
    p50, p99 = np.percentile(sizes, (50, 99))
    return ErrorSize(n=sizes.size, p50_s=float(p50), p99_s=float(p99), max_s=float(sizes.max()))


def _difference(reported: Spread | None, true: Spread | None, of: Literal["p50_s", "p99_s"]) -> float | None:
    return float(getattr(reported, of) - getattr(true, of)) if reported and true else None
