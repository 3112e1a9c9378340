"""How often to draw, so that drawing never takes more than its share of a core."""

SHARE = 0.06
_SMOOTH = 0.3
_LONGEST_S = 1.0


class Pace:
    """The wait before the next draw: the wanted tick, or as long as the cost of a draw asks for."""

    def __init__(self, tick_s: float, share: float = SHARE) -> None:
        self._tick_s = tick_s
        self._share = share
        self._cost_s = 0.0

    @property
    def wait_s(self) -> float:
        """Seconds until the next draw."""
        return min(_LONGEST_S, max(self._tick_s, self._cost_s / self._share))

    def took(self, cpu_s: float) -> None:
        """A draw took so much processor time."""
        self._cost_s += _SMOOTH * (cpu_s - self._cost_s)
