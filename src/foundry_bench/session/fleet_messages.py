"""What travels between a run of many hosts and each host: one JSON document a line."""

from dataclasses import dataclass

from foundry_bench.session.channel import Skip
from foundry_bench.values.events import Event
from foundry_bench.values.fleet import Share
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.record import Failure, Sample
from foundry_bench.values.result import RunRecord
from foundry_bench.worker.protocol import Pause, Resume, Stop, by_name, decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class HostJob:
    """What a host is to measure.

    Attributes:
        run: id of the run at home; the host's own folder is named by it and by ``host``.
        topic: the beginning of the names of all queues and events of this sitting.
        share: where several hosts send one load; they then begin each model together.
        known: what is recorded at home already, of an earlier sitting.
    """

    run: str
    host: str
    topic: str
    plan: Plan
    targets: tuple[Target, ...]
    share: Share | None = None
    known: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReady:
    """The model is loaded and warmed up here; the host waits for the others."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostStarted:
    """The first measured request of the model left, after the hosts were let go."""

    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEnded:
    """The host is done, and holds so many samples; ``error`` says why where it could not do its part."""

    samples: int = 0
    error: Failure | None = None


HostOrder = Pause | Resume | Skip | Stop
HostNews = Event | RunRecord | HostReady | HostStarted | HostEnded

_NEWS, _ORDERS, _JOBS = by_name(HostNews), by_name(HostOrder), {HostJob.__name__: HostJob}


def encode_line(message: HostJob | HostOrder | HostNews) -> bytes:
    """One line, whoever it is for."""
    return encode(message)


def decode_news(line: bytes) -> HostNews:
    """What a host tells. Raises ValueError on anything else."""
    news: HostNews = decode(line, _NEWS)
    return news


def decode_order(line: bytes) -> HostOrder:
    """What a host is told. Raises ValueError on anything else."""
    order: HostOrder = decode(line, _ORDERS)
    return order


def decode_job(line: bytes) -> HostJob:
    """What a host is to do. Raises ValueError on anything else."""
    job: HostJob = decode(line, _JOBS)
    return job


def orders_topic(topic: str, host: str) -> str:
    """The queue of orders for one host."""
    return f"{topic}/orders/{host}"


def go_topic(topic: str, model: str) -> str:
    """The event at which all hosts begin to measure a model."""
    return f"{topic}/go/{model}"
