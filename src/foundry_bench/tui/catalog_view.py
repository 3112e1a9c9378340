"""The catalog as a list to choose from: filtered, sorted, grouped by alias; pure, and it draws nothing."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, TypeVar

if TYPE_CHECKING:  # the first paint does not wait for it
    from foundry_bench.values.events import CatalogEntry
    from foundry_bench.values.plan import Plan
    from foundry_bench.values.transfer import Transfer

SortKey = Literal["name", "size", "device", "context", "disk"]
SORT_KEYS: tuple[SortKey, ...] = ("name", "size", "device", "context", "disk")

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the list: a model, a variant of one, or (``variants`` above 1) the heading over its variants.

    ``name`` is what a plan calls it; ``entry`` the variant, of a heading the one that the runtime would take.
    """

    name: str
    entry: "CatalogEntry"
    variants: int = 1
    child: bool = False
    last: bool = False


def with_disk(entries: "Sequence[CatalogEntry]", model_id: str, *, cached: bool) -> "tuple[CatalogEntry, ...]":
    """The entries after a model has come to the disk, or left it; one that the disk alone knew is gone then."""
    return tuple(
        replace(entry, cached=cached) if entry.id == model_id else entry
        for entry in entries
        if entry.id != model_id or cached or entry.source == "catalog"
    )


def with_loaded(entries: "Sequence[CatalogEntry]", name: str | None) -> "list[CatalogEntry]":
    """The entries, loaded where ``name`` means them and they are on the disk."""
    return [
        replace(entry, loaded=True) if name in {entry.alias, entry.id} and entry.cached else entry for entry in entries
    ]


def missing(marked: Sequence[str], entries: "Sequence[CatalogEntry]") -> "dict[str, CatalogEntry]":
    """The marked models that are not on the disk, by the names of the list."""
    by_name = {row.name: row.entry for row in rows(entries)}
    return {name: by_name[name] for name in marked if name in by_name and not by_name[name].cached}


def nothing_to_fetch(marked: Sequence[str], entries: "Sequence[CatalogEntry]") -> str:
    """Why none of the marked models is downloaded."""
    known = {row.name for row in rows(entries)}
    unlisted = [name for name in marked if name not in known]
    if not unlisted:
        return "all marked models are on the disk"
    return f"{', '.join(unlisted)}: not in the catalog; what else is marked is on the disk"


def unknown(plan: "Plan", entries: "Sequence[CatalogEntry]", adapters: Collection[str]) -> list[str]:
    """The models of a plan that no entry of the whole list is, as far as that can be said: an endpoint may take names
    that it doesn't list, and a name with a colon may be an endpoint's, an installed adapter's or an older version.
    """
    from foundry_bench.values.choice import named

    if plan.endpoint:
        return []
    return [name for name in plan.models if ":" not in name and name not in adapters and not named(entries, name)]


def transfer_of(row: Row, transfers: "Sequence[Transfer]") -> "Transfer | None":
    """The latest download that was asked for by the row's name, or turned out to be of its variant."""
    meant = [transfer for transfer in transfers if row.name == transfer.name or row.entry.id == transfer.id]
    return meant[-1] if meant else None


def rows(
    entries: "Sequence[CatalogEntry]", *, wanted: str = "", sort: SortKey = "name", descending: bool = False
) -> list[Row]:
    """The lines for the entries that hold every word of ``wanted`` somewhere; what is not known sorts last."""
    words = wanted.lower().split()
    groups: defaultdict[str, list[CatalogEntry]] = defaultdict(list)
    for entry in entries:
        if all(word in _haystack(entry) for word in words):
            groups[entry.alias].append(entry)
    every = Counter(entry.alias for entry in entries)
    key = _ORDER[sort]
    found: list[Row] = []
    for group in _sorted(list(groups.values()), lambda group: _first(group, key), descending=descending):
        variants = list(_sorted(group, key, descending=descending))
        found += _group(variants, alone=every[variants[0].alias] == 1)
    return found


def _group(variants: "Sequence[CatalogEntry]", *, alone: bool) -> list[Row]:
    if alone:
        return [Row(name=_alias(variants[0]), entry=variants[0])]
    usual = next((entry for entry in variants if entry.cached), variants[0])
    heading = Row(name=usual.alias, entry=usual, variants=len(variants))
    return [
        heading,
        *(Row(name=_own_name(entry), entry=entry, child=True, last=entry is variants[-1]) for entry in variants),
    ]


def marked_names(marked: Collection[str], names: Sequence[Row]) -> tuple[str, ...]:
    """The marked names in the order of the list; those that the filter hides come after."""
    shown = [row.name for row in names if row.name in marked]
    return (*dict.fromkeys(shown), *(name for name in marked if name not in shown))


def _alias(entry: "CatalogEntry") -> str:
    return entry.id if entry.source == "endpoint" else entry.alias


def _own_name(entry: "CatalogEntry") -> str:
    return entry.name if entry.source == "own" else entry.id


def _haystack(entry: "CatalogEntry") -> str:
    parts = (entry.alias, entry.id, entry.device, entry.license, entry.task, entry.publisher, *entry.capabilities)
    marks = ("cached" if entry.cached else "", "own" if entry.source == "own" else "")
    return " ".join(part for part in (*parts, *marks) if part).lower()


Key = Callable[["CatalogEntry"], float | str | None]
_ORDER: dict[SortKey, Key] = {
    "name": lambda entry: entry.alias.lower(),
    "size": lambda entry: entry.size_mb,
    "device": lambda entry: entry.device.lower() if entry.device else None,
    "context": lambda entry: entry.context_length,
    "disk": lambda entry: (0.0 if entry.source == "own" else 1.0) if entry.cached else None,
}


def _first(group: "Sequence[CatalogEntry]", key: Key) -> float | str | None:
    values: list[Any] = [value for entry in group if (value := key(entry)) is not None]
    return min(values, default=None)


def _sorted(items: Sequence[Item], key: Callable[[Item], float | str | None], *, descending: bool) -> list[Item]:
    """In order, those without a value last either way."""
    with_value = [(value, item) for item in items if (value := key(item)) is not None]
    without = [item for item in items if key(item) is None]
    with_value.sort(key=itemgetter(0), reverse=descending)
    return [*(item for _, item in with_value), *without]
