"""What travels between parent and worker: commands one way, events the other, one JSON document a line."""

import dataclasses
import types
from typing import Any, get_args

import msgspec

from foundry_bench.values import events
from foundry_bench.values.plan import Plan, Runtime, Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Measure one model of the plan; ``done`` names the (prompt id, round) pairs that an earlier run answered.

    With ``in_turns`` it waits after its warm-up, and after each turn, for ``Rounds`` or ``Finish``.
    """

    plan: Plan
    target: Target
    done: tuple[tuple[str, int], ...] = ()
    in_turns: bool = False


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """Take a turn: measure the rounds up to the one of this number."""

    through: int


@dataclasses.dataclass(frozen=True, slots=True)
class Finish:
    """Take no more turns: what was measured is all that is wanted."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """List what the target's endpoint, or without a target the embedded runtime, offers."""

    runtime: Runtime
    target: Target | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """Fetch a model; ``Stop`` breaks it off."""

    runtime: Runtime
    target: Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Load a model and hold it until it is unloaded or the worker ends."""

    runtime: Runtime
    target: Target
    fit_check: bool = True


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Unload:
    """Give up the model that is held."""

    runtime: Runtime
    target: Target


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Delete a model, or what there is of it, from the cache."""

    runtime: Runtime
    target: Target


@dataclasses.dataclass(frozen=True, slots=True)
class Pause:
    """Start no further request."""


@dataclasses.dataclass(frozen=True, slots=True)
class Resume:
    """Go on after a pause."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    """Break off the measurement and finish it properly, or the download and keep what is there."""


Command = Measure | Rounds | Finish | Catalog | Download | Load | Unload | Remove | Pause | Resume | Stop


def by_name(union: types.UnionType) -> dict[str, Any]:
    """The kinds of messages in a union, by the name that stands before each on its line."""
    return {kind.__name__: kind for kind in get_args(union)}


_COMMANDS, _EVENTS = by_name(Command), by_name(events.Event)


def encode(message: object) -> bytes:
    """A line with the message and its kind."""
    return msgspec.json.encode([type(message).__name__, message]) + b"\n"


def decode(line: bytes, kinds: dict[str, Any]) -> Any:
    """The message on a line, of one of ``kinds``. Raises ValueError on anything else."""
    try:
        name, fields = msgspec.json.decode(line, type=tuple[str, msgspec.Raw])
        return msgspec.json.decode(fields, type=kinds[name])
    except (KeyError, RecursionError) as error:
        raise ValueError(f"no message of ours: {error}") from error


def decode_command(line: bytes) -> Command:
    """A line from the parent. Raises ValueError on anything else."""
    command: Command = decode(line, _COMMANDS)
    return command


def decode_event(line: bytes) -> events.Event:
    """A line from the worker. Raises ValueError on anything else."""
    event: events.Event = decode(line, _EVENTS)
    return event
