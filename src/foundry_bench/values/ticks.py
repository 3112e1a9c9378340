"""Where the ticks of an axis stand: at round numbers."""

from math import ceil, floor, isfinite, log10

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most ``most`` multiples of 1, 2, 2.5 or 5 times a power of ten from ``low`` to ``high``, in order.

    One of equal bounds; none of bounds that are not finite or out of order.
    """
    if not (isfinite(low) and isfinite(high)) or high < low:
        return []
    if high == low:
        return [low]
    power = 10.0 ** floor(log10((high - low) / most))
    for factor in (*_STEPS, 20.0, 25.0, 50.0):
        step = factor * power
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if last - first < most:
            break
    # Rounded, since 3 * 0.1 is not the float nearest to 0.3; once each, since a span may be finer than floats.
    digits = max(0, 3 - floor(log10(step)))
    return list(dict.fromkeys(round(number * step, digits) for number in range(first, last + 1)))


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most ``most`` ticks for an axis in logarithms: 1, 2 and 5 times powers of ten, 1 and 3 times, or powers alone.

    None unless 0 < ``low`` < ``high``, both finite.
    """
    if not (isfinite(high) and 0 < low < high):
        return []
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    found: list[float] = []
    for every, factors in ((1, (1, 2, 5)), (1, (1, 3)), *((every, (1,)) for every in range(1, 700))):
        ticks = [float(f"{factor}e{power}") for power in powers if power % every == 0 for factor in factors]
        found = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        if len(found) <= most:
            break
    return found
