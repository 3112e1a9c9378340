"""A line of text, asked for."""

from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input


class NoteScreen(ModalScreen[str | None]):
    """Returns the line; None where it was left by Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "back", show=False)]
    DEFAULT_CSS = """
    NoteScreen { align: center middle; }
    NoteScreen Input { width: 80%; }
    NoteScreen Input, NoteScreen Input:focus { border: round $border; }
    """

    def __init__(self, title: str, value: str) -> None:
        super().__init__()
        self._title = title
        self._value = value

    def compose(self) -> ComposeResult:
        """The line."""
        line = Input(self._value, max_length=500)
        line.border_title = Text(self._title).markup
        line.border_subtitle = "enter keeps it, esc leaves"
        yield line

    @on(Input.Submitted)
    def _keep(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip())
