import pytest

from foundry_bench.values.changes import Reading
from foundry_bench.values.comparison import Difference
from foundry_bench.values.errors import InputError
from foundry_bench.values.gates import Gate, judge, parse_gate


def difference(change: float, low: float | None, high: float | None, base: float = 0.2) -> Difference:
    interval = None if low is None or high is None else (low, high)
    return Difference(
        metric="ttft_s",
        statistic="p95",
        n_base=40,
        n_new=40,
        prompts=4,
        rounds=10,
        base=base,
        new=base * (1 + change),
        change=change,
        ci95=interval and (interval[0] * base, interval[1] * base),
        ci95_change=interval,
        error=0.04,
        superiority=0.5,
    )


@pytest.mark.parametrize(
    ("text", "gate"),
    [
        ("ttft_s.p95>10%", ("ttft_s.p95", True, 0.1, True)),
        (" itl_s.mean > 0.002 ", ("itl_s.mean", True, 0.002, False)),
        ("decode_tokens_per_s.mean<-5%", ("decode_tokens_per_s.mean", False, -0.05, True)),
        ("memory.peak_mb>1e2", ("memory.peak_mb", True, 100.0, False)),
        ("quality<-.5", ("quality", False, -0.5, False)),
        ("changed_answers>0", ("changed_answers", True, 0.0, False)),
    ],
)
def test_gates_are_read(text: str, gate: tuple[str, bool, float, bool]) -> None:
    figure, above, limit, relative = gate
    assert parse_gate(text) == Gate(text=text.strip(), figure=figure, above=above, limit=limit, relative=relative)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write FIGURE>LIMIT"),
        ("ttft_s.p95", "write FIGURE>LIMIT"),
        ("ttft_s.p95>=10%", "write FIGURE>LIMIT"),
        ("ttft_s.p95>ten", "write FIGURE>LIMIT"),
        ("ttft_s.p95>nan", "write FIGURE>LIMIT"),
        ("ttft_s>10%", r"METRIC\.STATISTIC"),
        ("tfft_s.p95>10%", "or one of load_s"),
        ("latency_s.mean>1e400", "no change is ever beyond"),
        ("decode_tokens_per_s.mean<-100%", "no change is ever beyond"),
        ("ttft_s.p95>-10%", "must be at least 0"),
        ("output_tokens_per_s.mean<10%", "must be at most 0"),
    ],
)
def test_what_is_no_gate(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_gate(text)


@pytest.mark.parametrize(
    ("change", "low", "high", "outcome"),
    [
        (0.20, 0.15, 0.25, "failed"),
        (0.20, 0.05, 0.35, "failed"),  # surely slower, and by the best estimate beyond the limit
        (0.20, -0.05, 0.45, "undecided"),  # may be noise
        (0.03, -0.02, 0.08, "passed"),
        (0.05, 0.01, 0.09, "passed"),  # surely slower, surely within the limit
        (0.08, 0.02, 0.14, "undecided"),  # may be beyond the limit
        (-0.30, -0.35, -0.25, "passed"),
        (0.20, None, None, "undecided"),
    ],
)
def test_what_the_data_say(change: float, low: float | None, high: float | None, outcome: str) -> None:
    found = difference(change, low, high)
    assert judge(parse_gate("ttft_s.p95>10%"), {found.name: found}).outcome == outcome
    # The same gate in seconds of a base of 0.2 s.
    assert judge(parse_gate("ttft_s.p95>0.02"), {found.name: found}).outcome == outcome


@pytest.mark.parametrize(
    ("change", "low", "high", "hint"),
    [
        (0.20, -0.05, 0.45, "; about 42 rounds would decide, if it stays at that"),  # apart from 0
        (0.05, -0.03, 0.13, "; about 665 rounds would decide, if it stays at that"),  # apart from the limit
        (0.099, 0.08, 0.12, "; more than 2,000 rounds would decide, if it stays at that"),
    ],
)
def test_an_undecided_gate_says_how_many_rounds_would_decide(change: float, low: float, high: float, hint: str) -> None:
    found = difference(change, low, high)
    assert judge(parse_gate("ttft_s.p95>10%"), {found.name: found}).reason.endswith(f" %{hint}")


def test_what_is_missing_fails() -> None:
    judgement = judge(parse_gate("ttft_s.p95>10%"), {})
    assert (judgement.outcome, judgement.reason) == ("failed", "ttft_s.p95 is not known on both sides")
    nothing = Reading(name="failed_requests", base=0, new=2, counted=True)
    assert judge(parse_gate("failed_requests>10%"), {nothing.name: nothing}).outcome == "failed"


@pytest.mark.parametrize(
    ("text", "reading", "outcome"),
    [
        ("memory.peak_mb>10%", Reading(name="memory.peak_mb", base=100, new=111), "failed"),
        ("memory.peak_mb>10%", Reading(name="memory.peak_mb", base=100, new=109), "passed"),
        ("failed_requests>0", Reading(name="failed_requests", base=1, new=1, counted=True), "passed"),
        ("failed_requests>10%", Reading(name="failed_requests", base=0, new=0, counted=True), "passed"),
        ("changed_answers>0", Reading(name="changed_answers", base=0, new=1, counted=True), "failed"),
        ("quality<-0.5", Reading(name="quality", base=4, new=3, ci95=(-1.5, -0.5)), "failed"),
        ("quality<-10%", Reading(name="quality", base=4, new=3, ci95=(-2.5, 0.5)), "undecided"),
        ("quality<-0.5", Reading(name="quality", base=4, new=3), "undecided"),
    ],
)
def test_readings(text: str, reading: Reading, outcome: str) -> None:
    assert judge(parse_gate(text), {reading.name: reading}).outcome == outcome
