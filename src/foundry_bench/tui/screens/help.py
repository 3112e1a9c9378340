"""The keys of the screen in hand, those that work everywhere, and what the signs mean."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import ActiveBinding, Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from foundry_bench.tui.display import NARROW_BELOW
from foundry_bench.tui.drawn.legend import legend
from foundry_bench.tui.screens.frame import FrameScreen

Keys = Mapping[str, ActiveBinding]

_DIRECTIONS = {"up", "down", "left", "right"}
_MOVING = "move, as the arrows do"
_NAMES = {"enter": "enter", "space": "space"}
_FRAME = {binding.action for binding in FrameScreen.BINDINGS if isinstance(binding, Binding)}


class HelpScreen(ModalScreen[None]):
    """Takes the bindings that were active when help was asked for, and the mode in hand."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,question_mark,f1", "dismiss(None)", "back"),
        Binding("j,down", "scroll_by(1)", "down"),
        Binding("k,up", "scroll_by(-1)", "up"),
    ]
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen #box {
        width: 96%; max-width: 116; height: auto; max-height: 96%;
        background: $panel; color: $foreground; border: round $border; padding: 0 1;
    }
    HelpScreen #scroll { height: auto; max-height: 85vh; }
    HelpScreen #columns { height: auto; }
    HelpScreen Static { width: 1fr; height: auto; padding-right: 1; }
    HelpScreen.-narrow #columns { layout: vertical; }
    HelpScreen.-narrow Static { width: 100%; margin-bottom: 1; }
    """

    def __init__(self, bindings: Keys, mode: str) -> None:
        super().__init__()
        self._keys = bindings
        self._mode = mode

    def compose(self) -> ComposeResult:
        """Two or three lists, side by side or one over the other."""
        here: dict[str, ActiveBinding] = {}
        everywhere: dict[str, ActiveBinding] = {}
        for key, active in self._keys.items():
            general = isinstance(active.node, App) or active.binding.action in _FRAME
            (everywhere if general else here)[key] = active
        with Vertical(id="box") as box:
            box.border_title = "Help"
            box.border_subtitle = "j k scroll, esc or enter leaves"
            with VerticalScroll(id="scroll"), Horizontal(id="columns"):
                yield Static(self._list("This screen", here), markup=False)
                yield Static(self._list("Everywhere", everywhere), markup=False)
                if told := legend(self._mode, ascii_only=self._ascii):
                    yield Static(_two_columns("Signs", told), markup=False)

    def on_mount(self) -> None:
        """Side by side where there is room."""
        self.set_class(self.app.size.width < NARROW_BELOW, "-narrow")

    def action_scroll_by(self, step: int) -> None:
        """Scroll by a line."""
        self.query_one("#scroll").scroll_relative(y=step, animate=False)

    @property
    def _ascii(self) -> bool:
        options = getattr(self.app, "options", None)
        return bool(options and options.ascii)

    def _list(self, title: str, bindings: Keys) -> Table:
        """A line an action, with all its keys. Textual's own begin with a capital and move the cursor as ever."""
        keys: dict[str, list[str]] = {}
        for key, active in bindings.items():
            binding = active.binding
            if binding.description[:1].islower() and active.enabled:
                name = _MOVING if binding.description in _DIRECTIONS else binding.description
                shown = _NAMES.get(key) or (self.app.get_key_display(binding.with_key(key)) if len(key) > 1 else key)
                known = keys.setdefault(name, [])
                if shown not in known:
                    known.append(shown)
        return _two_columns(title, ((" ".join(shown[:4]), name) for name, shown in keys.items()))


def _two_columns(title: str, lines: Iterable[tuple[str, str]]) -> Table:
    table = Table(
        box=None, padding=(0, 1, 0, 0), pad_edge=False, title=title, title_justify="left", min_width=len(title)
    )
    table.title_style = "bold underline"
    table.show_header = False
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for left, right in lines:
        table.add_row(Text(left), Text(right))
    return table
