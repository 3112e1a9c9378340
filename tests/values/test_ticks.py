import pytest
from hypothesis import given
from hypothesis import strategies as st

from foundry_bench.values.ticks import log_ticks, round_ticks


@pytest.mark.parametrize(
    ("low", "high", "most", "ticks"),
    [
        (0, 100, 6, [0, 20, 40, 60, 80, 100]),
        (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.13, 0.31, 4, [0.15, 0.2, 0.25, 0.3]),
        (93, 301, 6, [100, 150, 200, 250, 300]),
        (-1, 1, 3, [-1, 0, 1]),
        (0, 0.0003, 4, [0, 0.0001, 0.0002, 0.0003]),
        (5, 5, 6, [5]),
        (2, 1, 6, []),
        (0, float("inf"), 6, []),
        (float("nan"), 1, 6, []),
    ],
)
def test_round_ticks(low: float, high: float, most: int, ticks: list[float]) -> None:
    assert round_ticks(low, high, most) == ticks


@given(st.floats(-1e9, 1e9), st.floats(1e-9, 1e9), st.integers(2, 12))
def test_round_ticks_are_few_and_within(low: float, span: float, most: int) -> None:
    span = max(span, abs(low) * 1e-9)
    ticks = round_ticks(low, low + span, most)
    assert len(ticks) <= most
    assert ticks == sorted(set(ticks))
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (1, 10, [1, 2, 5, 10]),
        (0.001, 0.09, [0.001, 0.002, 0.005, 0.01, 0.02, 0.05]),
        (0.001, 1, [0.001, 0.01, 0.1, 1]),
        (1, 1e12, [1, 1e3, 1e6, 1e9, 1e12]),
        (0, 1, []),
        (1, 1, []),
        (1, float("inf"), []),
    ],
)
def test_log_ticks(low: float, high: float, ticks: list[float]) -> None:
    assert log_ticks(low, high) == ticks


@given(st.floats(1e-12, 1e12), st.floats(1.001, 1e12))
def test_log_ticks_are_few_and_within(low: float, factor: float) -> None:
    ticks = log_ticks(low, low * factor)
    assert len(ticks) <= 6
    assert all(low * 0.999 <= tick <= low * factor * 1.001 for tick in ticks)
