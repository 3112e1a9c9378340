"""What the user is told of what goes on beside the screen in hand."""

from typing import TYPE_CHECKING

from textual.notifications import SeverityLevel

from foundry_bench.tui.apart import apart
from foundry_bench.tui.screens.frame import FrameScreen

if TYPE_CHECKING:
    from foundry_bench.tui.app import FoundryBenchApp


def run_ended(app: "FoundryBenchApp") -> None:
    """The benchmark is over; its run is the one that Results shows."""
    problem, status, app.chosen_run = app.control.problem, app.control.status, app.control.path
    if problem:
        app.notify(f"the run ended: {problem}", severity="error", timeout=20)
    else:
        told: str = status or "interrupted"
        if told == "interrupted" and app.chosen_run:
            from foundry_bench.tui.screens.confirm import rest_of  # no first frame waits for it

            told = f"stopped, {rest_of(app.chosen_run.name)}"
        app.notify(f"the run is over: {told}; t opens its results", timeout=10)
    if app.frame:
        app.frame.run_ended()


async def make_room(app: "FoundryBenchApp") -> None:
    """A benchmark measures with a fresh worker, and no second copy of a model in memory."""
    if name := await app.keeper.unload():
        app.notify(f"{name} is unloaded: the benchmark loads its models afresh", timeout=10)
    if app.keeper.downloading:
        app.notify("downloads go on and may disturb the figures", severity="warning", timeout=10)


def models_changed(app: "FoundryBenchApp", line: str, severity: SeverityLevel) -> None:
    """A download moved on, or a model was loaded, unloaded or removed; ``line`` may be empty."""
    if line:
        app.notify(line, severity=severity, timeout=10)
    for screen in app.screen_stack:
        if isinstance(screen, FrameScreen):
            screen.show_models()


async def tell_running(app: "FoundryBenchApp") -> None:
    """A benchmark may run that was left, or that was started elsewhere."""
    from foundry_bench.session.beacons import list_running  # msgspec, which the first frame does not wait for

    running = await apart(app, list_running)
    if running:
        what = "a benchmark is running" if len(running) == 1 else f"{len(running)} benchmarks are running"
        app.notify(f"{what}: g r, then a goes to it", timeout=15)
