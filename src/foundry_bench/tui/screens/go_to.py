"""The second half of the go-to keys: ``g``, then a mode's letter."""

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Static

LETTERS = {
    "m": "models",
    "r": "run",
    "t": "results",
    "c": "compare",
    "a": "rate",
    "e": "report",
    "h": "history",
    "s": "settings",
}


class GoToScreen(ModalScreen[str | None]):
    """A line that names the letters; the next key chooses, or leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back", show=False)]
    DEFAULT_CSS = """
    GoToScreen { align: center bottom; background: transparent; }
    GoToScreen Static { width: 100%; height: auto; background: $panel; color: $foreground; text-style: bold; }
    """

    def compose(self) -> ComposeResult:
        """The letters."""
        yield Static(" go to  " + "  ".join(f"{key} {name}" for key, name in LETTERS.items()), markup=False)

    def on_key(self, event: events.Key) -> None:
        """Any key is an answer."""
        self.choose(event)

    def choose(self, event: events.Key) -> None:
        """Leave with the mode of the key's letter, if it is one's."""
        event.stop()
        self.dismiss(LETTERS.get(event.character or ""))
