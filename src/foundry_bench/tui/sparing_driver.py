"""Textual's driver, which sends what the application's ``terminal`` makes of what is written."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver


def sparing(driver: "type[Driver]") -> "type[Driver]":
    """The same, on the way through ``TerminalState.sparing``."""

    class SparingDriver(driver):  # type: ignore[misc, valid-type] # which class it is the system decides
        def write(self, data: str) -> None:
            terminal = self._app.terminal
            with terminal.lock:  # until it is sent: what another thread makes of the state after it has to follow it
                if sent := terminal.sparing(data):
                    super().write(sent)

    return SparingDriver
