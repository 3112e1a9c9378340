"""From samples to a summary."""

import random
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import known, make_failed_sample, make_sample
from foundry_bench.values.events import ModelDescribed, ModelFinished, ModelLoaded
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Failure, Memory, Sample
from foundry_bench.values.result import Counts, ModelSummary, Workshop, model_result
from foundry_bench.values.stats import Distribution
from foundry_bench.values.summary import Summarizer, summarize


def summary(samples: Iterable[Sample], temperature: float = 0) -> ModelSummary:
    return summarize(samples, "smollm2-135m", temperature=temperature)


def rounds(values: Iterable[float], **changes: Any) -> list[Sample]:
    """A sample a round, with the given TTFTs."""
    return [make_sample(round=number, ttft_s=value, **changes) for number, value in enumerate(values, 1)]


def cautions(found: ModelSummary, kind: str) -> list[str | None]:
    return [caution.metric for caution in found.warnings if caution.kind == kind]


def figures(distribution: Distribution | None) -> list[float]:
    """All but the interval: the bootstrap draws by position, so order moves its ends a little."""
    return [getattr(known(distribution), field.name) for field in fields(Distribution) if field.name != "ci95_mean"]


def test_nothing_measured() -> None:
    found = summary([])
    assert found.metrics == dict.fromkeys(METRICS)
    assert (found.per_prompt, found.outliers, found.warnings, found.client_openai) == ({}, (), (), None)
    assert found.deterministic is None
    assert found.counts == Counts()
    assert found.workshop == Workshop(
        latency_avg=None,
        latency_p95=None,
        tokens_per_sec_avg=None,
        first_token_latency_avg=None,
        rounds=0,
        alias="smollm2-135m",
    )


def test_two_answers_by_hand() -> None:
    slower = make_sample(
        round=2, prompt_id="explain", ttft_s=0.3, latency_s=0.5, token_times_s=(0.3, 0.34, 0.4), completion_tokens=3
    )
    found = summary([make_sample(), slower])
    ttft, itl, decode = (known(found.metrics[name]) for name in ("ttft_s", "itl_s", "decode_tokens_per_s"))
    assert (ttft.n, ttft.mean, ttft.p50) == pytest.approx((2, 0.2, 0.2))
    # Gaps of 20 ms four times, 40 ms and 60 ms: pooled, not averaged by answer.
    assert (itl.n, itl.mean, itl.max) == pytest.approx((6, 0.18 / 6, 0.06))
    # 4 tokens in 80 ms, and 2 in 100 ms.
    assert (decode.min, decode.max) == pytest.approx((20, 50))
    assert asdict(found.workshop) == {
        "latency_avg": pytest.approx(0.35),
        "latency_p95": pytest.approx(0.485),
        "tokens_per_sec_avg": pytest.approx((25 / 0.2 + 23 / 0.5) / 2),
        "first_token_latency_avg": pytest.approx(0.2),
        "rounds": 2,
        "alias": "smollm2-135m",
    }
    per_prompt = known(found.per_prompt["explain"].metrics["ttft_s"])
    assert (per_prompt.n, per_prompt.mean, per_prompt.ci95_mean) == (1, 0.3, None)


def test_the_interval_of_pooled_gaps_resamples_answers() -> None:
    one = known(summary([make_sample()]).metrics["itl_s"])
    two = known(summary([make_sample(), make_sample(round=2)]).metrics["itl_s"])
    assert (one.n, one.ci95_mean) == (4, None)
    assert two.ci95_mean == pytest.approx((0.02, 0.02))


def test_only_measured_answers_count() -> None:
    found = summary(
        [
            make_sample(phase="warmup", latency_s=9.0),
            make_sample(),
            make_sample(round=2, status="unverified"),
            make_failed_sample(round=3),
            make_sample(round=4, status="timeout", latency_s=120.0),
            make_sample(round=5, status="cancelled", latency_s=60.0),
        ]
    )
    assert found.counts == Counts(ok=1, unverified=1, error=1, timeout=1, cancelled=1)
    latency = known(found.metrics["latency_s"])
    assert (latency.n, latency.max) == (2, 0.2)
    prompt = found.per_prompt["benefits"]
    assert (prompt.ok, prompt.failed) == (2, 3)
    assert cautions(found, "failed_requests") == [None]
    assert cautions(found, "unverified") == [None]


