"""Keys one after another: each takes effect before the next one is looked at."""

from collections import deque
from dataclasses import dataclass

from textual import events
from textual.app import App
from textual.message import Message
from textual.message_pump import MessagePump

_LOOK_S = 0.1
_LONGEST_S = 5.0  # that a key may hold up those after it

_Fresh = events.InputEvent | events.Paste


@dataclass
class KeyPassed(Message):
    """Follows the key with this number from ``start`` up to the application, where keys take effect; then what that
    effect sent the same way (``again``): a field tells its form that it was left, and the form moves the cursor.
    """

    number: int
    start: MessagePump
    again: bool = False


class KeyOrderApp(App[None]):
    """Textual hands a letter to the field in focus at once, while a key before it, which is to leave that field, still
    climbs to the application: on a busy machine what is typed next would land in the field, or act on the wrong list.

    Keys wait until ``let_keys_go`` is called. Clicks wait for the keys before them: they may move the focus.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[_Fresh] = deque()
        self._number = 0  # of the last key
        self._under_way = True

    async def let_keys_go(self) -> None:
        """There is something that keys can act on: begin with those that wait."""
        self._under_way = False
        while self._waiting and self.screen_stack and not self._under_way:
            await self._press(self._waiting.popleft())

    async def take(self, event: _Fresh) -> None:
        """It is this one's turn."""
        await super().on_event(event)

    async def on_event(self, event: events.Event) -> None:
        """What is pressed, pasted and clicked in its order, all else as it comes."""
        if isinstance(event, _Fresh) and not self.screen_stack:
            return  # the application ends
        if event.is_forwarded or not isinstance(event, _Fresh):
            await super().on_event(event)
        elif self._under_way:
            self._waiting.append(event)
        else:
            await self._press(event)

    async def on_key_passed(self, passed: KeyPassed) -> None:
        """What the key does is done."""
        if passed.number != self._number:
            return
        again = not passed.again and passed.start.post_message(KeyPassed(passed.number, passed.start, again=True))
        if not again:
            await self.let_keys_go()

    async def _press(self, event: _Fresh) -> None:
        if isinstance(event, events.MouseEvent):
            await self.take(event)
            return
        self._number += 1
        self._under_way = True
        number, start, looks = self._number, self.focused or self.screen, 0

        async def look() -> None:
            """A key's follower is lost where its screen closes."""
            nonlocal looks
            looks += 1
            if number != self._number or not self._under_way:
                watch.stop()
            elif not start.is_running or looks * _LOOK_S > _LONGEST_S:
                await self.let_keys_go()

        watch = self.set_interval(_LOOK_S, look)
        await self.take(event)
        start.post_message(KeyPassed(number, start))
