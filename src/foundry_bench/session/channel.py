"""What travels between a benchmark's process and those who start, follow or steer it: one JSON document a line."""

from dataclasses import dataclass

from foundry_bench.session.beacons import Beacon
from foundry_bench.values.events import Event
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.result import RunStatus
from foundry_bench.values.snapshot import Snapshot
from foundry_bench.worker.protocol import Pause, Resume, Stop, by_name, decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What a new process is to measure; ``out`` is the absolute path of the folder of all runs."""

    plan: Plan
    targets: tuple[Target, ...]
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why the job was not begun."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """A client's first line."""

    token: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Give the model in hand up and go on with the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened:
    """The first line for a client: what is measured, where it is recorded, how far it has come."""

    run: str
    plan: Plan
    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last line for a client; ``problem`` says why where the run can't be recorded any more."""

    status: RunStatus
    problem: str | None = None


Order = Pause | Resume | Skip | Stop
# A snapshot comes where it does not follow from the events: after a pause, and to a client that fell behind.
News = Event | Snapshot | RunEnded

Message = Job | Beacon | Refused | Hello | Order | RunOpened | News

_KINDS = by_name(Message)


def encode_line(message: Message) -> bytes:
    """One line, whoever it is for."""
    return encode(message)


def decode_line(line: bytes) -> Message:
    """The message on a line. Raises ValueError where there is none."""
    message: Message = decode(line, _KINDS)
    return message
