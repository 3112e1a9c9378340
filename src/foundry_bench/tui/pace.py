"""How often to draw, so that the application never takes more than its share of a core."""

SHARE = 0.05  # somewhat under the 6 % of a core that are promised
_SMOOTH = 0.5
_LONGEST_S = 1.0


class Pace:
    """The wait before the next draw: the wanted tick, or as much longer as the processor time in between asks for.

    Not only a draw counts but all that is done until the next: painting comes after the draw that asked for it, and to
    hear what the benchmark tells costs too.
    """

    def __init__(self, tick_s: float, share: float = SHARE) -> None:
        self.wait_s = tick_s
        self._tick_s = tick_s
        self._share = share
        self._last: tuple[float, float] | None = None

    def drawing(self, now_s: float, cpu_s: float) -> None:
        """A draw begins: at ``now_s``, when the process had used ``cpu_s`` of processor time since whenever."""
        if self._last:
            wall_s, used_s = now_s - self._last[0], cpu_s - self._last[1]
            asked_s = self.wait_s * (used_s / wall_s) / self._share if wall_s > 0 else self.wait_s
            self.wait_s += _SMOOTH * (asked_s - self.wait_s)
            self.wait_s = min(_LONGEST_S, max(self._tick_s, self.wait_s))
        self._last = (now_s, cpu_s)
