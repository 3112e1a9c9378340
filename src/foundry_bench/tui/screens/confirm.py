"""Questions before work is lost."""

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Static


class _Question(ModalScreen[ScreenResultType]):
    DEFAULT_CSS = """
    _Question { align: center middle; background: $background 60%; }
    _Question Vertical {
        width: auto; max-width: 90%; height: auto; padding: 1 2;
        background: $panel; color: $foreground; border: round $warning;
    }
    _Question Static { width: auto; max-width: 100%; }
    _Question #answers { margin-top: 1; color: $accent; text-style: bold; }
    """

    def __init__(self, question: str, answers: str) -> None:
        super().__init__()
        self._question = question
        self._answers = answers

    def compose(self) -> ComposeResult:
        """The question and the keys."""
        with Vertical():
            yield Static(self._question, markup=False)
            yield Static(self._answers, id="answers", markup=False)


def rest_of(run: str | None) -> str:
    """What becomes of the rest of a run that is stopped; its id, where it is known."""
    return f"'foundry-bench run --resume {run or 'last'}' measures the rest"


class ConfirmScreen(_Question[bool]):
    """Asks ``question``; the answer is by key: y or Enter, n or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "dismiss(True)", "yes"),
        Binding("n,escape,q", "dismiss(False)", "no"),
    ]

    def __init__(self, question: str, yes: str, no: str) -> None:
        super().__init__(question, f"y {yes}   n {no}")


class QuitScreen(_Question[Literal["stop", "leave", "stay"]]):
    """Asks what becomes of the benchmark under way, which needs no screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l,enter", "dismiss('leave')", "leave it running"),
        Binding("s", "dismiss('stop')", "stop it"),
        Binding("n,escape,q", "dismiss('stay')", "go back"),
    ]

    def __init__(self, run: str | None = None) -> None:
        question = (
            "A benchmark is running. Left running, 'foundry-bench attach' comes back to it;"
            f" stopped, what is measured stays on disk and {rest_of(run)}."
        )
        super().__init__(question, "l leave it running   s stop it   n go back")
