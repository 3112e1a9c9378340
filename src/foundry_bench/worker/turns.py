"""When connections parse what they have read."""

import asyncio
from typing import Protocol

_PATIENCE_S = 0.1


class Parsing(Protocol):
    """What has reads waiting to be parsed."""

    def parse_some(self) -> bool:
        """Parse the next few; whether more are waiting."""


class ParseTurns:
    """Decides when connections parse what they have read: what can wait ten times a second, what can't at once.

    Either way one connection a turn of the event loop, and a few of its reads, so that no arrival on another one waits
    for more than a fraction of a millisecond. A batch also costs less than its reads would one by one.
    """

    def __init__(self) -> None:
        self._patient: dict[Parsing, None] = {}
        self._urgent: dict[Parsing, None] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._turning = False

    def add(self, connection: Parsing, *, urgent: bool) -> None:
        """Have a connection parse, soon or at once."""
        if urgent:
            self._urgent[connection] = None
            self._turn_soon()
        else:
            self._patient[connection] = None
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(_PATIENCE_S, self._run_out_of_patience)

    def _run_out_of_patience(self) -> None:
        self._timer = None
        self._urgent.update(self._patient)
        self._patient.clear()
        self._turn_soon()

    def _turn_soon(self) -> None:
        if not self._turning and self._urgent:
            self._turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turning = False
        connection = next(iter(self._urgent))
        del self._urgent[connection]
        if connection.parse_some():
            self._urgent[connection] = None
        self._turn_soon()
