"""Each metric by hand, and where it is undefined."""

from typing import Any

import numpy as np
import pytest

from factories import make_failed_sample, make_sample
from foundry_bench.values.metrics import METRICS, itl_s, total_tokens_per_s


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("ttft_s", {}, 0.1),
        ("ttft_s", {"ttft_s": None}, None),
        ("ttfa_s", {"ttfa_s": 0.9}, 0.9),
        ("ttfa_s", {"ttfa_s": None}, None),
        ("latency_s", {}, 0.2),
        # 4 tokens after the first chunk, in 0.08 s.
        ("decode_tokens_per_s", {}, 50.0),
        ("decode_tokens_per_s", {"first_chunk_tokens": 3.0}, 25.0),
        ("decode_tokens_per_s", {"first_chunk_tokens": 2.5}, 31.25),
        ("decode_tokens_per_s", {"first_chunk_tokens": None}, None),
        ("decode_tokens_per_s", {"first_chunk_tokens": 5.0}, None),
        ("decode_tokens_per_s", {"completion_tokens": None}, None),
        ("decode_tokens_per_s", {"completion_tokens": 1}, None),
        ("decode_tokens_per_s", {"token_times_s": ()}, None),
        ("decode_tokens_per_s", {"token_times_s": (0.1,)}, None),
        # A burst: 5 tokens within 0.9 ms are not 4,444 tokens a second.
        ("decode_tokens_per_s", {"token_times_s": (0.1, 0.1009)}, None),
        ("decode_tokens_per_s", {"token_times_s": (0.1, 0.102)}, 2000.0),
        ("output_tokens_per_s", {}, 25.0),
        ("output_tokens_per_s", {"completion_tokens": None}, None),
        ("output_tokens_per_s", {"completion_tokens": 0}, None),
        ("output_tokens_per_s", {"latency_s": None}, None),
        ("output_tokens_per_s", {"latency_s": 0.0}, None),
        ("prefill_tokens_per_s", {}, 200.0),
        ("prefill_tokens_per_s", {"prompt_tokens": None}, None),
        ("prefill_tokens_per_s", {"ttft_s": None}, None),
    ],
)
def test_metric(name: str, changes: dict[str, Any], expected: float | None) -> None:
    assert METRICS[name].of(make_sample(**changes)) == (expected and pytest.approx(expected))


def test_gaps() -> None:
    assert itl_s(make_sample()) == pytest.approx(np.full(4, 0.02))
    assert itl_s(make_sample(token_times_s=(0.5, 0.5, 0.75))) == pytest.approx(np.array([0.0, 0.25]))


@pytest.mark.parametrize("times", [(), (0.1,)])
def test_no_gaps_under_two_chunks(times: tuple[float, ...]) -> None:
    assert itl_s(make_sample(token_times_s=times)) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({}, 125.0), ({"prompt_tokens": None}, None), ({"completion_tokens": None}, None), ({"latency_s": None}, None)],
)
def test_the_workshops_rate_counts_prompt_tokens_too(changes: dict[str, Any], expected: float | None) -> None:
    assert total_tokens_per_s(make_sample(**changes)) == (expected and pytest.approx(expected))


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"prefill_tokens_per_s"}))
def test_a_request_without_an_answer_has_no_figure(name: str) -> None:
    assert METRICS[name].of(make_failed_sample()) is None


def test_the_names_are_the_contracts() -> None:
    assert {name: metric.better for name, metric in METRICS.items()} == {
        "ttft_s": "lower",
        "ttfa_s": "lower",
        "latency_s": "lower",
        "itl_s": "lower",
        "decode_tokens_per_s": "higher",
        "output_tokens_per_s": "higher",
        "prefill_tokens_per_s": "higher",
    }
