"""Textual's driver, which sends what the application's ``terminal`` makes of what is written."""

from threading import RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver


def sparing(driver: "type[Driver]") -> "type[Driver]":
    """The same, on the way through ``TerminalState.sparing``."""
    # The thread that reads keys answers the terminal's reports; a signal's handler may write in the midst of a write.
    lock = RLock()

    class SparingDriver(driver):  # type: ignore[misc, valid-type] # which class it is the system decides
        def write(self, data: str) -> None:
            with lock:
                if sent := self._app.terminal.sparing(data):
                    super().write(sent)

    return SparingDriver
