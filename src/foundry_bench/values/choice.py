"""Which variant a model's name stands for on this device."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from foundry_bench.values.fit import Room, Verdict, need, verdict

if TYPE_CHECKING:  # the first paint does not wait for it
    from foundry_bench.values.events import CatalogEntry

_MOST_ADVISED = 3


def entry_verdict(entry: "CatalogEntry", room: Room) -> Verdict | None:
    """Whether a model fits, told from its size alone; None where that is not known."""
    return None if entry.size_mb is None else verdict(need(entry.size_mb), room, entry.device)


def named(entries: "Sequence[CatalogEntry]", name: str) -> "list[CatalogEntry]":
    """The variants that an alias, an id or a name without its version means, in the catalog's order."""
    wanted = name.lower()
    return [entry for entry in entries if wanted in {entry.alias.lower(), entry.id.lower(), entry.name.lower()}]


def of_device(
    entries: "Sequence[CatalogEntry]", device: str | None = None, execution_provider: str | None = None
) -> "list[CatalogEntry]":
    """Those for a device (``cpu``, ``gpu``, ``npu``) and an execution provider, whose name may be a part: ``cuda``."""
    provider = (execution_provider or "").lower()
    return [
        entry
        for entry in entries
        if device in {None, (entry.device or "").lower()} and provider in (entry.execution_provider or "").lower()
    ]


def choose(variants: "Sequence[CatalogEntry]", room: Room | None) -> "CatalogEntry":
    """Of several variants the first that fits and is on the disk, or that fits, or is on the disk, or is the first.

    Without a ``room`` all are taken to fit. ``variants`` holds at least one and is in the catalog's order, which is the
    runtime's own preference on this device.
    """
    return min(
        variants,
        key=lambda entry: (room is not None and entry_verdict(entry, room) == "no", not entry.cached),
    )


def smaller(entries: "Sequence[CatalogEntry]", than: "CatalogEntry", room: Room) -> dict[str, float]:
    """At most three models that fit, by id with their size in MB: variants of the alias, then the largest others."""
    fitting = [
        entry
        for entry in entries
        if entry.id != than.id and entry.size_mb and entry.task == than.task and entry_verdict(entry, room) != "no"
    ]
    fitting.sort(key=lambda entry: (entry.alias != than.alias, -(entry.size_mb or 0)))
    return {entry.id: entry.size_mb or 0.0 for entry in fitting[:_MOST_ADVISED]}


def missing_variant(variants: "Sequence[CatalogEntry]", device: str | None, execution_provider: str | None) -> str:
    """One line on why none of the variants is for the device or provider that was asked for."""
    asked = " and ".join(part for part in (device, execution_provider) if part)
    there = sorted({f"{entry.device or '?'}/{_short(entry.execution_provider)}" for entry in variants})
    return f"no variant for {asked}; on this device there is {_listed(there)}"


def _short(provider: str | None) -> str:
    return (provider or "?").removesuffix("ExecutionProvider")


def _listed(items: Collection[str]) -> str:
    return ", ".join(items) or "none"
