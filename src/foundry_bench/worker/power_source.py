"""What a source of power readings is, and energy from power where a source has no counter of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from foundry_bench.values.telemetry import Meter


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReading:
    """What a source says now; what it can't say is left out. Energy in joules so far, memory in MB."""

    joules: Mapping[Meter, float] = field(default_factory=dict)
    gpu_percent: float | None = None
    gpu_memory_mb: float | None = None


class PowerSource(Protocol):
    """A part of the machine that tells of its energy or its graphics cards; may block, so it is read in a thread."""

    def read(self, at_s: float) -> SourceReading:
        """What it says at ``at_s`` of the monotonic clock; never raises."""


class Integral:
    """Energy of a power that is read now and then: the trapezoid between two readings."""

    def __init__(self) -> None:
        self._joules = 0.0
        self._last: tuple[float, float] | None = None

    def joules(self, at_s: float, watts: float) -> float:
        """Energy up to now, in joules, since the first reading."""
        if self._last:
            before_s, before_w = self._last
            self._joules += (at_s - before_s) * (before_w + watts) / 2
        self._last = (at_s, watts)
        return self._joules
