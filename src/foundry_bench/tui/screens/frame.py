"""What all modes have in common: the header, the footer, the panes and the rules of size."""

from collections.abc import Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, ClassVar, cast

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.geometry import Size
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from foundry_bench.tui.display import NARROW_BELOW, SHORT_BELOW, SMALLEST, WIDE_FROM
from foundry_bench.tui.widgets.key_bar import KeyBar
from foundry_bench.tui.widgets.mode_bar import ModeBar
from foundry_bench.tui.widgets.pane_tabs import PaneTabs

if TYPE_CHECKING:
    from foundry_bench.tui.app import FoundryBenchApp


def size_classes(size: Size) -> dict[str, bool]:
    """Which of the CSS classes ``-tiny``, ``-narrow``, ``-short`` and ``-wide`` a terminal of this size has."""
    return {
        "-tiny": size.width < SMALLEST[0] or size.height < SMALLEST[1],
        "-narrow": size.width < NARROW_BELOW,
        "-short": size.height < SHORT_BELOW,
        "-wide": size.width >= WIDE_FROM[0] and size.height >= WIDE_FROM[1],
    }


class FrameScreen(Screen[None]):
    """A mode's screen. Its parts are widgets with the class ``pane``; a pane's border title is its name, and while it
    is the current one the screen has the class ``-on-<its id>``.

    Where the terminal is narrow, or a pane is zoomed, one pane is shown at a time. A container of panes alone has the
    class ``split``, so that it is hidden along with them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f6", "next_pane(1)", "next pane", show=False, id="pane.next"),
        Binding("shift+f6", "next_pane(-1)", "pane before", show=False, id="pane.before"),
        Binding("tab", "next_field", "next field or pane", show=False),
        Binding("z", "zoom", "zoom the pane", show=False, id="pane.zoom"),
        Binding("y", "copy", "copy", show=False, id="copy"),
    ]
    DEFAULT_CSS = """
    FrameScreen {
        layout: vertical;
        #body { height: 1fr; }
        .pane, DataTable { scrollbar-size: 1 1; }
        #too-small { display: none; width: 100%; height: 100%; content-align: center middle; text-align: center; }
        .pane { border: round $border-blurred; border-title-color: $foreground; padding: 0 1;
            border-subtitle-color: $foreground; }
        VerticalScroll.pane { padding: 0 0 0 1; }
        VerticalScroll.pane > * { padding: 0 1 0 0; }
        .pane:focus, .pane:focus-within { border: round $border; border-title-style: bold; }
        PaneTabs { display: none; }
        &.-short .pane, &.-narrow .pane { border: none !important; }
        &.-single {
            PaneTabs { display: block; }
            .pane { display: none; }
            .pane.-current { display: block; width: 1fr; height: 1fr; border: none !important; }
        }
        &.-tiny {
            ModeBar, PaneTabs, #body, KeyBar { display: none; }
            #too-small { display: block; }
        }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._zoomed = False
        self._current: Widget | None = None

    @property
    def bench(self) -> "FoundryBenchApp":
        """The application, by its own type."""
        return cast("FoundryBenchApp", self.app)

    def compose(self) -> ComposeResult:
        """The frame around what ``compose_body`` yields, dressed for the terminal before it is styled."""
        self._obey(self.app.size)
        yield ModeBar(self.app.current_mode)
        yield PaneTabs()
        with Container(id="body"):
            yield from self.compose_body()
        yield KeyBar()
        yield Static(id="too-small", markup=False)

    def compose_body(self) -> ComposeResult:
        """The mode's own parts."""
        yield from ()

    def copied(self) -> str | None:
        """What ``y`` copies; None where there is nothing to copy."""
        return None

    def on_mount(self) -> None:
        """Choose the pane to begin with."""
        self.fit(self.app.size)
        self.tell_status()

    @on(events.ScreenResume)
    def _keep_styles(self, event: events.ScreenResume) -> None:
        """Nothing to style anew: a theme or a size that changed meanwhile sees to that itself."""
        event.refresh_styles = False

    def _screen_resized(self, size: Size) -> None:
        """Textual asks for this at each change of mode too, and would draw half of what comes anyway."""
        if size != self.outer_size:
            super()._screen_resized(size)

    def on_resize(self, event: events.Resize) -> None:
        """Obey the rules of size."""
        self.fit(event.size)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """The pane that holds the focus is the current one."""
        self._make_current(self._pane_of(event.widget))

    def say(self, message: str, severity: SeverityLevel, seconds: float) -> None:
        """Show a message in the footer for some seconds."""
        for bar in self.query(KeyBar):  # none before the screen is composed
            bar.say(message, severity, seconds)

    def hush(self) -> None:
        """Take a message away: the keys it hides are wanted."""
        for bar in self.query(KeyBar):
            bar.hush()

    def ask(self, *parts: Text) -> None:
        """Show a question in the footer until the next key; an empty one takes it away."""
        for bar in self.query(KeyBar):
            bar.ask(*parts)

    def show_models(self) -> None:
        """A download moved on, or a model was loaded, unloaded or removed; few screens show that."""

    def run_ended(self) -> None:
        """The benchmark under way is over."""
        self.tell_status()

    def tell_status(self) -> None:
        """Show in the header how the benchmark under way stands."""
        control, glyphs = self.bench.control, self.bench.options.glyphs
        status = ""
        if control.running and control.snapshot:
            glyph = glyphs.paused if control.paused else glyphs.working
            status = f"{glyph} {control.snapshot.fraction:.0%}"
        elif fetched := self.bench.keeper.fraction:
            status = f"{glyphs.down} {fetched:.0%}"
        for bar in self.query(ModeBar):
            bar.status = status

    def panes(self) -> list[Widget]:
        """The panes that this size has, in order."""
        return [pane for pane in self.query(".pane").results(Widget) if not pane.has_class("-absent")]

    def action_next_pane(self, step: int = 1) -> None:
        """Go to the pane after, or before, the current one."""
        panes = self.panes()
        if panes:
            current = panes.index(self._current) if self._current in panes else -step
            self.show_pane(panes[(current + step) % len(panes)])

    def action_next_field(self) -> None:
        """Go to the next field, and from a pane's last one to the next pane."""
        fields = list(_fields(self._current)) if self._current else []
        if self.has_class("-single") and (not fields or self.focused in {None, fields[-1]}):
            self.action_next_pane()
        else:
            self.focus_next()

    def action_zoom(self) -> None:
        """Give the pane the whole screen, or take it back."""
        self._zoomed = not self._zoomed
        self.fit(self.app.size)

    def action_copy(self) -> None:
        """Copy what the cursor is on."""
        text = self.copied()
        if text:
            self.bench.copy(text)
        else:
            self.notify("there is nothing to copy here")

    def show_pane(self, pane: Widget) -> None:
        """Make a pane the current one, and put the cursor into it."""
        self._make_current(pane)
        focus = next(_fields(pane), None)
        self.set_focus(focus)

    def fit(self, size: Size | None = None) -> None:
        """Obey the rules of size, after the terminal or the panes that there are have changed."""
        size = size or self.app.size
        before = self.classes
        self._obey(size)
        self.query_one("#too-small", Static).update(
            f"terminal too small: {size.width}x{size.height}\nneeded: {SMALLEST[0]}x{SMALLEST[1]}"
        )
        panes = self.panes()
        single = len(panes) > 1 and (self.has_class("-narrow") or self._zoomed)
        self.set_class(single, "-single", update=False)
        self._make_current(self._current if self._current in panes else self._pane_of(self.focused), before)

    def _obey(self, size: Size) -> None:
        for name, fits in size_classes(size).items():
            self.set_class(fits, name, update=False)

    def _make_current(self, pane: Widget | None, before: frozenset[str] | None = None) -> None:
        """Make it the current pane; all is styled anew once, if the screen's classes are others than ``before``."""
        before = self.classes if before is None else before
        panes = self.panes()
        if pane not in panes:
            pane = self._current if self._current in panes else next(iter(panes), None)
        self._current = pane
        single = self.has_class("-single")
        for other in self.query(".pane"):
            shown = single and other is self._current
            other.set_class(shown, "-current", update=False)
            self.set_class(shown, f"-on-{other.id}", update=False)
        if self.classes != before:
            self.update_node_styles()
        for split in self.query(".split"):
            split.display = not single or any(pane is self._current for pane in split.query(".pane"))
        self.rename_panes()

    def rename_panes(self) -> None:
        """Show the panes' names, where one is shown at a time, and the subtitle of that one."""
        panes = self.panes()
        names = [str(pane.border_title or "") for pane in panes]
        current = panes.index(self._current) if self._current in panes else 0
        note = str(panes[current].border_subtitle or "") if panes else ""
        self.query_one(PaneTabs).show(names, current, note)

    def _pane_of(self, widget: Widget | None) -> Widget | None:
        while widget is not None and not widget.has_class("pane"):
            widget = widget.parent if isinstance(widget.parent, Widget) else None
        return widget


def _fields(pane: Widget) -> Iterator[Widget]:
    """What can take the focus in a pane, itself included; nothing within what is hidden there."""
    widgets = [pane, *pane.query("*").results(Widget)]
    yield from (widget for widget in widgets if widget.can_focus and not widget.disabled and _shown_in(pane, widget))


def _shown_in(pane: Widget, widget: Widget) -> bool:
    inside = takewhile(lambda node: node is not pane, widget.ancestors_with_self)
    return pane.display and all(node.display for node in inside if isinstance(node, Widget))
