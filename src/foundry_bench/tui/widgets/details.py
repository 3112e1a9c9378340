"""What is known of the model in hand."""

from textwrap import wrap

from rich.text import Text

from foundry_bench.tui.catalog_view import Memory, Row, fit, needed_mb
from foundry_bench.tui.display import Glyphs
from foundry_bench.values.format import UNDEFINED, megabytes, one_line

_NAMES = 10
_FITS = {"fits": "fits in what is free now", "tight": "only with other programs closed", "no": "too large", None: ""}
_SOURCES = {"own": "your own, imported", "disk": "on the disk, not in the catalog", "endpoint": "an endpoint"}


def details(row: Row | None, memory: Memory, glyphs: Glyphs, width: int) -> Text:
    """Lines of a name and a value each; values come from others and are never markup."""
    if row is None:
        return Text("no model", "dim")
    entry, fits, needed = row.entry, fit(row.entry, memory), needed_mb(row.entry)
    where = "loaded" if entry.loaded else f"{glyphs.cached} on the disk" if entry.cached else "not downloaded"
    lines: list[tuple[str, str]] = [
        ("id", entry.id),
        ("device", entry.device or UNDEFINED),
        ("provider", (entry.execution_provider or UNDEFINED).removesuffix("ExecutionProvider")),
        ("size", megabytes(entry.size_mb)),
        ("memory", f"about {megabytes(needed)}" if needed is not None else UNDEFINED),
        ("", f"{glyphs.working} {_FITS[fits]}" if fits else ""),
        ("", f"{megabytes(memory.available_mb)} free of {megabytes(memory.total_mb)}"),
        ("state", where),
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
            parts = wrap(one_line(value), max(12, width - 1 - _NAMES)) or [""]
            text.append(f"\n{name:{_NAMES}}", "dim").append(parts[0])
            for part in parts[1:]:
                text.append(f"\n{'':{_NAMES}}{part}")
    return text