def test_a_prompt_that_never_answered_is_listed() -> None:
    prompt = summary([make_failed_sample()]).per_prompt["benefits"]
    assert (prompt.ok, prompt.failed, prompt.metrics) == (0, 1, dict.fromkeys(METRICS))


def test_without_streaming_only_whole_answers_have_figures() -> None:
    found = summary([make_sample(ttft_s=None, ttfa_s=None, token_times_s=(), first_chunk_tokens=None)])
    defined = {name for name, distribution in found.metrics.items() if distribution}
    assert defined == {"latency_s", "output_tokens_per_s"}
    assert found.workshop.first_token_latency_avg is None


def test_outliers_are_sought_within_a_prompt() -> None:
    # Pooled with the long prompt, the slow answer to the short one would hide.
    short = rounds([0.10, 0.11, 0.10, 0.12, 0.11, 0.50], prompt_id="short")
    long = rounds([0.90, 0.91, 0.92, 0.90, 0.91, 0.92], prompt_id="long")
    found = summary(short + long)
    (outlier,) = found.outliers
    assert (outlier.prompt_id, outlier.round, outlier.metric, outlier.value) == ("short", 6, "ttft_s", 0.5)
    # The median of six is 0.11, the deviations 0.01 0 0.01 0.01 0 0.39, their median 0.01.
    assert outlier.median == pytest.approx(0.11)
    assert outlier.score == pytest.approx(0.6745 * 0.39 / 0.01)
    assert cautions(found, "outliers") == ["ttft_s"]
    assert known(found.metrics["ttft_s"]).n == 12


@pytest.mark.parametrize(
    ("hashes", "temperature", "expected"),
    [
        (["a", "a", "a"], 0.0, True),
        (["a", "a", "b"], 0.0, False),
        (["a", "b", "c"], 0.7, None),
        (["a", "a"], 0.7, None),
        (["a"], 0.0, None),
        ([], 0.0, None),
    ],
)
def test_deterministic(hashes: list[str], temperature: float, *, expected: bool | None) -> None:
    samples = [make_sample(round=number, text_sha256=text) for number, text in enumerate(hashes, 1)]
    found = summary(samples, temperature)
    assert found.deterministic is expected
    assert cautions(found, "not_deterministic") == [None] * (expected is False)


def test_determinism_compares_answers_to_the_same_prompt() -> None:
    samples = [make_sample(prompt_id=name, round=number, text_sha256=name) for name in "ab" for number in (1, 2)]
    assert summary(samples).deterministic is True
    assert summary([*samples, make_sample(prompt_id="b", round=3, text_sha256="c")]).deterministic is False


def test_the_openai_client_is_kept_apart_and_paired() -> None:
    raw = rounds([0.10, 0.20, 0.30])
    # In another order, and without the second round.
    openai = [
        make_sample(path="openai", round=3, ttft_s=0.303, latency_s=0.21),
        make_sample(path="openai", round=1, ttft_s=0.101, latency_s=0.21),
        make_failed_sample(path="openai", round=2),
    ]
    found = summary(raw + openai)
    client = known(found.client_openai)
    assert (found.counts, client.counts) == (Counts(ok=3), Counts(ok=2, error=1))
    assert known(found.metrics["ttft_s"]).n == 3
    assert list(client.difference) == ["ttft_s", "latency_s", "decode_tokens_per_s"]
    ttft, latency, decode = (known(difference) for difference in client.difference.values())
    assert (ttft.n, ttft.mean) == pytest.approx((2, 0.002))
    assert ttft.ci95_mean == pytest.approx((0.001, 0.003))
    assert latency.mean == pytest.approx(0.01)
    assert decode.mean == 0


def test_pairs_are_of_one_prompt() -> None:
    found = summary([make_sample(prompt_id="a"), make_sample(prompt_id="b", path="openai")])
    assert set(known(found.client_openai).difference.values()) == {None}


def test_a_chat_session_is_the_main_path() -> None:
    found = summary([make_sample(path="session")])
    assert (found.counts.ok, found.client_openai) == (1, None)


