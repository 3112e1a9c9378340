"""Draws a plot with single characters: where plotext can't be had, and where only ASCII is wanted."""

import numpy as np
from rich.text import Text

from foundry_bench.tui.drawn.plot import ASCII_MARKS, MARKS, Curve, Plot, tick_label

Cells = dict[tuple[int, int], tuple[str, int]]


def draw_blocks(plot: Plot, width: int, height: int, styles: tuple[str, ...], *, ascii_only: bool) -> Text:
    """The plot in ``width`` x ``height`` characters; ``styles`` are those of the curves, in turn."""
    (left, right), (low, high) = plot.bounds()
    labels = [tick_label(value, plot.y.unit) for value in (high, (low + high) / 2, low)]
    margin = max(map(len, labels)) + 1
    columns, rows = max(2, width - margin - 1), max(2, height - 2)
    cells: Cells = {}
    marks = ASCII_MARKS if ascii_only else MARKS
    line = "." if ascii_only else "·"
    for index, curve in plot.from_below():
        across = np.rint((curve.xs - left) / (right - left) * (columns - 1)).astype(int)
        up = np.rint((curve.ys - low) / (high - low) * (rows - 1)).astype(int)
        if curve.joined:
            _join(cells, curve, across, up, (line, index))
        for place in zip(across.tolist(), up.tolist(), strict=True) if curve.marked else ():
            cells[place] = marks[index % len(marks)], index
    ticks = dict(zip((rows - 1, (rows - 1) // 2, 0), labels, strict=True))
    wall, corner, floor = ("|", "+", "-") if ascii_only else ("│", "└", "─")
    text = Text(no_wrap=True)
    for row in range(rows - 1, -1, -1):
        text.append(f"{ticks.get(row, ''):>{margin - 1}} {wall}")
        for column in range(columns):
            mark, index = cells.get((column, row), (" ", 0))
            text.append(mark, styles[index % len(styles)] if mark != " " else "")
        text.append("\n")
    text.append(f"{'':{margin}}{corner}{floor * columns}\n")
    first, last = tick_label(left, plot.x.unit), tick_label(right, plot.x.unit)
    return text.append(f"{'':{margin + 1}}{first}{last:>{max(1, columns - len(first))}}")


def _join(
    cells: Cells,
    curve: Curve,
    across: "np.ndarray[tuple[int], np.dtype[np.int_]]",
    up: "np.ndarray[tuple[int], np.dtype[np.int_]]",
    mark: tuple[str, int],
) -> None:
    for index in range(curve.xs.size - 1):
        steps = int(max(abs(across[index + 1] - across[index]), abs(up[index + 1] - up[index]), 1))
        xs = np.rint(np.linspace(across[index], across[index + 1], steps + 1)).astype(int)
        ys = np.rint(np.linspace(up[index], up[index + 1], steps + 1)).astype(int)
        for place in zip(xs.tolist(), ys.tolist(), strict=True):
            cells.setdefault(place, mark)
