"""A chart in a pane: its title, who is who, and the plot."""

from functools import partial

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from foundry_bench.tui.drawn.plot import ASCII_MARKS, MARKS, Plot
from foundry_bench.tui.drawn.plot_blocks import draw_blocks
from foundry_bench.tui.drawn.plot_braille import draw_braille

# Names of the theme's colours for the curves, in turn; each curve has a mark of its own beside it.
_COLOURS = ("primary", "warning", "success", "error", "accent", "secondary")
_SMALLEST = (20, 5)
_LEGEND_LINES = 3


class Chart(Widget):
    """Draws ``plot`` in the room it has, with as few points as it can show."""

    DEFAULT_CSS = "Chart { height: 1fr; padding: 0 1; }"

    plot: reactive[Plot | None] = reactive(None)

    def __init__(self, *, ascii_only: bool = False, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self._ascii_only = ascii_only

    def render(self) -> RenderResult:
        """The chart as text."""
        plot, (width, height) = self.plot, self.content_size
        if plot is None:
            return ""
        text = Text(plot.title, "bold", no_wrap=True, overflow="ellipsis", end="")
        if not plot.drawable:
            return text.append(f"\n\n{plot.empty}", "not bold")
        styles = self._styles()
        names = legend(plot, width, styles, ascii_only=self._ascii_only)
        text.append("\n")
        text.append_text(Text("\n").join(names))
        axes = f"\n{plot.y.name} over {plot.x.name}"
        text.append(axes[: width + 1], "not bold dim")
        room = height - 2 - len(names)
        if width < _SMALLEST[0] or room < _SMALLEST[1]:
            return text.append("\n(z makes room for the chart)", "not bold")
        text.append("\n")
        text.append_text(draw(plot, width, room, styles, ascii_only=self._ascii_only))
        return text

    def _styles(self) -> tuple[str, ...]:
        colours = self.app.theme_variables
        # Rich calls a color of the terminal by its name alone.
        return tuple(colours[name].removeprefix("ansi_") for name in _COLOURS if name in colours) or ("",)


def legend(plot: Plot, width: int, styles: tuple[str, ...], *, ascii_only: bool) -> list[Text]:
    """Marks and names, as many a line as there is room for; on the last line that there may be, the rest is cut."""
    marks = ASCII_MARKS if ascii_only else MARKS
    lines = [_line()]
    for index, curve in enumerate(plot.curves):
        mark = marks[index % len(marks)] if curve.marked else "-"
        name = Text.assemble((f"{mark} ", styles[index % len(styles)]), f"{curve.label}  ")
        if lines[-1] and lines[-1].cell_len + name.cell_len - 2 > width and len(lines) < _LEGEND_LINES:
            lines.append(_line())
        lines[-1].append_text(name)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def _line() -> Text:
    return Text(style="not bold", no_wrap=True, overflow="ellipsis", end="")


def draw(plot: Plot, width: int, height: int, styles: tuple[str, ...], *, ascii_only: bool) -> Text:
    """The plot with plotext where it can be, with single characters where not."""
    curves = [curve.thinned(2 * width) for curve in plot.curves]
    thinned = Plot(title=plot.title, x=plot.x, y=plot.y, curves=curves)
    blocks = partial(draw_blocks, thinned, width, height, styles, ascii_only=ascii_only)
    if ascii_only:
        return blocks()
    try:
        return draw_braille(thinned, width, height, styles)
    except ImportError:
        return blocks()
