"""Textual's driver for a terminal that may go away."""

from typing import TYPE_CHECKING, Any, cast

from textual.drivers.linux_driver import LinuxDriver

from foundry_bench.session.hangup import Lossy

if TYPE_CHECKING:
    from io import TextIOWrapper


class LossyDriver(LinuxDriver):
    """Drops what it can't write: else its writing thread ends, and all that is written then waits for it for ever."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        if self._file:
            self._file = cast("TextIOWrapper", Lossy(self._file))
