"""How fast this machine is right now: neighbours on the same hardware make it half as fast for minutes."""

import time

ADDITIONS = 5_000_000


def additions_s() -> float:
    """The seconds that Python takes for five million additions."""
    started = time.perf_counter()
    total = 0
    for number in range(ADDITIONS):
        total += number
    return round(time.perf_counter() - started, 2)
