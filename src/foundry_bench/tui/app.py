"""The application: its modes, its keys, its themes."""

import argparse
import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.notifications import SeverityLevel
from textual.screen import Screen

from foundry_bench.session.settings import Settings, resolve
from foundry_bench.tui import palette
from foundry_bench.tui.apart import apart
from foundry_bench.tui.ascii_filter import AsciiFilter
from foundry_bench.tui.display import Display
from foundry_bench.tui.lossy_driver import lossy
from foundry_bench.tui.model_keeper import ModelKeeper
from foundry_bench.tui.modes import LETTERS, MODE_NAMES, MODES
from foundry_bench.tui.run_control import RunControl
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.opening import OpeningScreen
from foundry_bench.tui.theme_watch import ThemeWatch
from foundry_bench.tui.themes import find_theme, read_theme
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.plan import Plan

if TYPE_CHECKING:
    from textual.driver import Driver

    from foundry_bench.session.beacons import Beacon


class FoundryBenchApp(App[None]):
    """Takes settings and options as resolved, and what to show at once: a plan to measure, a running benchmark, or the
    folder of a run to rate.
    """

    TITLE = "foundry-bench"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[None]]]] = {**MODES}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "help", key_display="?", id="help"),
        Binding("colon", "command_palette", "palette", show=False, id="palette"),
        Binding("g", "go_to", "go to", id="go_to"),
        Binding("t", "next_theme", "next theme", show=False, id="theme"),
        Binding("P", "screenshot", "screenshot", show=False, id="screenshot"),
        Binding("q", "ask_to_quit", "quit", id="quit"),
        Binding("ctrl+z", "suspend_process", "to the shell, fg comes back", show=False, id="suspend"),
        Binding("ctrl+q,ctrl+c", "ask_to_quit", "quit", show=False, priority=True),
    ]

    def __init__(self, settings: Settings, *, options: Display, start: "Plan | Beacon | Path | None" = None) -> None:
        super().__init__()
        self.settings = settings
        self.options = options
        self.start = None if isinstance(start, Path) else start
        self.rater: str | None = None  # who rates; None is the user of this machine
        self.marked: tuple[str, ...] = settings.plan.models  # names of the models that the next run measures
        self.chosen_run = start if isinstance(start, Path) else None  # the run that Results shows; None is the last one
        self._going = False  # whether a mode's letter is awaited
        self._last_filters = [AsciiFilter()] if options.ascii else []
        self.keeper = ModelKeeper(settings, self._models_changed)
        self.control = RunControl(self._run_ended, self._make_room)
        # Before the style sheets are first read: a theme that is set later has all of them read twice.
        self.set_reactive(App.theme, self._take_theme(options.theme))
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_keymap(dict(options.keys))
        self._page = os.getppid()  # serves it, if that is what it does

    def get_driver_class(self) -> "type[Driver]":
        """Textual's own; on a terminal of Linux or macOS one that outlives it."""
        driver = super().get_driver_class()
        return lossy(driver) if driver.__name__ == "LinuxDriver" else driver

    def get_default_screen(self) -> Screen[None]:
        """The frame alone; the mode where there is something to see follows."""
        self._opening = OpeningScreen("run" if self.start else "rate" if self.chosen_run else MODE_NAMES[0])
        return self._opening

    async def on_ready(self) -> None:
        """The first frame stands on the terminal: go to the mode. Keys that are pressed meanwhile wait for it."""
        await self.switch_mode(self._opening.mode)
        for key in self._opening.early:
            await self.on_event(events.Key(key.key, key.character))
        if self._opening.mode == MODE_NAMES[0]:
            self._tell_running()
        if not self.is_headless:
            # What the application begins with stays to its end: to walk through it in search of garbage takes 80 ms.
            gc.freeze()
            gc.enable()

    def on_mount(self) -> None:
        """Look each second at what changes without a key."""
        self.set_interval(1.0, self._each_second)
        # The shell has written over the screen meanwhile.
        self.app_resume_signal.subscribe(self, lambda _: self.screen.refresh())

    async def on_event(self, event: events.Event) -> None:
        """After ``g`` any key is the answer where to go, be it fresh or come by way of what has the focus."""
        if self._going and isinstance(event, events.Key):
            self._going = False
            self._ask()
            self.open_mode(LETTERS.get(event.character or ""))
        else:
            await super().on_event(event)

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
        """Say something in the footer, where it hides no data; it is never markup."""
        del title, markup
        for screen in reversed(self.screen_stack):
            if isinstance(screen, FrameScreen):
                screen.say(message, severity, timeout or 6.0)
                return

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every action of the screen in hand, every mode, every theme."""
        return palette.commands(self, screen)

    def action_go_to(self) -> None:
        """Wait for a mode's letter, without a screen to dress and to take away again."""
        self._going = True
        self._ask(Text(" go to"), *(Text.assemble((f" {key}", "bold"), f" {mode}") for key, mode in LETTERS.items()))

    @property
    def _frame(self) -> FrameScreen | None:
        """The mode's screen, where nothing lies over it; none any more while the application ends."""
        top = self.screen_stack[-1] if self.screen_stack else None
        return top if isinstance(top, FrameScreen) else None

    def _ask(self, *parts: Text) -> None:
        if frame := self._frame:
            frame.ask(*parts)

    def action_help(self) -> None:
        """Tell the keys of the screen in hand."""
        from foundry_bench.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen(self.screen.active_bindings))

    def action_next_theme(self) -> None:
        """The theme after this one, by name."""
        palette.choose_next_theme(self)

    def export_screenshot(self, *, title: str | None = None, simplify: bool = True) -> str:
        """The screen as SVG, which asks nothing of the network."""
        from foundry_bench.tui.picture import self_contained

        return self_contained(super().export_screenshot(title=title, simplify=simplify))

    def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:
        """Keep a picture of the screen."""
        from foundry_bench.tui.clipboard import keep_screenshot

        del filename, path
        self.notify(keep_screenshot(self.export_screenshot(), datetime.now(UTC)))

    def action_ask_to_quit(self) -> None:
        """Leave; while a benchmark runs, only after the answer what becomes of it."""
        from foundry_bench.tui.screens.confirm import ConfirmScreen, QuitScreen

        if isinstance(self.screen, (ConfirmScreen, QuitScreen)):
            self.exit()
        elif self.control.running:
            self.push_screen(QuitScreen(), self._quit)
        elif self.keeper.downloading:
            question = "A download is under way. What was fetched stays, and it resumes next time."
            self.push_screen(ConfirmScreen(question, "quit", "go on"), lambda yes: self.exit() if yes else None)
        else:
            self.exit()

    def _quit(self, answer: str | None) -> None:
        if answer == "stop":
            self.control.stop()
        if answer in {"stop", "leave"}:
            self.exit()

    def open_mode(self, mode: str | None) -> None:
        """Go to a mode, and where it is the present one to its first screen; stay where there is none."""
        if mode and mode == self.current_mode:
            while self._frame and len(self.screen_stack) > 1:
                self.pop_screen()
        elif mode:
            self.switch_mode(mode)

    def copy(self, text: str) -> None:
        """Copy by way of the terminal (OSC 52), and into a file for terminals that ignore it."""
        from foundry_bench.tui.clipboard import keep_copy

        self.copy_to_clipboard(text)
        self.notify(keep_copy(text))

    def _run_ended(self) -> None:
        problem, status, self.chosen_run = self.control.problem, self.control.status, self.control.path
        if problem:
            self.notify(f"the run ended: {problem}", severity="error", timeout=20)
        else:
            self.notify(f"the run is over: {status or 'interrupted'}; t opens its results", timeout=10)
        if frame := self._frame:
            frame.run_ended()

    def wear(self, theme: str) -> None:
        """Put on the theme of this name or file.

        Raises:
            InputError: there is none, or it can't be used.
        """
        self.theme = self._take_theme(theme)

    def _take_theme(self, name: str) -> str:
        """Read and register a theme; returns its name."""
        file = find_theme(name, self.options.theme_folder)
        theme = read_theme(file)
        self._theme_watch = ThemeWatch(self.options.theme_folder, file)
        self.register_theme(theme)
        return theme.name

    def _follow_theme(self) -> None:
        """Wear the theme as its file is now."""
        try:
            theme = self._theme_watch.changed(self.theme)
        except InputError as error:
            self.notify(str(error), severity="error", timeout=15)
        else:
            if theme:
                self.register_theme(theme)
                self.refresh_css(animate=False)

    @work
    async def _tell_running(self) -> None:
        """A benchmark may run that was left, or that was started elsewhere."""
        from foundry_bench.session.beacons import list_running

        running = await apart(self, list_running)
        if running:
            what = "a benchmark is running" if len(running) == 1 else f"{len(running)} benchmarks are running"
            self.notify(f"{what}: g r, then a goes to it", timeout=15)

    async def _make_room(self) -> None:
        """A benchmark measures with a fresh worker, and no second copy of a model in memory."""
        if name := await self.keeper.unload():
            self.notify(f"{name} is unloaded: the benchmark loads its models afresh", timeout=10)
        if self.keeper.downloading:
            self.notify("downloads go on and may disturb the figures", severity="warning", timeout=10)

    def _models_changed(self, line: str, severity: SeverityLevel) -> None:
        if line:
            self.notify(one_line(line), severity=severity, timeout=10)
        for screen in self.screen_stack:
            if isinstance(screen, FrameScreen):
                screen.show_models()

    def _each_second(self) -> None:
        # In its turn: in the midst of mounting a screen it would leave that without its widgets.
        if not (self.is_headless or self.is_web or sys.stdin.isatty()):
            self.call_later(self.exit)  # the terminal is gone, without a signal: reading from it would never wait again
        if self.is_web and os.getppid() != self._page:
            self.call_later(self.exit)  # so is the page
        self._follow_theme()
        if frame := self._frame:
            frame.tell_status()


def main(args: argparse.Namespace) -> int:
    """Open the application; 0 when it was left as usual."""
    from foundry_bench.tui.start import open_app

    return open_app(resolve(vars(args), os.environ, models_needed=False))
