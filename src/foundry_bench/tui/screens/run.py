"""The mode Run: the plan before, the progress and the answers during, what became of it after."""

import time
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from foundry_bench.tui.apart import apart
from foundry_bench.tui.catalog_view import unknown
from foundry_bench.tui.drawn.plan_summary import plan_summary
from foundry_bench.tui.pace import Pace, fair_share
from foundry_bench.tui.screens.confirm import ConfirmScreen, rest_of
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.pick import PickScreen
from foundry_bench.tui.widgets.form_row import FormInput
from foundry_bench.tui.widgets.live_panes import LivePanes
from foundry_bench.tui.widgets.plan_form_pane import PlanForm
from foundry_bench.values.plan import Plan
from foundry_bench.worker.room import read_room

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.timer import Timer
    from textual.widget import Widget

    from foundry_bench.session.beacons import Beacon


class RunScreen(FrameScreen):
    """Has the class ``-live`` from the start of a benchmark until a new plan is wanted."""

    AUTO_FOCUS = "#summary"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "start", "start", id="run.start"),
        Binding("space", "pause", "pause", id="run.pause"),
        Binding("n", "skip", "skip model", id="run.skip"),
        Binding("x", "stop", "stop", id="run.stop"),
        Binding("t", "results", "results", id="run.results"),
        Binding("r", "again", "new run", id="run.again"),
        Binding("a", "attach", "go to the running one", id="run.attach"),
        Binding("H", "hosts", "hosts", id="hosts"),
    ]
    DEFAULT_CSS = """
    RunScreen {
        #setup, #live { height: 1fr; width: 1fr; }
        #live { display: none; }
        &.-live #setup { display: none; }
        &.-live #live { display: block; }
        #form { width: 3fr; height: 1fr; }
        #summary { width: 2fr; height: 1fr; }
        #progress { height: auto; }
        #bars { height: 7; }
        #answers { height: 1fr; }
        #log { height: 6; }
        &.-short #log { height: 4; }
        &.-wide #live { layout: grid; grid-size: 2 2; grid-columns: 1fr 1fr; grid-rows: auto 1fr; }
        &.-wide #progress { column-span: 2; }
        &.-wide #log { height: 1fr; }
        &.-wide.-single #live { layout: vertical; }
        &.-narrow.-on-progress #progress { height: auto; }
        &.-narrow.-single.-on-progress.-live #answers { display: block; height: 1fr; }
    }
    """

    _pace: Pace

    def __init__(self) -> None:
        super().__init__()
        self._redraw: Timer | None = None
        self._elsewhere: Sequence[Beacon] = ()

    def compose_body(self) -> ComposeResult:
        """The form beside its sum, and in their place the live panes."""
        with Horizontal(id="setup"):
            form = PlanForm(self.bench.settings.plan, self.bench.marked, id="form", classes="pane")
            form.border_title = "Plan"
            yield form
            with VerticalScroll(id="summary", classes="pane") as summary:
                summary.border_title = "Summary"
                yield Static(id="sum", markup=False)
        yield LivePanes(self.bench.control, self.bench.options, read_room().total_mb, id="live")

    def on_mount(self) -> None:
        """Show the plan; measure at once where the application was started for that."""
        options = self.bench.options
        self._pace = Pace(options.tick_s, fair_share(), options.most_bytes_per_s)
        self._dress()
        self._sum_up(self.query_one(PlanForm).described)
        start, self.bench.start = self.bench.start, None
        if isinstance(start, Plan):
            self._begin(start)
        elif start:
            self.attach(start)

    def on_screen_resume(self) -> None:
        """Other models may have been marked in the meantime; a benchmark may have gone on."""
        self.query_one(PlanForm).take_models(self.bench.marked)
        self.show_models()
        self._draw()
        self._look_elsewhere()

    def show_models(self) -> None:
        """Which names of the plan mean nothing may be known now."""
        self._sum_up(self.query_one(PlanForm).described)

    def on_screen_suspend(self) -> None:
        """What nobody sees is not drawn."""
        if self._redraw:
            self._redraw.stop()

    @on(events.Resize)
    def _resized(self) -> None:
        """The panes have other sizes after the new layout."""
        self.call_after_refresh(self._show)

    def show_pane(self, pane: "Widget") -> None:
        """A pane that was hidden missed what came meanwhile."""
        super().show_pane(pane)
        self.call_after_refresh(self._show)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing now are not there."""
        del parameters
        running, live = self.bench.control.running, self.has_class("-live")
        if action in {"pause", "skip", "stop"}:
            return running
        if action in {"results", "again"}:
            return live and not running
        if action == "attach":
            return bool(self._elsewhere) and not running
        return not live if action == "start" else True

    async def action_start(self) -> None:
        """Measure what the form describes."""
        plan = await self.query_one(PlanForm).check()
        if isinstance(plan, Plan):
            self._begin(plan)
        else:
            self.notify(plan, severity="warning")

    def action_again(self) -> None:
        """Back to the plan."""
        self.remove_class("-live")
        self._dress()

    def action_attach(self) -> None:
        """Go to a benchmark that runs elsewhere; where there are several, choose one."""
        running = self._elsewhere
        if len(running) == 1:
            self.attach(running[0])
            return

        def chosen(index: int | None) -> None:
            if index is not None:
                self.attach(running[index])

        self.app.push_screen(PickScreen("Running", [beacon.line for beacon in running]), chosen)

    def attach(self, beacon: "Beacon") -> None:
        """Show a running benchmark."""
        self.bench.control.attach(beacon)
        self._go_live()

    def action_pause(self) -> None:
        """Start no more requests, or go on."""
        self.bench.control.pause()
        self._show()

    def action_skip(self) -> None:
        """Give the model in hand up."""
        self.bench.control.skip()
        self.notify("skipping this model; what it answered stays")

    def action_stop(self) -> None:
        """Measure no more for now, after a yes."""
        path = self.bench.control.path
        question = f"Stop the benchmark? What is measured stays on disk; {rest_of(path.name if path else None)}."
        self.app.push_screen(ConfirmScreen(question, "stop", "go on"), self._stop)

    def action_results(self) -> None:
        """See what came out."""
        self.bench.open_mode("results")

    def action_hosts(self) -> None:
        """See the hosts of the fleet that measures, or would."""
        from foundry_bench.tui.screens.hosts import HostsScreen  # what it needs, no other screen does

        control, described = self.bench.control, self.query_one(PlanForm).described
        if not self.has_class("-live"):
            self.app.push_screen(HostsScreen(described if isinstance(described, Plan) else self.bench.settings.plan))
        elif control.plan and control.path:
            self.app.push_screen(HostsScreen(control.plan, control.path, lambda: control.snapshot))
        else:
            self.notify("the run is not open yet")

    def copied(self) -> str | None:
        """The folder of the run."""
        return str(self.bench.control.path) if self.bench.control.path else None

    def _stop(self, yes: bool | None) -> None:  # noqa: FBT001 - the answer of the question
        if yes:
            self.bench.control.stop()
            self.notify("stopping")

    def _begin(self, plan: Plan) -> None:
        self.bench.control.start(plan, self.bench.settings)
        self._go_live()

    def _go_live(self) -> None:
        self.add_class("-live")
        self._dress()
        self.call_after_refresh(self._draw)

    @work(exclusive=True, group="elsewhere")
    async def _look_elsewhere(self) -> None:
        """Which benchmarks run, of other terminals or of none."""
        from foundry_bench.session.beacons import list_running

        self._elsewhere = await apart(self.app, list_running)
        self.refresh_bindings()

    def _dress(self) -> None:
        """The panes and the keys of the plan, or those of the benchmark."""
        live = self.has_class("-live")
        self.query("#setup .pane").set_class(live, "-absent")
        self.query("#live .pane").set_class(not live, "-absent")
        if panes := self.panes():
            self.show_pane(panes[0] if live else panes[-1])
        self.fit()
        self.refresh_bindings()

    def run_ended(self) -> None:
        """Show how it ended, at once."""
        self._draw()

    def _draw(self) -> None:
        """Draw now, and again after as long as that took, while there is something to see."""
        if self._redraw:
            self._redraw.stop()
        if not self.is_current or not self.has_class("-live"):
            return
        self._pace.drawing(self.bench.control.clock(), time.process_time(), self.bench.terminal.bytes_sent)
        self._show()
        if self.bench.control.running:
            self._redraw = self.set_timer(self._pace.wait_s, self._draw)
        else:
            self.refresh_bindings()
            self._look_elsewhere()

    def _show(self) -> None:
        if self.has_class("-live"):
            self.query_one(LivePanes).show()
            self.tell_status()

    def _sum_up(self, described: Plan | str) -> None:
        listed, adapters = self.bench.listed, self.bench.settings.adapters
        missing = [] if isinstance(described, str) or listed is None else unknown(described, listed, adapters)
        self.query_one("#sum", Static).update(plan_summary(described, "r", missing))

    @on(PlanForm.Changed)
    def _plan_changed(self, event: PlanForm.Changed) -> None:
        self._sum_up(event.described)

    @on(FormInput.Left)
    def _form_left(self) -> None:
        self.show_pane(self.query_one("#summary"))
