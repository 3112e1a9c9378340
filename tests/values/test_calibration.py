"""The error of a calibration, from hand-made answers and logs."""

import pytest

from factories import make_calibration, make_sample
from foundry_bench.values.calibration import SendLog, error_of_level, near_the_error, timing_error
from foundry_bench.values.record import Sample
from foundry_bench.values.stats import Distribution

# The server got the request 1 ms after it was sent, and sent a token at 11, 16 and 21 ms.
LOG = SendLog(arrived_ns=1_000_000, sent_ns=(11_000_000, 16_000_000, 21_000_000))


def answer(*times_s: float, **changes: object) -> Sample:
    return make_sample(token_times_s=times_s, ttft_s=times_s[0], completion_tokens=3, first_chunk_tokens=1.0, **changes)


def test_a_perfect_client_has_only_the_requests_way_as_its_error() -> None:
    level = error_of_level(1, 0.005, [(answer(0.011, 0.016, 0.021), LOG)], max_lag_s=0.0, cpu_s=0.003)
    assert level.ttft.p50_s == pytest.approx(0.001)
    assert level.itl.max_s == pytest.approx(0.0, abs=1e-12)
    assert level.rate_bias == pytest.approx(0.0, abs=1e-12)
    assert level.cpu_s_per_1000_tokens == pytest.approx(1.0)


def test_a_late_stamp_is_an_error_of_both_gaps_and_none_of_the_rate() -> None:
    level = error_of_level(1, 0.005, [(answer(0.011, 0.018, 0.021), LOG)], max_lag_s=0.0, cpu_s=0.0)
    assert level.itl.n == 2
    assert level.itl.p50_s == pytest.approx(0.002)
    assert level.itl.max_s == pytest.approx(0.002)
    assert level.rate_bias == pytest.approx(0.0, abs=1e-12)


def test_a_late_end_makes_the_rate_too_low() -> None:
    level = error_of_level(1, 0.005, [(answer(0.011, 0.016, 0.0311), LOG)], max_lag_s=0.0, cpu_s=0.0)
    assert level.rate_bias == pytest.approx(10 / 20.1 - 1)


def test_a_gap_that_is_only_a_bound_is_an_error_and_no_exact_one() -> None:
    level = error_of_level(1, 0.005, [(answer(0.011, 0.021, 0.021, shared_reads=(2,)), LOG)], max_lag_s=0.0, cpu_s=0.0)
    assert level.itl.max_s == pytest.approx(0.005)
    assert (level.itl_exact, level.shared_share) == (None, 1.0)


def test_the_rate_of_all_streams_counts_from_the_first_request() -> None:
    pairs = [(answer(0.011, 0.016, 0.021, sent_ns=at), LOG) for at in (0, 9_000_000)]
    assert error_of_level(2, 0.005, pairs, max_lag_s=0.0, cpu_s=0.0).tokens_per_s == pytest.approx(6 / 0.030)


@pytest.mark.parametrize(("p50", "near"), [(0.00139, True), (0.00141, False)])
def test_a_figure_near_the_error_says_so(p50: float, near: bool) -> None:
    figure = Distribution(n=9, mean=p50, std=0.0, min=p50, p50=p50, p90=p50, p95=p50, p99=p50, max=p50, ci95_mean=None)
    found = near_the_error({"ttft_s": figure, "itl_s": None}, make_calibration())
    assert [caution.metric for caution in found] == ["ttft_s"] * near


def test_the_error_in_words() -> None:
    assert timing_error(make_calibration()) == "TTFT ± 0.140 ms, ITL ± 0.020 ms (99 % of a stream of known cadence)"
