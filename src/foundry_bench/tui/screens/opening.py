"""What stands on the terminal until the first mode's screen is there."""

from textual.app import ComposeResult
from textual.screen import Screen

from foundry_bench.tui.widgets.key_bar import KeyBar
from foundry_bench.tui.widgets.mode_bar import ModeBar


class OpeningScreen(Screen[None]):
    """The header and the footer alone, drawn before anything else is imported, composed and styled.

    Args:
        mode: the mode that is about to open.
    """

    DEFAULT_CSS = "OpeningScreen KeyBar { dock: bottom; }"

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.mode = mode

    def compose(self) -> ComposeResult:
        """The two bars, where every mode has them."""
        yield ModeBar(self.mode)
        yield KeyBar()
