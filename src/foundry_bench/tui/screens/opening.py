"""What stands on the terminal until the first mode's screen is there."""

from collections.abc import Awaitable, Callable

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from foundry_bench.tui.widgets.key_bar import KeyBar
from foundry_bench.tui.widgets.mode_bar import ModeBar


class OpeningScreen(Screen[None]):
    """The header and the footer alone, drawn before anything else is imported, composed and styled.

    Args:
        mode: the mode that is about to open.
        drawn: is called when this stands on the terminal.
    """

    DEFAULT_CSS = "OpeningScreen KeyBar { dock: bottom; }"

    def __init__(self, mode: str, drawn: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self.early: list[events.Key] = []  # keys pressed meanwhile, which are for the mode
        self._mode = mode
        self._drawn = drawn

    def compose(self) -> ComposeResult:
        """The two bars, where every mode has them."""
        yield ModeBar(self._mode)
        yield KeyBar()

    def on_screen_resume(self) -> None:
        """Go on once it has been drawn."""
        self.call_after_refresh(self._drawn)

    def on_key(self, event: events.Key) -> None:
        """Keep the key."""
        event.stop()
        self.early.append(event)
