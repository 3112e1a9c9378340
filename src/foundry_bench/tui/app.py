"""The application: its modes, its keys, its themes."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen

from foundry_bench.session.settings import Settings
from foundry_bench.tui import notices, palette
from foundry_bench.tui.ascii_filter import AsciiFilter
from foundry_bench.tui.display import Display
from foundry_bench.tui.go_to import GoToApp
from foundry_bench.tui.leaving import abandoned, ask_to_quit
from foundry_bench.tui.lossy_driver import lossy
from foundry_bench.tui.model_keeper import ModelKeeper
from foundry_bench.tui.modes import MODE_NAMES, MODES
from foundry_bench.tui.run_control import RunControl
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.opening import OpeningScreen
from foundry_bench.tui.sparing_driver import sparing
from foundry_bench.tui.terminal_state import TerminalState
from foundry_bench.tui.wardrobe import Wardrobe
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan

if TYPE_CHECKING:
    from textual.driver import Driver

    from foundry_bench.session.beacons import Beacon
    from foundry_bench.values.events import CatalogEntry


class FoundryBenchApp(GoToApp):
    """Takes settings and options as resolved, and what to show at once: a plan, a running benchmark, a run to rate."""

    TITLE = "foundry-bench"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {**MODES}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "help", key_display="?", id="help"),
        Binding("f1", "help", "help", key_display="F1"),  # where letters are typed
        Binding("colon", "command_palette", "palette", show=False, id="palette"),
        Binding("t", "next_theme", "next theme", show=False, id="theme"),
        Binding("P", "screenshot", "screenshot", show=False, id="screenshot"),
        Binding("q", "ask_to_quit", "quit", id="quit"),
        Binding("ctrl+l", "redraw", "draw all anew", show=False, id="redraw"),
        Binding("ctrl+z", "suspend_process", "to the shell, fg comes back", show=False, id="suspend"),
        Binding("ctrl+q,ctrl+c", "ask_to_quit", "quit", show=False, priority=True),
    ]

    def __init__(self, settings: Settings, *, options: Display, start: "Plan | Beacon | Path | None" = None) -> None:
        self.options = options  # decides what draws
        super().__init__()
        self.settings = settings
        self.terminal = TerminalState()
        self.start = None if isinstance(start, Path) else start
        self.rater: str | None = None  # who rates; None is the user of this machine
        self.marked: tuple[str, ...] = settings.plan.models  # names of the models that the next run measures
        self.listed: Sequence[CatalogEntry] | None = None  # all models that there are, once the catalog was read
        self.chosen_run = start if isinstance(start, Path) else None  # the run that Results shows; None is the last one
        self._last_filters = [AsciiFilter()] if options.ascii else []
        self.keeper = ModelKeeper(settings, partial(notices.models_changed, self))
        self.control = RunControl(partial(notices.run_ended, self), partial(notices.make_room, self))
        self.wardrobe = Wardrobe(self, options.theme_folder)
        # Before the style sheets are first read: a theme that is set later has all of them read twice.
        self.set_reactive(App.theme, self.wardrobe.take(options.theme))
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_keymap(dict(options.keys))
        self._started_by = os.getppid()

    def get_driver_class(self) -> "type[Driver]":
        """Textual's own; on a terminal of Linux or macOS one that outlives it, on a slow line a sparing one."""
        driver = super().get_driver_class()
        driver = lossy(driver) if driver.__name__ == "LinuxDriver" else driver
        return sparing(driver) if self.options.low_bandwidth else driver

    def get_default_screen(self) -> Screen[None]:
        """The frame alone; the mode where there is something to see follows."""
        self._opening = OpeningScreen("run" if self.start else "rate" if self.chosen_run else MODE_NAMES[0])
        return self._opening

    async def on_ready(self) -> None:
        """The first frame stands on the terminal: go to the mode. Keys that are pressed meanwhile wait for it."""
        await self.switch_mode(self._opening.mode)
        await self.let_keys_go()
        if self._opening.mode == MODE_NAMES[0]:
            self.run_worker(notices.tell_running(self))
        if not self.is_headless:
            # What the application begins with stays to its end: to walk through it in search of garbage takes 80 ms.
            gc.freeze()
            gc.enable()

    def on_mount(self) -> None:
        """Look each second at what changes without a key."""
        self.set_interval(1.0, self._each_second)
        # The shell has written over the screen meanwhile.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh())

    def on_resize(self, event: events.Resize) -> None:
        """Of a terminal that has another size nothing is known any more."""
        self.terminal.forget(*event.size)

    def action_redraw(self) -> None:
        """Draw all anew, where something else has written over the screen."""
        self.terminal.forget(*self.size)
        self.screen.refresh()

    def delay_update(self, delay: float = 0.05) -> None:
        """Hold nothing back: Textual would leave a mode that is gone to for so long undrawn."""

    async def on_unmount(self) -> None:
        """Let go of the benchmark and leave no worker of ours behind, however the application ends."""
        await asyncio.gather(self.control.close(), self.keeper.close())

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's own; under ``--ascii`` what is drawn is turned into ASCII at last."""
        return [*super().get_line_filters(), *self._last_filters]

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Say something in the footer, where it hides no data; it is never markup, and can't act on the terminal."""
        del title, markup
        for screen in reversed(self.screen_stack):
            if isinstance(screen, FrameScreen):
                screen.say(one_line(message), severity, timeout or 6.0)
                return

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the screen in hand, every mode, every theme."""
        return palette.commands(self, screen)

    def action_help(self) -> None:
        """Tell the keys of the screen in hand."""
        from foundry_bench.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen.active_bindings, self.current_mode))

    def action_next_theme(self) -> None:
        """The theme after this one, by name."""
        self.wardrobe.wear_next()

    def export_screenshot(self, *, title: str | None = None, simplify: bool = True) -> str:
        """The screen as SVG, which asks nothing of the network."""
        from foundry_bench.tui.picture import self_contained

        return self_contained(super().export_screenshot(title=title, simplify=simplify))

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Keep a picture of the screen."""
        from foundry_bench.tui.clipboard import keep_screenshot

        del filename, path
        self.notify(keep_screenshot(self.export_screenshot(), datetime.now(UTC)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """One goes to the shell only where there is one: not on Windows, not behind a page."""
        shell = sys.platform != "win32" and self._driver is not None and self._driver.can_suspend
        return shell if action == "suspend_process" else super().check_action(action, parameters)

    def action_ask_to_quit(self) -> None:
        """Leave, unless work that is under way speaks against it."""
        ask_to_quit(self)

    def copy(self, text: str) -> None:
        """Copy by way of the terminal (OSC 52), and into a file for terminals that ignore it."""
        from foundry_bench.tui.clipboard import keep_copy

        self.copy_to_clipboard(text)
        self.notify(keep_copy(text))

    def _each_second(self) -> None:
        if abandoned(self, self._started_by):
            # In its turn: in the midst of mounting a screen it would leave that without its widgets.
            self.call_later(self.exit)
        self.wardrobe.look()
        if self.frame:
            self.frame.tell_status()
