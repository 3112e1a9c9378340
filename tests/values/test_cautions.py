"""What calls for care, and what does not."""

from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from foundry_bench.values.cautions import Caution, Series, over_time, sample_size, two_modes
from foundry_bench.values.stats import Floats, describe


def series(**prompts: Iterable[float]) -> Mapping[str, Series]:
    """A series a prompt, one value a round, the rounds counted from 1."""
    found = {}
    for prompt_id, values in prompts.items():
        array = np.array(list(values))
        found[prompt_id] = Series(rounds=np.arange(1, array.size + 1), values=array)
    return found


def kinds(cautions: Iterable[Caution]) -> list[str]:
    return [caution.kind for caution in cautions]


def noise(n: int, spread: float = 0.02) -> Floats:
    return np.random.default_rng(1).normal(1, spread, n)


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, []), (1, ["few_for_p95"]), (19, ["few_for_p95"]), (20, ["few_for_p99"]), (99, ["few_for_p99"]), (100, [])],
)
def test_few_samples(n: int, expected: list[str]) -> None:
    found = list(sample_size("ttft_s", describe(np.ones(n))))
    assert kinds(found) == expected
    assert all(str(n) in caution.message and caution.metric == "ttft_s" for caution in found)


@pytest.mark.parametrize(
    ("prompts", "slow"),
    [
        ({"a": [2.0, 1.0, 1.0]}, True),
        ({"a": [1.1, 1.0, 1.0]}, False),
        ({"a": [2.0, 1.0]}, False),
        ({"a": [1.0, 2.0, 1.0]}, False),
        # A prompt that takes ten times as long weighs no more than the other.
        ({"a": [2.0, 1.0, 1.0], "b": [20.0, 10.0, 10.0]}, True),
        ({"a": [1.0, 1.0, 1.0], "b": [10.0, 10.0, 10.0]}, False),
        ({}, False),
        ({"a": []}, False),
        ({"a": [0.0, 0.0, 0.0]}, False),
    ],
)
def test_a_slow_first_round(prompts: dict[str, list[float]], *, slow: bool) -> None:
    assert kinds(over_time("ttft_s", series(**prompts))) == ["slow_first_round"] * slow


def test_a_slow_first_round_is_told_by_how_much() -> None:
    (caution,) = over_time("ttft_s", series(a=[1.5, 1.0, 1.0]))
    assert caution.message.startswith("the first round is 50 % above")


@pytest.mark.parametrize(
    ("values", "drifts"),
    [
        (np.linspace(1, 1.3, 12), True),
        (np.linspace(1.3, 1, 12), True),
        (np.linspace(1, 1.3, 7), False),
        (np.linspace(1, 1.03, 12), False),
        (noise(100), False),
        (noise(100) * np.linspace(1, 1.1, 100), True),
        (np.ones(12), False),
    ],
)
def test_drift(values: Floats, *, drifts: bool) -> None:
    assert kinds(over_time("latency_s", series(a=values))) == ["drift"] * drifts


def test_drift_tells_its_direction() -> None:
    (caution,) = over_time("latency_s", series(a=np.repeat([1.0, 1.1, 1.2], 4)))
    assert caution.message == "drifts over the 12 rounds: the last third is +20 % against the first"


@pytest.mark.parametrize(
    ("values", "bimodal"),
    [
        (np.r_[noise(10), 2 * noise(10)], True),
        (np.r_[noise(9), 2 * noise(10)], False),
        (np.r_[noise(100), 2 * noise(20)], False),
        (np.r_[noise(100), 2 * noise(30)], True),
        (np.r_[noise(50, 0.0001), 1.01 * noise(50, 0.0001)], False),
        (noise(200), False),
        (np.linspace(1, 2, 200), False),
        (np.random.default_rng(1).exponential(size=200), False),
        (np.ones(50), False),
    ],
)
def test_two_modes(values: Floats, *, bimodal: bool) -> None:
    assert kinds(two_modes("ttft_s", series(a=values))) == ["bimodal"] * bimodal


def test_two_modes_are_told_once_with_their_means() -> None:
    values = np.r_[np.full(10, 0.1), np.full(10, 0.25)]
    (caution,) = two_modes("ttft_s", series(a=np.ones(20), b=values, c=values))
    assert caution.message == "two groups of values in 2 of 3 prompts, such as 100 ms and 250 ms"
