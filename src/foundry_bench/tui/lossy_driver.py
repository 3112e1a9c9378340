"""Textual's driver of a terminal that may go away."""

from typing import TYPE_CHECKING, Any

from foundry_bench.session.hangup import Lossy

if TYPE_CHECKING:
    from textual.driver import Driver


def lossy(driver: "type[Driver]") -> "type[Driver]":
    """The same, but what can't be written is dropped: else its writing thread ends, and all wait for it for ever; and
    only what was suspended is resumed.
    """

    class LossyDriver(driver):  # type: ignore[misc, valid-type] # which class it is the system decides
        def __init__(self, *args: Any, **named: Any) -> None:
            super().__init__(*args, **named)
            self._file: Any = Lossy(self._file)

        def _sigcont_application(self, *given: Any) -> None:
            """The system sends this signal along with the loss of a terminal too, be it while the application ends: a
            second thread would then read from what is gone, without an end.
            """
            if self._must_signal_resume:
                super()._sigcont_application(*given)

    return LossyDriver
