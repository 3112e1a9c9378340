"""What calls for care, in as many lines as there are; what they don't hold is counted."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from foundry_bench.session.run_view import RunView
from foundry_bench.tui.drawn.results_columns import COLUMNS, Column, cautions, degenerate
from foundry_bench.tui.drawn.units_kept import units_kept
from foundry_bench.values.cautions import Caution
from foundry_bench.values.format import one_line
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.result import ModelResult


def caution_texts(view: RunView, model: ModelResult, column: Column | None = None) -> list[str]:
    """All cautions of a model: of answers that are none first, then those of the figure of ``column``, or where that
    is none those of all figures with a sign, then of the model as a whole, then the others.
    """
    return list(dict.fromkeys(_texts(view, model, column)))


def caution_lines(texts: Sequence[str], sign: str, most: int, width: int) -> Text:
    """As many of the texts, whole, as ``most`` lines of ``width`` columns hold, the first one always; a count of the
    others.
    """
    blocks = [units_kept(f"{sign} {text}", width) for text in texts]
    shown, used = 0, 0
    for place, block in enumerate(blocks):
        used += block.plain.count("\n") + 1
        if place and used + (place + 1 < len(blocks)) > most:
            break
        shown += 1
    lines = blocks[:shown]
    if rest := len(blocks) - shown:
        lines.append(Text(f"+{rest} more: enter", "dim"))
    return Text("\n").join(lines)


def _texts(view: RunView, model: ModelResult, column: Column | None) -> Iterator[str]:
    if reason := degenerate(view, model.name):
        yield one_line(reason)
    here = cautions(model, column) if column else []
    yield from (one_line(caution.message) for caution in here)
    general = [one_line(caution.message) for caution in model.warnings if caution.metric is None]
    marked = [caution for other in COLUMNS.values() for caution in cautions(model, other) if caution not in here]
    rest = [caution for caution in model.warnings if caution.metric and caution not in (*here, *marked)]
    if column and column.metric:
        yield from (*general, *_named(marked), *_named(rest))
    else:
        yield from (*_named(marked), *general, *_named(rest))


def _named(found: Sequence[Caution]) -> Iterator[str]:
    """A text once, with the names of the figures that it touches."""
    labels: dict[str, dict[str, None]] = {}
    for caution in found:
        if caution.metric:
            labels.setdefault(one_line(caution.message), {})[METRICS[caution.metric].label] = None
    for message, names in labels.items():
        yield f"{', '.join(names)}: {message}"
