"""The panes of a benchmark under way: its progress, its answers, its log."""

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from foundry_bench.tui.display import Display
from foundry_bench.tui.drawn.progress_lines import Board, lines_wanted, opening_line, progress_lines
from foundry_bench.tui.run_control import RunControl
from foundry_bench.tui.widgets.answers import Answers
from foundry_bench.tui.widgets.event_log import EventLog
from foundry_bench.tui.widgets.text_pane import TextPane
from foundry_bench.values.plan import Plan


class LivePanes(Container):
    """Draws the snapshot of the benchmark that ``control`` follows whenever ``show`` is called; ``memory_mb`` is what
    this machine, or its container, has.
    """

    def __init__(
        self,
        control: RunControl,
        options: Display,
        memory_mb: float,
        *,
        id: str,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self._control = control
        self._options = options
        self._memory_mb = memory_mb
        self._plan: Plan | None = None

    def compose(self) -> ComposeResult:
        """Progress and answers over the log."""
        with Vertical(id="progress", classes="pane") as progress:
            progress.border_title = "Progress"
            yield TextPane(id="bars")
        answers = Answers(self._options, id="answers", classes="pane")
        answers.border_title = "Answers"
        yield answers
        with Vertical(id="log", classes="pane") as log:
            log.border_title = "Log"
            yield EventLog(self._options, id="lines")

    def show(self) -> None:
        """Draw how far the benchmark is."""
        control, bars, glyphs = self._control, self.query_one("#bars", TextPane), self._options.glyphs
        snapshot = control.snapshot
        if snapshot is None:
            bars.show([opening_line(control.clock() - control.began_s, glyphs)] if control.running else [])
            return
        if control.plan is not self._plan and control.plan:
            self._plan = control.plan
            self.query_one(Answers).expect(control.plan.concurrency)
            bars.styles.height = lines_wanted(len(snapshot.models))
        board = Board(
            now_s=control.clock(),
            over=not control.running,
            width=bars.size.width,
            height=bars.size.height,
            glyphs=glyphs,
            memory_mb=self._memory_mb,
        )
        bars.show(progress_lines(snapshot, board))
        self.query_one(Answers).show(snapshot.answers)
        self.query_one(EventLog).follow(snapshot.log, snapshot.logged)
