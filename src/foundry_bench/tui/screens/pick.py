"""A list to choose one thing from; typing narrows it down."""

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from foundry_bench.values.format import one_line

_MOST = 200


class PickScreen(ModalScreen[int | None]):
    """Returns the index of what was chosen; None where nothing was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", show=False),
        Binding("down,tab", "move(1)", "down", show=False, priority=True),
        Binding("up,shift+tab", "move(-1)", "up", show=False, priority=True),
    ]
    DEFAULT_CSS = """
    PickScreen { align: center middle; }
    PickScreen Vertical { width: 90%; max-width: 100; height: 80%; border: round $border; background: $surface; }
    PickScreen OptionList { height: 1fr; border: none; background: $surface; }
    PickScreen Input { border: none; height: 1; padding: 0 1; }
    """

    def __init__(self, title: str, names: Sequence[str]) -> None:
        super().__init__()
        self._title = title
        self._names = [one_line(name) for name in names]

    def compose(self) -> ComposeResult:
        """What to type over what there is."""
        with Vertical() as box:
            box.border_title = Text(self._title).markup
            box.border_subtitle = "type to find, enter chooses, esc leaves"
            yield Input(placeholder="find", compact=True)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """All of them."""
        self._fill("")

    @on(Input.Changed)
    def _narrow(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(int(event.option.id or 0))

    def action_move(self, step: int) -> None:
        """Move in the list while the cursor stays in the line."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if step > 0 else options.action_cursor_up()

    def _fill(self, wanted: str) -> None:
        words = wanted.lower().split()
        options = self.query_one(OptionList)
        options.clear_options()
        found = [index for index, name in enumerate(self._names) if all(word in name.lower() for word in words)]
        options.add_options([Option(Text(self._names[index]), id=str(index)) for index in found[:_MOST]])
        options.highlighted = 0 if found else None
