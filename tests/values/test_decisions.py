"""How often the comparison is right, on seeded simulated runs; ``benchmarks/decisions.py`` has more of them."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def decisions() -> Any:
    path = Path(__file__).parents[2] / "benchmarks" / "decisions.py"
    spec = importlib.util.spec_from_file_location("decisions", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["decisions"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("rounds", [5, 10])
def test_a_model_against_itself_is_no_difference(decisions: Any, rounds: int) -> None:
    """Of 50 runs luck alone makes 0.9 of a true 0.95 too often."""
    rates = decisions.same("usual", rounds, 200, ("ttft_s.mean", "latency_s.mean", "itl_s.mean"))
    assert min(rate.right for rate in rates) >= 0.93


def test_a_true_difference_is_found_with_the_rounds_that_are_recommended(decisions: Any) -> None:
    assert decisions.different("quiet", 10, 50).right >= 0.9


def test_a_machine_that_drifts_through_both_is_beyond_any_comparison(decisions: Any) -> None:
    """What changes from the first model to the second looks like a difference."""
    (rate,) = decisions.same("drifting by 3 %", 60, 10, ("latency_s.mean",))
    assert rate.right < 0.93


@pytest.mark.parametrize(("machine", "percent"), [("usual", 6), ("quiet", 2), ("independent noise", 3)])
def test_where_a_rule_ends_the_rounds_the_mean_is_as_near_as_it_says(
    decisions: Any, machine: str, percent: float
) -> None:
    """A plain interval, looked at after each round, holds the true mean in four of five cases only."""
    assert decisions.stopped(machine, percent, 30, most=33).right >= 0.93
