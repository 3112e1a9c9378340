"""A question before work is lost."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class ConfirmScreen(ModalScreen[bool]):
    """Asks ``question``; the answer is by key: y or Enter, n or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "yes"),
        Binding("n,escape,q", "dismiss(False)", "no"),
    ]
    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; background: $background 60%; }
    ConfirmScreen Vertical {
        width: auto; max-width: 90%; height: auto; padding: 1 2;
        background: $panel; color: $foreground; border: round $warning;
    }
    ConfirmScreen.-ascii Vertical { border: ascii $warning; }
    ConfirmScreen Static { width: auto; max-width: 100%; }
    ConfirmScreen #answers { margin-top: 1; color: $accent; text-style: bold; }
    """

    def __init__(self, question: str, yes: str = "yes", no: str = "no") -> None:
        super().__init__()
        self._question = question
        self._answers = f"y {yes}   n {no}"

    def compose(self) -> ComposeResult:
        """The question and the keys."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Static(self._answers, id="answers", markup=False)
