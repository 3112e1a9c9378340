"""The formats of a report, to be marked."""

from collections.abc import Mapping
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class FormatList(OptionList):
    """Space or Enter marks the format in hand."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "select", "mark", id="mark"),
        Binding("j", "cursor_down", "down", show=False),
        Binding("k", "cursor_up", "up", show=False),
    ]
    DEFAULT_CSS = "FormatList { height: auto; border: none; background: transparent; padding: 0; }"

    def __init__(self, names: Mapping[str, str], mark: str) -> None:
        super().__init__(id="formats", compact=True, markup=False)
        self.marked = ["md", "html"]
        self._names = names
        self._mark = mark
        self.add_options([Option(self._prompt(key), id=key) for key in names])
        self.highlighted = 0

    @property
    def in_hand(self) -> str:
        """The format that the cursor is on."""
        return list(self._names)[self.highlighted or 0]

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Mark it, or take the mark away."""
        key = str(event.option.id)
        self.marked = [other for other in self._names if (other in self.marked) != (other == key)]
        self.replace_option_prompt(key, self._prompt(key))

    def _prompt(self, key: str) -> Text:
        return Text(f"[{self._mark if key in self.marked else ' '}] {self._names[key]}")
