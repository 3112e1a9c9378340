"""What the models on this disk take."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from foundry_bench.tui.display import Glyphs
from foundry_bench.tui.drawn.safe_text import in_cells
from foundry_bench.values.format import megabytes, one_line

_BAR, _BARRED = 8, 34


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheUse:
    """A model cache: its folder, its models by size in MB, and the disk that it is on."""

    folder: str
    models: Sequence[tuple[str, float]] = ()
    free_mb: float | None = None

    @property
    def used_mb(self) -> float:
        """All models together."""
        return sum(size for _, size in self.models)


def cache_use(use: CacheUse | None, glyphs: Glyphs, width: int) -> Text:
    """The sum, then a line a model, the largest first."""
    if use is None:
        return Text("reading…", "dim")
    count = len(use.models)
    text = Text.assemble((f"{count} model{'' if count == 1 else 's'}, {megabytes(use.used_mb)}", "bold"))
    text.append(f"\n{megabytes(use.free_mb)} free on its disk" if use.free_mb is not None else "")
    largest = max((size for _, size in use.models), default=0.0) or 1.0
    barred = width >= _BARRED
    name_width = max(8, width - 9 - (_BAR + 1 if barred else 0))
    for name, size in sorted(use.models, key=lambda model: -model[1]):
        text.append(f"\n{in_cells(one_line(name), name_width)} {megabytes(size):>8}{' ' * barred}")
        if barred:
            text.append(glyphs.bar * max(1, round(_BAR * size / largest)), "bold")
    text.append(f"\n{one_line(use.folder)}", "dim")
    return text
