"""What a model took of this machine while it was measured: time, processors, memory of graphics cards, energy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

MeterKind = Literal["cpu", "gpu"]


class Meter(NamedTuple):
    """Something that counts energy: a processor's package, its memory, a graphics card."""

    kind: MeterKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One look at the machine.

    Attributes:
        at_s: when, by the monotonic clock.
        active: whether a request was under way.
        cpu_s: processor time of the process that holds the model, so far.
        joules: energy so far, of each meter that could be read; only differences mean anything.
        gpu_percent: how busy the busiest graphics card is.
        gpu_memory_mb: what all graphics cards together hold.
    """

    at_s: float
    active: bool
    cpu_s: float
    joules: Mapping[Meter, float] = field(default_factory=dict)
    gpu_percent: float | None = None
    gpu_memory_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The sums over a stretch of time; ``joules`` is None before the first two readings."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    joules: Mapping[Meter, float] | None = None
    gpu_percent_s: float = 0.0
    gpu_s: float = 0.0
    gpu_memory_mb: float | None = None

    def plus(self, before: Reading, now: Reading) -> "Use":
        """This and the time between two readings; a meter that misses one of them is out of it for good."""
        seconds = now.at_s - before.at_s
        both = {meter: now.joules[meter] - start for meter, start in before.joules.items() if meter in now.joules}
        if self.joules is not None:
            both = {meter: self.joules[meter] + joules for meter, joules in both.items() if meter in self.joules}
        shares = [share for share in (before.gpu_percent, now.gpu_percent) if share is not None]
        sizes = [size for size in (self.gpu_memory_mb, before.gpu_memory_mb, now.gpu_memory_mb) if size is not None]
        return replace(
            self,
            seconds=self.seconds + seconds,
            cpu_s=self.cpu_s + now.cpu_s - before.cpu_s,
            joules=both,
            gpu_percent_s=self.gpu_percent_s + (sum(shares) / len(shares) * seconds if shares else 0.0),
            gpu_s=self.gpu_s + (seconds if shares else 0.0),
            gpu_memory_mb=max(sizes, default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterUse:
    """What one meter counted; ``idle_w`` is its mean power just before the model was loaded, None where not read."""

    kind: MeterKind
    name: str
    joules: float
    idle_w: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telemetry:
    """The measure phase of one model on this machine; pauses and warm-up are left out.

    Attributes:
        seconds: time with requests under way.
        answers: requests answered in it, by whichever path; ``completion_tokens`` of all of them, None where one's
            are not known.
        cpu_percent: mean processor use of the process that holds the model, in percent of all cores.
        gpu_percent: mean use of the busiest graphics card; of the whole card, whoever used it.
        gpu_memory_mb: the most that all graphics cards held, by whomever; ``gpu_memory_before_mb`` before the load.
        meters: the energy that each meter counted.
    """

    seconds: float
    answers: int
    completion_tokens: int | None
    cpu_percent: float
    gpu_percent: float | None = None
    gpu_memory_mb: float | None = None
    gpu_memory_before_mb: float | None = None
    meters: tuple[MeterUse, ...] = ()


def telemetry(idle: Use, measured: Use, *, answers: int, completion_tokens: int | None, cores: int) -> Telemetry | None:
    """Put together what was read; None where less than half a millisecond was measured, which tells nothing."""
    seconds = round(measured.seconds, 3)
    if seconds <= 0:
        return None
    idle_joules = idle.joules or {}
    return Telemetry(
        seconds=seconds,
        answers=answers,
        completion_tokens=completion_tokens,
        cpu_percent=round(100 * measured.cpu_s / (measured.seconds * cores), 1),
        gpu_percent=round(measured.gpu_percent_s / measured.gpu_s, 1) if measured.gpu_s else None,
        gpu_memory_mb=measured.gpu_memory_mb,
        gpu_memory_before_mb=idle.gpu_memory_mb,
        meters=tuple(
            MeterUse(
                kind=meter.kind,
                name=meter.name,
                joules=round(joules, 3),
                idle_w=round(idle_joules[meter] / idle.seconds, 3) if meter in idle_joules and idle.seconds else None,
            )
            for meter, joules in (measured.joules or {}).items()
        ),
    )
