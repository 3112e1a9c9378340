"""The letter after ``g``: asked for in the footer, answered by the next key."""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType

from foundry_bench.tui.key_order import KeyOrderApp
from foundry_bench.tui.modes import LETTERS
from foundry_bench.tui.screens.frame import FrameScreen


class GoToApp(KeyOrderApp):
    """Goes from mode to mode, without a screen that would have to be dressed and taken away again."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("g", "go_to", "go to", id="go_to")]

    def __init__(self) -> None:
        super().__init__()
        self._going = False  # whether a mode's letter is awaited

    @property
    def frame(self) -> FrameScreen | None:
        """The mode's screen, where nothing lies over it; none any more while the application ends."""
        top = self.screen_stack[-1] if self.screen_stack else None
        return top if isinstance(top, FrameScreen) else None

    async def take(self, event: events.InputEvent | events.Paste) -> None:
        """After ``g`` any key is the answer where to go; each takes away what was said before it."""
        if self._going and isinstance(event, events.Key):
            self._going = False
            self._ask()
            self.open_mode(LETTERS.get(event.character or ""))
        else:
            if self.frame and isinstance(event, events.Key):
                self.frame.hush()
            await super().take(event)

    def action_go_to(self) -> None:
        """Wait for a mode's letter."""
        self._going = True
        self._ask(Text(" go to"), *(Text.assemble((f" {key}", "bold"), f" {mode}") for key, mode in LETTERS.items()))

    def open_mode(self, mode: str | None) -> None:
        """Go to a mode, and where it is the present one to its first screen; stay where there is none."""
        if mode and mode == self.current_mode:
            while self.frame and len(self.screen_stack) > 1:
                self.pop_screen()
        elif mode:
            self.switch_mode(mode)

    def _ask(self, *parts: Text) -> None:
        if self.frame:
            self.frame.ask(*parts)
