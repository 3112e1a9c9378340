"""The need of memory, held against what is free."""

import pytest

from factories import make_plan
from foundry_bench.values.fit import (
    Demand,
    Need,
    Room,
    Shape,
    Verdict,
    demand,
    free_mb,
    kv_mb,
    need,
    read_shape,
    verdict,
)
from foundry_bench.values.plan import Prompt

SMOL = Shape(layers=30, kv_heads=3, head_size=64, context_length=8192)
CONFIG = {
    "model": {
        "context_length": 8192,
        "decoder": {"num_hidden_layers": 30, "num_key_value_heads": 3, "head_size": 64},
    }
}


def test_the_shape_is_read_from_genai_config() -> None:
    assert read_shape(CONFIG) == SMOL
    gpu = read_shape(CONFIG, "GPU")
    assert gpu is not None
    assert gpu.value_bytes == 2


@pytest.mark.parametrize("config", [None, [], {}, {"model": {}}, {"model": {"context_length": "8192", "decoder": {}}}])
def test_a_shape_that_is_not_told_is_none(config: object) -> None:
    assert read_shape(config) is None


def test_a_kv_cache_grows_with_the_tokens_up_to_the_context() -> None:
    assert kv_mb(SMOL, 1000) == pytest.approx(46.08)
    assert kv_mb(SMOL, 100_000) == kv_mb(SMOL, 8192) == pytest.approx(377.5, abs=0.1)


def test_need_grows_with_what_is_asked() -> None:
    one = need(90, SMOL, Demand(tokens=1000))
    four = need(90, SMOL, Demand(tokens=1000, requests=4))
    assert four.least_mb - one.least_mb == pytest.approx(3 * kv_mb(SMOL, 1000))
    assert four.likely_mb - one.likely_mb == pytest.approx(6 * kv_mb(SMOL, 1000))
    assert 0 < need(90).least_mb < need(90).likely_mb


def test_what_was_measured_lies_between_least_and_likely() -> None:
    measured_mb = 283  # SmolLM2-135M on CPU after a short answer
    asked = need(90, SMOL, Demand(tokens=150))
    assert asked.least_mb < measured_mb < asked.likely_mb * 1.05


@pytest.mark.parametrize(
    ("least", "likely", "device", "expected"),
    [
        (100, 900, "CPU", "fits"),
        (100, 1100, "CPU", "tight"),
        (1100, 2000, "CPU", "no"),
        (1100, 2000, None, "no"),
        (1100, 2000, "GPU", "tight"),
        (1100, 2000, "npu", "tight"),
    ],
)
def test_the_verdict(least: float, likely: float, device: str | None, expected: Verdict) -> None:
    room = Room(total_mb=16_000, available_mb=1000)
    assert verdict(Need(least_mb=least, likely_mb=likely), room, device) == expected


def test_a_limit_on_the_address_space_counts() -> None:
    assert free_mb(Room(total_mb=16_000, available_mb=1000)) == 1000
    assert free_mb(Room(total_mb=16_000, available_mb=1000, address_mb=400)) == 165
    assert free_mb(Room(total_mb=16_000, available_mb=1000, address_mb=10)) == 0


def test_a_plans_longest_request_and_its_concurrency_are_asked() -> None:
    prompts = (Prompt(id="a", prompt="x" * 300), Prompt(id="b", prompt="y", max_tokens=500))
    plan = make_plan(prompts=prompts, max_tokens=128, concurrency=4, fit_check=False)
    assert demand(plan) == Demand(tokens=500, requests=4, check=False)
