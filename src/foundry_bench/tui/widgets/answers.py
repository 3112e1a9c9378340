"""The answers under way, side by side as far as they fit."""

from math import ceil

from textual import events
from textual.containers import Container

from foundry_bench.tui.display import Display
from foundry_bench.tui.widgets.answer_pane import AnswerPane
from foundry_bench.values.snapshot import LiveAnswer

_LEAST_WIDTH, _LEAST_HEIGHT = 36, 5


def grid_of(count: int, width: int, height: int) -> tuple[int, int]:
    """Columns and rows for ``count`` panes: none empty if it can be, none smaller than can be read, then the shape."""
    most_columns, most_rows = max(1, width // _LEAST_WIDTH), max(1, height // _LEAST_HEIGHT)
    grids = [(columns, ceil(count / columns)) for columns in range(1, most_columns + 1)]
    grids = [(columns, rows) for columns, rows in grids if rows <= most_rows] or [(most_columns, most_rows)]
    return min(grids, key=lambda grid: (grid[0] * grid[1] - count, abs(width / grid[0] - 2.5 * height / grid[1])))


class Answers(Container):
    """A grid of panes, one a stream; streams beyond those that fit are counted in the border's title."""

    DEFAULT_CSS = "Answers { layout: grid; grid-gutter: 0 1; }"

    def __init__(self, options: Display, *, id: str, classes: str) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes=classes)
        self._options = options
        self._count = 1

    def on_mount(self) -> None:
        """The first pane."""
        self.mount(AnswerPane(self._options))

    def on_resize(self, event: events.Resize) -> None:
        """As many panes as fit now."""
        del event
        self._fit()

    def expect(self, count: int) -> None:
        """There will be ``count`` streams."""
        self._count = count
        self._fit()

    def show(self, answers: tuple[LiveAnswer, ...]) -> None:
        """Bring the panes up to date."""
        panes = list(self.query(AnswerPane))
        for position, pane in enumerate(panes):
            pane.show(answers[position] if position < len(answers) else None)
        rest = self._count - len(panes)
        title = f"Answers, {rest} more not shown" if rest > 0 else "Answers"
        if self.border_title != title:
            self.border_title = title

    def _fit(self) -> None:
        if not self.size:
            return
        columns, rows = grid_of(self._count, self.size.width, self.size.height)
        self.styles.grid_size_columns, self.styles.grid_size_rows = columns, rows
        panes = list(self.query(AnswerPane))
        wanted = min(self._count, columns * rows)
        for pane in panes[wanted:]:
            pane.remove()
        if wanted > len(panes):
            self.mount_all([AnswerPane(self._options) for _ in range(wanted - len(panes))])
