"""Textual's driver, which counts what it sends to the terminal."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from textual.driver import Driver


def counting(driver: "type[Driver]") -> "type[Driver]":
    """The same, with the bytes that were written as ``bytes_written``."""

    class CountingDriver(driver):  # type: ignore[misc, valid-type] # which class it is the system decides
        def __init__(self, *args: Any, **named: Any) -> None:
            self.bytes_written = 0
            super().__init__(*args, **named)

        def write(self, data: str) -> None:
            self.bytes_written += len(data.encode(errors="replace"))
            super().write(data)

    return CountingDriver
