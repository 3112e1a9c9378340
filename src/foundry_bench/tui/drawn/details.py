"""What is known of the model in hand."""

from textwrap import wrap

from rich.text import Text

from foundry_bench.tui.catalog_view import Row
from foundry_bench.tui.display import Glyphs
from foundry_bench.values.choice import entry_verdict
from foundry_bench.values.fit import Room, free_mb, need
from foundry_bench.values.format import UNDEFINED, megabytes, one_line
from foundry_bench.values.transfer import Transfer
from foundry_bench.values.transfer_lines import detail, outcome

_NAMES = 10
_FITS = {"fits": "fits in what is free now", "tight": "tight: close other programs", "no": "does not fit", None: ""}
_SOURCES = {"own": "your own, imported", "disk": "on the disk, not in the catalog", "endpoint": "an endpoint"}


def details(row: Row | None, room: Room, transfer: Transfer | None, glyphs: Glyphs, width: int) -> Text:
    """Lines of a name and a value each; values come from others and are never markup."""
    if row is None:
        return Text("no model", "dim")
    entry, fits = row.entry, entry_verdict(row.entry, room)
    needed = need(entry.size_mb) if entry.size_mb is not None else None
    where = "loaded" if entry.loaded else f"{glyphs.cached} on the disk" if entry.cached else "not downloaded"
    lines: list[tuple[str, str]] = [
        ("id", entry.id),
        ("device", entry.device or UNDEFINED),
        ("provider", (entry.execution_provider or UNDEFINED).removesuffix("ExecutionProvider")),
        ("size", megabytes(entry.size_mb)),
        ("quantised", entry.quantization or ""),
        ("memory", f"{megabytes(needed.least_mb)} to {megabytes(needed.likely_mb)}" if needed else UNDEFINED),
        ("", f"{glyphs.working} {_FITS[fits]}" if fits else ""),
        ("", f"{megabytes(free_mb(room))} free of {megabytes(room.total_mb)}"),
        ("state", where),
        ("download", _download(transfer) if transfer else ""),
        ("context", UNDEFINED if entry.context_length is None else f"{entry.context_length:,} tokens"),
        ("task", entry.task or UNDEFINED),
        ("licence", entry.license or UNDEFINED),
        ("publisher", entry.publisher or UNDEFINED),
        ("can do", ", ".join(entry.capabilities) or UNDEFINED),
        ("source", _SOURCES.get(entry.source, "the catalog")),
        ("folder", entry.path or ""),
    ]
    text = Text.assemble((one_line(row.name), "bold"))
    if row.variants > 1:
        text.append(f"\n{row.variants} variants; of this one the runtime's own choice:", "italic")
    for name, value in lines:
        if value:
            parts = wrap(one_line(value), max(12, width - _NAMES)) or [""]
            text.append(f"\n{name:{_NAMES}}", "dim").append(parts[0])
            for part in parts[1:]:
                text.append(f"\n{'':{_NAMES}}{part}")
    return text


def _download(transfer: Transfer) -> str:
    """How far it is, or what became of it."""
    if transfer.state == "downloading":
        return f"{transfer.arrived:.0%} {detail(transfer)}"
    return outcome(transfer) or "waits for its turn"