def test_marks_of_the_worker_touch_their_metrics() -> None:
    found = summary(
        [
            make_sample(warnings=("first_chunk_estimated",)),
            make_sample(round=2, token_source="chunks", warnings=("tokens_counted_as_chunks", "battery_low")),
            make_failed_sample(round=3, warnings=("battery_low",)),
        ]
    )
    assert cautions(found, "first_chunk_estimated") == ["decode_tokens_per_s"]
    assert cautions(found, "tokens_counted_as_chunks") == ["decode_tokens_per_s", "output_tokens_per_s"]
    (other,) = (caution for caution in found.warnings if caution.kind == "battery_low")
    assert (other.metric, other.message) == (None, "1 of 2 answers: battery low")


@pytest.mark.parametrize(
    ("shared", "share"),
    [
        ((2,), "50 %"),  # the gap before chunk 2 is a lower bound, that before chunk 1 an upper one
        ((1,), "25 %"),  # chunk 0 has no gap before it
        ((1, 2, 3, 4), "100 %"),
        ((2, 4), "100 %"),
        ((3, 4), "75 %"),
    ],
)
def test_shared_reads(shared: tuple[int, ...], share: str) -> None:
    found = summary([make_sample(shared_reads=shared)])
    (caution,) = (caution for caution in found.warnings if caution.kind == "shared_reads")
    assert caution.metric == "itl_s"
    assert caution.message.startswith(f"{share} of the gaps")


def test_few_samples_are_told_for_each_metric() -> None:
    found = summary(rounds([0.1] * 25))
    assert cautions(found, "few_for_p95") == []
    # 25 answers, but 100 gaps.
    assert set(cautions(found, "few_for_p99")) == set(METRICS) - {"itl_s"}


def test_the_result_can_be_asked_for_at_any_time() -> None:
    samples = rounds([0.1, 0.2, 0.3])
    summarizer = Summarizer("smollm2-135m", temperature=0)
    for number, sample in enumerate(samples, 1):
        summarizer.add(sample)
        assert summarizer.answered == number
        assert summarizer.result() == summarizer.result() == summary(samples[:number])


@given(st.integers(0, 2**32))
def test_prompts_may_finish_in_any_order(seed: int) -> None:
    samples = [
        make_sample(prompt_id=name, round=number, ttft_s=number / 10 + len(name))
        for name in ("a", "bb")
        for number in range(1, 7)
    ]
    shuffled = random.Random(seed).sample(samples, len(samples))
    ordered, found = summary(samples), summary(shuffled)
    assert set(found.per_prompt) == {"a", "bb"}
    for name in METRICS:
        assert figures(found.metrics[name]) == pytest.approx(figures(ordered.metrics[name]))


def test_a_model_result_puts_together_what_is_known() -> None:
    found = summary(rounds([0.1, 0.2]))
    result = model_result(
        ModelFinished(model="m", status="ok", memory=Memory(peak_mb=251.0)),
        ModelDescribed(model="m", id="m:1", backend="foundry", device="cpu", capabilities=("chat",)),
        ModelLoaded(model="m", load_s=0.7, cold_ttft_s=0.3),
        found,
    )
    assert (result.name, result.id, result.backend, result.device) == ("m", "m:1", "foundry", "cpu")
    assert (result.load_s, result.cold_ttft_s, result.memory.peak_mb) == (0.7, 0.3, 251.0)
    assert {field.name: getattr(result, field.name) for field in fields(found)} == {
        field.name: getattr(found, field.name) for field in fields(found)
    }


def test_a_model_that_was_never_found_is_a_result_too() -> None:
    failure = Failure(type="unknown_model", message="no such model")
    result = model_result(ModelFinished(model="m", status="failed", error=failure), None, None, summary([]))
    assert (result.name, result.id, result.load_s, result.status, result.error) == ("m", None, None, "failed", failure)


def test_the_fields_of_a_model_are_the_contracts_in_order() -> None:
    result = model_result(ModelFinished(model="m", status="ok"), None, None, summary([]))
    assert " ".join(field.name for field in fields(result)) == (
        "name id backend device execution_provider status error advice load_s disk_mb license capabilities "
        "memory deterministic metrics per_prompt outliers workshop counts warnings client_openai cold_ttft_s "
        "max_lag_s cpu_s service telemetry energy stop sweep host spread"
    )
