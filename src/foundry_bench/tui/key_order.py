"""Keys one after another: each takes effect before the next one is looked at."""

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.message import Message

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.timer import Timer

_LONGEST_S = 0.25  # a key's follower is lost with a screen that closes; nothing else takes so long


@dataclass
class KeyPassed(Message):
    """Follows a key from ``start`` up to the application, where keys take effect; then what that effect sent the same
    way (``again``): a field tells its form that it was left, and the form moves the cursor.
    """

    start: "MessagePump"
    again: bool = False


class KeyOrderApp(App[None]):
    """Textual hands a letter to the field in focus at once, while a key before it, which is to leave that field, still
    climbs to the application: on a busy machine what is typed next would land in the field, or act on the wrong list.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[events.Key | events.Paste] = deque()
        self._patience: Timer | None = None  # while a key is under way

    async def take_key(self, event: events.Key | events.Paste) -> None:
        """It is this one's turn."""
        await super().on_event(event)

    async def on_event(self, event: events.Event) -> None:
        """Fresh keys and pastes in their order, all else as it comes."""
        if not isinstance(event, (events.Key, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
        elif self._patience:
            self._waiting.append(event)
        else:
            await self._press(event)

    async def on_key_passed(self, passed: KeyPassed) -> None:
        """What the key does is done."""
        if passed.again or not passed.start.post_message(KeyPassed(passed.start, again=True)):
            await self._next()

    async def _press(self, event: events.Key | events.Paste) -> None:
        target = self.focused or self.screen
        self._patience = self.set_timer(_LONGEST_S, self._next)
        await self.take_key(event)
        target.post_message(KeyPassed(target))

    async def _next(self) -> None:
        if self._patience:
            self._patience.stop()
            self._patience = None
        if self._waiting:
            await self._press(self._waiting.popleft())
