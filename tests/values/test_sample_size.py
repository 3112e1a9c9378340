import numpy as np
import pytest

from foundry_bench.values.quantiles import chi_square, student_t
from foundry_bench.values.resampling import LEAST_RAISED, MOST_CORRELATED, UNSEEN, batches_of, lasting
from foundry_bench.values.sample_size import MOST_ROUNDS, detectable, rounds_needed


@pytest.mark.parametrize(
    ("share", "freedom", "value"),
    [(0.975, 1, 12.7062), (0.975, 2, 4.30265), (0.975, 7, 2.36462), (0.9, 4, 1.53321), (0.975, 5000, 1.96044)],
)
def test_student_t(share: float, freedom: int, value: float) -> None:
    assert student_t(share, freedom) == pytest.approx(value, rel=1e-4)


@pytest.mark.parametrize(("share", "freedom", "value"), [(0.1, 2, 0.2107), (0.1, 7, 2.833), (0.5, 10, 9.342)])
def test_chi_square(share: float, freedom: int, value: float) -> None:
    assert chi_square(share, freedom) == pytest.approx(value, rel=0.07)


@pytest.mark.parametrize(
    ("rounds", "sizes"),
    [(1, [1]), (3, [1] * 3), (6, [2] * 3), (8, [2] * 4), (10, [2] * 5), (16, [2] * 8), (40, [5] * 8)],
)
def test_batches_are_of_successive_rounds(rounds: int, sizes: list[int]) -> None:
    found = list(batches_of(range(1, rounds + 1)).values())
    assert found == sorted(found)
    assert [found.count(batch) for batch in sorted(set(found))] == sizes


def test_more_rounds_never_mean_fewer_batches() -> None:
    counts = [len(set(batches_of(range(rounds)).values())) for rounds in range(1, 60)]
    assert counts == sorted(counts)


def test_smaller_changes_and_wider_spreads_want_more_rounds() -> None:
    some = [rounds_needed(0.02, 10, change) for change in (0.2, 0.1, 0.05, 0.02)]
    assert some == sorted(some, key=lambda rounds: rounds or MOST_ROUNDS)
    assert rounds_needed(0.02, 10, 0.05) == rounds_needed(0.02, 10, -0.05)
    assert (rounds_needed(0.02, 10, 0.05) or 0) > (rounds_needed(0.01, 10, 0.05) or MOST_ROUNDS)
    assert rounds_needed(0.02, 10, 0.0001) is None
    assert rounds_needed(0.0, 3, 0.05) == 3


def test_what_is_recommended_is_detectable() -> None:
    error, rounds = 0.03, 10
    wanted = rounds_needed(error, rounds, 0.05)
    assert wanted is not None
    assert detectable(error * (rounds / wanted) ** 0.5, wanted) <= 0.05


def test_batches_that_resemble_their_neighbours_say_less() -> None:
    alternating, drifting = np.array([1.0, -1, 1, -1, 1, -1]), np.array([-3.0, -2, -1, 1, 2, 3])
    assert lasting(alternating) == LEAST_RAISED
    assert LEAST_RAISED < lasting(drifting) <= (1 + MOST_CORRELATED) / (1 - MOST_CORRELATED)
    assert lasting(drifting[:4]) == lasting(np.zeros(8)) == UNSEEN
