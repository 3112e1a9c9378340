"""A line for a path."""

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input


class PathLine(Input):
    """Enter and Escape both leave it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter", "leave", "done", key_display="enter")]
    DEFAULT_CSS = "PathLine { height: 1; border: none; padding: 0; }"

    @dataclass
    class Left(Message):
        """The cursor goes back to where the letters are keys."""

    def __init__(self) -> None:
        super().__init__(compact=True)

    def action_leave(self) -> None:
        """Back to the screen's keys."""
        self.post_message(self.Left())
