"""How often to draw, so that the application never takes more than its share of a core and of the line."""

import math
import os

_SHARE = 0.05  # somewhat under the 6 % of a core that are promised
_SHARE_OF_ONE = 0.03  # where there is no other core, all that is drawn is taken from the model
_SMOOTH = 0.5
_LONGEST_S = 1.0


def fair_share() -> float:
    """The share of a core that the application may take: less where it may run on one only."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _SHARE if cores > 1 else _SHARE_OF_ONE


class Pace:
    """The wait before the next draw: the wanted tick, or as much longer as the processor time in between asks for, and
    what was written.

    Not only a draw counts but all that is done until the next: painting comes after the draw that asked for it, and to
    hear what the benchmark tells costs too.
    """

    def __init__(self, tick_s: float, share: float, most_bytes_per_s: float | None = None) -> None:
        self.wait_s = tick_s
        self._tick_s = tick_s
        self._share = share
        self._most_bytes_per_s = most_bytes_per_s or math.inf
        self._last: tuple[float, float, int] | None = None

    def drawing(self, now_s: float, cpu_s: float, written: int) -> None:
        """A draw begins at ``now_s``, when since whenever the process had used ``cpu_s`` of processor time and had
        ``written`` so many bytes.
        """
        if self._last and now_s > self._last[0]:
            wall_s = now_s - self._last[0]
            cores, bytes_per_s = (cpu_s - self._last[1]) / wall_s, (written - self._last[2]) / wall_s
            asked_s = self.wait_s * max(cores / self._share, bytes_per_s / self._most_bytes_per_s)
            self.wait_s += _SMOOTH * (asked_s - self.wait_s)
            self.wait_s = min(_LONGEST_S, max(self._tick_s, self.wait_s))
        self._last = (now_s, cpu_s, written)
