"""A series of numbers in a line of characters."""

from collections.abc import Sequence
from math import isfinite

GAP = " "
LEAST_SPAN = 0.2


def spark(values: Sequence[float | None], levels: str, width: int = 12) -> str:
    """One character a value, from the lowest to the highest of ``levels``; what is undefined is a gap.

    The lowest and the highest value span the height, and at least a fifth of their middle does: what differs by
    less looks flat, as it is. More than ``width`` values are drawn as the means of neighbours.
    """
    known = [value if value is not None and isfinite(value) else None for value in values]
    known = binned(known, width)
    some = [value for value in known if value is not None]
    if not some:
        return GAP * len(known)
    middle = (min(some) + max(some)) / 2
    span = max(max(some) - min(some), LEAST_SPAN * abs(middle)) or 1.0
    last = len(levels) - 1
    return "".join(GAP if value is None else levels[round(((value - middle) / span + 0.5) * last)] for value in known)


def binned(values: Sequence[float | None], most: int) -> list[float | None]:
    """At most ``most`` values: the means of neighbours where there are more; None where all of them are."""
    n = len(values)
    return [_mean(values[i * n // most : (i + 1) * n // most]) for i in range(most)] if n > most else list(values)


def _mean(values: Sequence[float | None]) -> float | None:
    some = [value for value in values if value is not None]
    return sum(some) / len(some) if some else None
