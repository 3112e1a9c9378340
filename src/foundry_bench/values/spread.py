"""One load sent by several hosts at once: what can be said of all of them without comparing their clocks."""

from collections.abc import Mapping
from dataclasses import dataclass

from foundry_bench.values.record import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a merged row came about.

    Attributes:
        hosts: whose samples it holds.
        durations_s: of each host, from its first request sent to its last answer's end, by its own clock.
        start_skew_s: all hosts began within this time of each other, by the clock of the machine that started them;
            None where that is not known, as of a run that was resumed or paused.
        total_tokens_per_s: completion tokens of all answers over the time in which any host measured: its least and
            its greatest possible value.
    """

    hosts: tuple[str, ...]
    durations_s: tuple[float | None, ...]
    start_skew_s: float | None
    total_tokens_per_s: tuple[float, float] | None


class Span:
    """From the first request sent to the last answer's end, by one clock, and the tokens of the answers between."""

    def __init__(self) -> None:
        self.tokens = 0
        self._first_ns: int | None = None
        self._last_ns = 0.0

    def add(self, sample: Sample) -> None:
        """Take in a measured answer; others don't count."""
        if sample.phase != "measure" or not sample.counts or sample.latency_s is None:
            return
        self._first_ns = sample.sent_ns if self._first_ns is None else min(self._first_ns, sample.sent_ns)
        self._last_ns = max(self._last_ns, sample.sent_ns + sample.latency_s * 1e9)
        self.tokens += sample.completion_tokens or 0

    @property
    def duration_s(self) -> float | None:
        """None without an answer."""
        return None if self._first_ns is None else (self._last_ns - self._first_ns) / 1e9


def spread_of(found: Mapping[str, Span], start_skew_s: float | None) -> Spread:
    """What the spans of all hosts amount to.

    Hosts that began within ``start_skew_s`` of each other were at work, together, for at least the longest of their
    durations and at most for that and the skew.
    """
    durations = tuple(span.duration_s for span in found.values())
    longest = max((one for one in durations if one), default=None)
    tokens = sum(span.tokens for span in found.values())
    rates = None
    if longest and start_skew_s is not None and tokens:
        rates = (tokens / (longest + start_skew_s), tokens / longest)
    return Spread(hosts=tuple(found), durations_s=durations, start_skew_s=start_skew_s, total_tokens_per_s=rates)
