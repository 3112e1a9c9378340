"""Draws a plot with plotext: lines of braille dots, points as marks."""

from contextlib import suppress
from math import ceil
from typing import Any

from rich.color import ColorType
from rich.text import Span, Text

from foundry_bench.tui.drawn.plot import MARKS, Axis, Plot, tick_label


def prepare() -> None:
    """Import plotext, which takes half a second the first time, where nobody waits for it."""
    with suppress(ImportError):
        import plotext  # noqa: F401 - the import is what this is for


def draw_braille(plot: Plot, width: int, height: int, styles: tuple[str, ...]) -> Text:
    """The plot in ``width`` x ``height`` characters; ``styles`` are those of the curves, in turn.

    Raises:
        ImportError: plotext has no build for this platform.
    """
    import plotext

    plotext.terminal.limit(False, False)  # noqa: FBT003 - its parameters have no names
    figure = type(plotext.figure)(parent=plotext.terminal)
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    across, up = plot.bounds()
    for index, curve in plot.from_below():
        if not curve.xs.size:
            continue
        points = curve.xs.tolist(), curve.ys.tolist()
        # The number of a colour of the terminal tells the curve; the theme's own colours come afterwards.
        number = index % len(styles) + 1
        if curve.joined:
            figure.draw(figure.signal(*points, marker=plotext.marker("braille", plotext.pixel(number))).lines())
        if curve.marked and (not curve.joined or curve.xs.size <= width // 3):
            mark = MARKS[index % len(MARKS)]
            figure.draw(figure.signal(*points, marker=plotext.marker(mark, plotext.pixel(number))))
    figure.axes(active=False, axis="x", side="upper")
    figure.axes(active=False, axis="y", side="right")
    _rule(figure.ruler("x"), across, plot.x, max(2, width // 20))
    _rule(figure.ruler("y"), up, plot.y, max(2, height // 4))
    return _styled(Text.from_ansi(figure.build().string(), no_wrap=True), styles)


def _rule(ruler: Any, bounds: tuple[float, float], axis: Axis, count: int) -> None:
    low, high = bounds
    ruler.lim(low, high)
    if axis.unit == "count":
        values = [float(value) for value in range(ceil(low), int(high) + 1, ceil((high - low) / count) or 1)]
    else:
        values = [low + (high - low) * step / count for step in range(count + 1)]
    ruler.ticks(values, [tick_label(value, axis.unit) for value in values])


def _styled(text: Text, styles: tuple[str, ...]) -> Text:
    spans = []
    for span in text.spans:
        color = None if isinstance(span.style, str) else span.style.color
        if color is not None and color.type is not ColorType.DEFAULT and color.number:
            spans.append(Span(span.start, span.end, styles[(color.number - 1) % len(styles)]))
    text.spans = spans
    text.rstrip()
    return text
