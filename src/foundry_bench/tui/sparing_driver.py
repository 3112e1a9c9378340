"""Textual's driver, which sends what the application's ``terminal`` makes of what is written."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.driver import Driver


def sparing(driver: "type[Driver]") -> "type[Driver]":
    """The same, on the way through ``TerminalState.sparing``."""

    class SparingDriver(driver):  # type: ignore[misc, valid-type] # which class it is the system decides
        def write(self, data: str) -> None:
            if sent := self._app.terminal.sparing(data):
                super().write(sent)

    return SparingDriver
