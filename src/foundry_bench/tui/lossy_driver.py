"""Textual's driver of a terminal that may go away."""

from typing import TYPE_CHECKING, Any

from foundry_bench.session.hangup import Lossy

if TYPE_CHECKING:
    from textual.driver import Driver


def lossy(driver: "type[Driver]") -> "type[Driver]":
    """The same, but what can't be written is dropped: else its writing thread ends, and all wait for it for ever."""

    class LossyDriver(driver):  # type: ignore[misc, valid-type] # which class it is the system decides
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self._file: Any = Lossy(self._file)

    return LossyDriver
