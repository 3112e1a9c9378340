"""The footer: the keys that mean something now, or for a moment a message."""

from typing import TYPE_CHECKING

from rich.text import Text
from textual.app import RenderResult
from textual.notifications import SeverityLevel
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.timer import Timer

_WORDS: dict[str, str] = {"information": "", "warning": "warning: ", "error": "error: "}
_ALWAYS = ("go to", "quit", "help")  # at the end, whatever else has no room
_LONGEST_S = 4.0  # that a mere information hides the keys


class KeyBar(Widget):
    """A line of keys, as many as fit, those that lead on always; a message takes their place and hides no data."""

    DEFAULT_CSS = """
    KeyBar { height: auto; max-height: 4; width: 100%; background: $panel; color: $foreground; }
    KeyBar.-warning { color: $warning; }
    KeyBar.-error { color: $error; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._message = Text()
        self._clearing: Timer | None = None

    def on_mount(self) -> None:
        """Follow the keys."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self._keys_changed())

    def say(self, message: str, severity: SeverityLevel, seconds: float) -> None:
        """Show a message for some time; all but an error until the next key at most."""
        self._show(Text(f" {_WORDS[severity]}{message}"))
        self.set_class(severity == "warning", "-warning")
        self.set_class(severity == "error", "-error")
        most = _LONGEST_S if severity == "information" else seconds
        self._clearing = self.set_timer(min(seconds, most), self.clear)

    def ask(self, *parts: Text) -> None:
        """Show a question until something else is shown; none of its parts is broken over two lines."""
        self.clear()
        question, width = Text(), 0
        for part in parts:
            width += part.cell_len
            if width > self.size.width:
                question.append("\n")
                width = part.cell_len
            question.append_text(part)
        self._show(question)

    def hush(self) -> None:
        """Back to the keys, unless they are there, or an error is told, which has its time."""
        if self._message and not self.has_class("-error"):
            self.clear()

    def clear(self) -> None:
        """Back to the keys."""
        self._show(Text())
        self.remove_class("-warning", "-error")

    def _show(self, message: Text) -> None:
        """Lay the screen out anew only where a line is no longer, or not yet, enough."""
        if self._clearing:
            self._clearing.stop()
        longest = max(self._message.cell_len, message.cell_len)
        self._message = message
        self.refresh(layout=longest > self.size.width)

    def render(self) -> RenderResult:
        """The message, or the keys."""
        if self._message:
            return self._message
        keys: dict[str, Text] = {}

        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            if binding.show and active.enabled and binding.description not in keys:
                shown = binding.key_display or self.app.get_key_display(binding)
                keys[binding.description] = Text.assemble(
                    " ", (shown if len(key) > 1 or binding.key_display else key, "bold"), " ", binding.description
                )
        last = Text().join(keys.pop(name) for name in _ALWAYS if name in keys)
        room = self.size.width - last.cell_len
        line = Text(no_wrap=True, overflow="crop", end="")
        for text in keys.values():
            if text.cell_len <= room:
                line.append_text(text)
                room -= text.cell_len
        return line.append_text(last)

    def _keys_changed(self) -> None:
        if not self._message:
            self.refresh()
