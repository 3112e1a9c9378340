"""The levels of a sweep: what they send, and what comes of them."""

import pytest

from factories import known, make_failed_sample, make_plan, make_sample
from foundry_bench.values.curve import Curve, busy
from foundry_bench.values.plan import Sweep
from foundry_bench.values.sweep import Level, deep_prompt, level_requests, sweep_levels


def test_levels_leave_out_the_plans_own_and_rise() -> None:
    plan = make_plan(concurrency=2, sweep=Sweep(concurrency=(8, 2, 1), prompt_tokens=(512, 64)))
    levels = [level.name for level in sweep_levels(plan)]
    assert levels == ["concurrency=1", "concurrency=8", "prompt_tokens=64", "prompt_tokens=512"]


@pytest.mark.parametrize(
    ("changes", "level", "requests"),
    [
        ({}, Level(concurrency=1), 6),
        ({}, Level(concurrency=2), 6),
        ({}, Level(concurrency=8), 24),
        ({}, Level(concurrency=1, prompt_tokens=64), 3),
        ({}, Level(concurrency=4, prompt_tokens=64), 12),
        ({"until": "5%", "rounds": 1000}, Level(concurrency=1, prompt_tokens=64), 5),
    ],
)
def test_a_level_sends_enough_for_its_connections(changes: dict[str, object], level: Level, requests: int) -> None:
    assert len(level_requests(make_plan(**changes), level)) == requests


def test_no_two_prompts_of_a_length_begin_alike() -> None:
    prompts = [deep_prompt(tokens, number) for tokens in (64, 512) for number in (1, 2)]
    assert len({prompt.prompt[:24] for prompt in prompts}) == 4
    assert [len(prompt.prompt.split()) for prompt in prompts] == [40, 40, 443, 443]
    assert deep_prompt(64, 1, "one two").prompt.count("one two") == 14


def test_time_under_way_counts_once() -> None:
    assert busy([(5.0, 6.0), (0.0, 2.0), (1.0, 3.0), (1.5, 1.6)]) == 4.0
    assert busy([]) == 0.0


def test_a_curve_has_the_plans_own_level_in_its_place() -> None:
    curve = Curve(make_plan(concurrency=2, sweep=Sweep(concurrency=(1, 4), prompt_tokens=(64,))))
    second = 10**9
    for sample in (
        make_sample(phase="warmup"),
        make_sample(sent_ns=second),
        make_sample(sent_ns=second, round=2),
        make_sample(phase="sweep", level="concurrency=1", sent_ns=2 * second),
        make_sample(phase="sweep", level="concurrency=1", sent_ns=3 * second, completion_tokens=None),
        make_failed_sample(phase="sweep", level="prompt_tokens=64"),
        make_sample(phase="sweep", level="concurrency=1", path="openai"),
    ):
        curve.add(sample)
    one, two, deep = curve.result()
    assert [(level.level, level.concurrency, level.counts.ok) for level in (one, two, deep)] == [
        ("concurrency=1", 1, 2),
        ("concurrency=2", 2, 2),
        ("prompt_tokens=64", 2, 0),
    ]
    assert (one.total_tokens_per_s, one.prompt_tokens) == (None, 20)
    assert two.total_tokens_per_s == pytest.approx(2 * 5 / 0.2)
    assert known(two.metrics["ttft_s"]).n == 2
    assert (deep.counts.error, known(deep.error).type, deep.metrics["ttft_s"]) == (1, "connect", None)
