"""The hosts of a fleet: what each is, and how far each has come with a run."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.widgets import DataTable, Static

from foundry_bench.session.asking_hosts import ask_hosts
from foundry_bench.session.cluster import choose_hosts, present_hosts
from foundry_bench.session.host_tables import difference_lines
from foundry_bench.session.store import load
from foundry_bench.session.threads import in_thread
from foundry_bench.tui.drawn.host_rows import HostRow, asked_rows, fitting, host_text, run_rows
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.tui.widgets.model_list import SPINNER_S
from foundry_bench.values.errors import InputError
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan
from foundry_bench.values.result import RunRecord
from foundry_bench.values.snapshot import Snapshot

_FRAME = 5  # columns that a pane and its scroll bar take
_NO_CLUSTER = (
    'no cluster is named: write cluster = "tcp://HOST:8786" into a plan or config.toml; '
    "'dask scheduler' starts one (docs/fleet.md)"
)


class HostsScreen(FrameScreen):
    """The hosts of the run in the folder ``run``, or without one those of the plan's cluster, which are asked.

    ``snapshot`` is how the run stands while it is under way; None once it is but recorded.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,b,backspace", "back", "back", key_display="b", id="back"),
        Binding("r", "ask", "ask again", id="hosts.ask"),
    ]
    DEFAULT_CSS = """
    HostsScreen {
        #hosts-pane { height: auto; max-height: 60%; }
        #hosts { height: auto; min-height: 2; max-height: 100%; overflow-x: hidden; }
        #told { height: auto; max-height: 6; }
        #host-pane { height: 1fr; }
        #host { height: auto; }
        &.-single #hosts-pane { max-height: 100%; }
        &.-single #hosts { height: 1fr; }
    }
    """

    def __init__(
        self, plan: Plan, run: Path | None = None, snapshot: Callable[[], Snapshot | None] = lambda: None
    ) -> None:
        super().__init__()
        self._plan = plan
        self._run = run
        self._snapshot = snapshot
        self._record: RunRecord | None = None
        self._seen: object = None
        self._rows: list[HostRow] = []
        self._problem = ""
        self._asking_since: float | None = None

    def compose_body(self) -> ComposeResult:
        """The table over the host in hand."""
        with Vertical(id="hosts-pane", classes="pane") as pane:
            pane.border_title = "Hosts"
            yield FiguresTable(by_row=True, id="hosts")
            yield Static(id="told", markup=False)
        with VerticalScroll(id="host-pane", classes="pane") as scroll:
            scroll.border_title = "Host"
            yield Static(id="host", markup=False)

    def on_mount(self) -> None:
        """Begin to ask or to read, and look again and again."""
        self.set_interval(max(SPINNER_S, self.bench.options.tick_s), self._look)
        if self._run:
            self._look()
        elif self._plan.cluster:
            self.inquire()
        else:
            self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A cluster is asked where there is one, and no run tells of it; not twice at once."""
        if action == "ask":
            return self._run is None and self._plan.cluster is not None and self._asking_since is None
        return super().check_action(action, parameters)

    def copied(self) -> str | None:
        """All that is known of the host in hand."""
        row = self._row_in_hand()
        return host_text(row, 10_000).plain if row else None

    def action_back(self) -> None:
        """To where one came from."""
        self.dismiss()

    def action_ask(self) -> None:
        """Ask all hosts anew."""
        self.inquire()

    @work(exclusive=True, group="ask")
    async def inquire(self) -> None:
        """Ask every host what it is, in a thread that nothing waits for: a busy one may take a minute."""
        plan, cluster = self._plan, self._plan.cluster or ""
        self._problem, self._asking_since = "", self.bench.control.clock()
        self.refresh_bindings()
        try:
            hosts = choose_hosts(plan, await in_thread(partial(present_hosts, cluster)))
            self._show(asked_rows(hosts, {}))
            found = await in_thread(partial(ask_hosts, cluster, hosts, calibrated=plan.calibrate))
            self._show(asked_rows([host for host, _ in found], {host.name: facts for host, facts in found}))
        except (InputError, OSError, RuntimeError) as error:  # Dask's own, where the scheduler goes away meanwhile
            self._problem = one_line(str(error)) or type(error).__name__
        finally:
            self._asking_since = None
        self._tell()
        self.refresh_bindings()

    @work(exclusive=True, group="read")
    async def read(self, run: Path) -> None:
        """Read what is recorded of the hosts."""
        try:
            self._record = await in_thread(partial(load, run))
        except InputError as error:
            self._problem = one_line(str(error))
            self._tell()
        else:
            self._draw_run()

    def _look(self) -> None:
        """Show how the run stands; what is recorded of its hosts changes when they begin and end."""
        if not self.is_current:
            return
        if self._run:
            snapshot = self._snapshot()
            seen = snapshot.hosts if snapshot else "recorded"
            if seen != self._seen:
                self._seen = seen
                self.read(self._run)
            self._draw_run()
        elif self._asking_since is not None:
            self._tell()

    def _draw_run(self) -> None:
        if self._record:
            self._show(run_rows(self._record, self._snapshot()))

    def _show(self, rows: list[HostRow]) -> None:
        if rows != self._rows:
            self._rows = rows
            self._draw()

    @on(events.Resize)
    def _resized(self) -> None:
        """Other columns may fit."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if self._rows:
            self.query_one("#hosts", FiguresTable).show(*fitting(self._rows, self.size.width - _FRAME))
        self._tell()
        self._tell_host()

    @on(DataTable.RowSelected, "#hosts")
    def _open(self) -> None:
        """Go to the host in hand."""
        self.show_pane(self.query_one("#host-pane"))

    def _tell(self) -> None:
        """Under the table: what is being done, what is wrong, in what the hosts differ."""
        glyphs, parts = self.bench.options.glyphs, list[str]()
        if self._asking_since is not None:
            waited_s = self.bench.control.clock() - self._asking_since
            turn = glyphs.spinner[int(waited_s / SPINNER_S) % len(glyphs.spinner)]
            whom = f"{len(self._rows)} hosts what they are" if self._rows else "the scheduler"
            parts.append(f"{turn} asking {whom} {waited_s:.0f} s")
        parts += [self._problem] if self._problem else []
        if self._run is None and not self._plan.cluster:
            parts.append(_NO_CLUSTER)
        elif self._run and self._record and not self._record.hosts:
            parts.append("this run was measured on this machine alone")
        parts += [f"{what}: {text}" for what, text in difference_lines(self._hosts())]
        self.query_one("#told", Static).update("\n".join(parts))

    def _hosts(self) -> list[HostRecord]:
        return [row.host for row in self._rows]

    @on(DataTable.RowHighlighted, "#hosts")
    def _tell_host(self) -> None:
        host = self.query_one("#host", Static)
        if self._rows:
            host.update(host_text(self._row_in_hand(), self.size.width - _FRAME))

    def _row_in_hand(self) -> HostRow | None:
        key = self.query_one("#hosts", FiguresTable).row_in_hand
        return next((row for row in self._rows if row.host.name == key), None)
