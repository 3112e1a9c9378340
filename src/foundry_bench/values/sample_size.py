"""How many rounds a difference asks for, and which difference the rounds at hand can show."""

from math import sqrt

from foundry_bench.values.quantiles import chi_square, student_t
from foundry_bench.values.resampling import FEWEST_TO_CORRELATE, batches_of

WANTED = 0.05
POWER = 0.9
MOST_ROUNDS = 2_000

_ASSURANCE = 0.9
# Simulated, as in benchmarks/decisions.py: so that nine of ten are found on a busy machine, too.
_SHORT = 1.4
_WIDER = 1.35


def rounds_needed(error: float, rounds: int, change: float) -> int | None:
    """The rounds with which a true ``change`` is found in nine of ten comparisons.

    The spread of a round, ``error`` x sqrt(``rounds``), is known from few batches only, so its upper 90 % limit
    stands in for it: the fewer rounds there are, the more are asked for. Of fewer than 5 batches it is raised once
    more, since they show little of what lasts for several rounds.

    Source: Browne (1995), On the Use of a Pilot Sample for Sample Size Determination, Statistics in Medicine 14.

    Args:
        error: the standard error of the change that was seen, a fraction.
        rounds: the rounds it was seen with, 2 or more.
        change: the change to be found, a fraction; its sign is of no matter.

    Returns:
        Rounds for each side; None where more than ``MOST_ROUNDS`` are needed.
    """
    freedom = _freedom(rounds)
    short = _SHORT if freedom + 1 < FEWEST_TO_CORRELATE else 1.0
    spread = short * error * sqrt(rounds) * sqrt(freedom / chi_square(1 - _ASSURANCE, freedom))
    # In growing steps of a tenth: more exact than the spread is known.
    number = 3
    while number <= MOST_ROUNDS:
        if _reach(number) * spread / sqrt(number) <= abs(change):
            return number
        number += max(1, number // 10)
    return None


def detectable(error: float, rounds: int) -> float:
    """The smallest true change that these rounds find in nine of ten comparisons, a fraction."""
    return _reach(rounds) * error


def _reach(rounds: int) -> float:
    """How many standard errors away from 0 a true change has to lie.

    ``_WIDER`` where there are batches enough to see disturbances that last: they widen intervals, and that varies.
    """
    freedom = _freedom(rounds)
    wider = _WIDER if freedom + 1 >= FEWEST_TO_CORRELATE else 1.0
    return wider * (student_t(0.975, freedom) + student_t(POWER, freedom))


def _freedom(rounds: int) -> int:
    return len(set(batches_of(range(rounds)).values())) - 1
