"""A line to type what to look for; it shows itself only while there is something in it."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class FilterLine(Input):
    """Enter and Escape both leave it, Escape empties it first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "leave(False)", "done", key_display="enter"),
        Binding("escape", "leave(True)", "clear", key_display="esc"),
    ]
    DEFAULT_CSS = """
    FilterLine { display: none; height: 1; border: none; padding: 0; background: $surface; }
    FilterLine:focus { border: none; }
    FilterLine.-open { display: block; }
    """

    @dataclass
    class Left(Message):
        """The cursor goes back to where the filter applies."""

    def __init__(self, what: str) -> None:
        super().__init__(placeholder=f"filter: {what}", compact=True)

    def open(self) -> None:
        """Show it, with the cursor in it."""
        self.add_class("-open")
        self.focus()

    def action_leave(self, clear: bool) -> None:  # noqa: FBT001 - actions take their arguments by place
        """Back to the list."""
        if clear:
            self.value = ""
        self.set_class(bool(self.value), "-open")
        self.post_message(self.Left())
