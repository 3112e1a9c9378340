"""Whose figures are whose, how a load is divided, where a model is worst, which default holds everywhere."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from factories import CREATED, make_distribution, make_model, make_plan, make_sample
from foundry_bench.session.cluster import choose_hosts, hosts_from, rejoin
from foundry_bench.session.start_line import StartLine
from foundry_bench.values.errors import InputError
from foundry_bench.values.fleet import (
    HostRecord,
    Share,
    at_home,
    hosts_plan,
    model_names,
    on_host,
    on_its_host,
    sample_key,
)
from foundry_bench.values.fleet_choice import choose
from foundry_bench.values.folding import begin
from foundry_bench.values.host_matrix import matrix, model_differences, one_machine, version_differences
from foundry_bench.values.result import ModelResult, RunRecord
from foundry_bench.values.scorecard import Ranked, Scorecard
from foundry_bench.values.spread import Span, spread_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def hosts(*names: str, **changes: Any) -> tuple[HostRecord, ...]:
    return tuple(HostRecord(name=name, address=f"tcp://{name}:1", **changes) for name in names)


@pytest.mark.parametrize(("count", "rounds"), [(1, 7), (2, 7), (3, 7), (4, 64), (5, 5), (7, 100)])
def test_shares_sum_to_the_whole_and_number_every_round_once(count: int, rounds: int) -> None:
    shares = [Share(index=index, count=count) for index in range(count)]
    assert sum(share.of(rounds) for share in shares) == rounds
    assert max(share.of(rounds) for share in shares) - min(share.of(rounds) for share in shares) <= 1
    whole = [share.whole_round(part) for share in shares for part in range(1, share.of(rounds) + 1)]
    assert sorted(whole) == list(range(1, rounds + 1))
    for share in shares:
        for part in range(1, share.of(rounds) + 1):
            assert share.part_round(share.whole_round(part)) == part


def test_a_sample_comes_home_and_goes_back_the_same() -> None:
    share = Share(index=1, count=4)
    for sample in (make_sample(round=3), make_sample(round=0, phase="warmup")):
        home = at_home(sample, "lab", share)
        assert (home.model, home.host) == ("smollm2-135m@lab", "lab")
        assert home.round == (10 if sample.phase == "measure" else 0)
        assert on_its_host(home, "lab", share) == sample


def test_the_hosts_of_one_load_are_seen_each_with_its_own_part() -> None:
    plan = make_plan(rounds=7, concurrency=3, cluster="tcp://a:1", spread=3)
    found = begin(plan, 0.0, hosts("a", "b", "c"))
    assert [(one.name, one.rounds, one.requests) for one in found.models[:3]] == [
        ("smollm2-135m@a", 3, 6),
        ("smollm2-135m@b", 2, 4),
        ("smollm2-135m@c", 2, 4),
    ]
    assert [one.rounds for one in begin(replace(plan, spread=None), 0.0, hosts("a", "b")).models] == [7] * 4


def test_one_sample_told_twice_has_one_key_and_that_of_another_host_has_not() -> None:
    keys = {sample_key(at_home(make_sample(), host, None)) for host in ("a", "b", "a")}
    assert len(keys) == 2
    assert len({sample_key(make_sample(sent_ns=sent)) for sent in (1, 2)}) == 2


def test_a_host_gets_its_share_and_none_of_this_machines_folders() -> None:
    plan = make_plan(rounds=10, concurrency=6, cluster="tcp://x:1", on=("a",), spread=4)
    mine = hosts_plan(plan, Share(index=1, count=4))
    assert (mine.rounds, mine.concurrency, mine.cluster, mine.on, mine.spread) == (3, 2, None, (), None)
    assert mine.runtime.model_cache_dir is None
    assert model_names(plan, hosts("a", "b"))[:2] == ("smollm2-135m@a", "smollm2-135m@b")
    assert model_names(plan, ()) == plan.models


def test_a_name_is_a_host_and_nameless_workers_of_one_machine_are_one() -> None:
    workers: Mapping[str, Mapping[str, Any]] = {
        "tcp://10.0.0.1:1": {"name": "tcp://10.0.0.1:1", "host": "10.0.0.1"},
        "tcp://10.0.0.1:2": {"name": "tcp://10.0.0.1:2", "host": "10.0.0.1"},
        "tcp://10.0.0.2:1": {"name": "lab", "host": "10.0.0.2", "resources": {"GPU": 1}, "memory_limit": 2_000_000},
        "tcp://10.0.0.2:2": {"name": "evil\x1b[2J\nname", "host": "10.0.0.2"},
    }
    found = {host.name: host for host in hosts_from(workers)}
    assert sorted(found) == ["10.0.0.1", "evil name", "lab"]
    assert found["10.0.0.1"].address == "tcp://10.0.0.1:1"
    assert (found["lab"].tags, found["lab"].memory_limit_mb) == (("GPU",), 2.0)


@pytest.mark.parametrize(
    ("on", "expected"), [((), "a-1 a-2 b"), (("a-*",), "a-1 a-2"), (("GPU",), "b"), (("b", "a-2"), "a-2 b")]
)
def test_hosts_are_chosen_by_name_or_tag(on: tuple[str, ...], expected: str) -> None:
    present = (*hosts("a-1", "a-2"), *hosts("b", tags=("GPU",)))
    assert " ".join(host.name for host in choose_hosts(make_plan(on=on), present)) == expected


def test_too_few_hosts_are_refused_with_those_there_are() -> None:
    present = hosts("a", "b", tags=("ARM",))
    with pytest.raises(InputError, match=r"like 'x\*'; there are: a \[ARM\], b \[ARM\]"):
        choose_hosts(make_plan(on=("x*",)), present)
    with pytest.raises(InputError, match="--spread 3 needs as many hosts; there are 2"):
        choose_hosts(make_plan(spread=3), present)
    with pytest.raises(InputError, match="none of a, b is in the cluster; there are: c"):
        rejoin(present, hosts("c"))


def test_a_recorded_host_is_found_at_its_new_address() -> None:
    moved = replace(hosts("a")[0], address="tcp://a:2")
    assert rejoin(hosts("a", "b"), [moved]) == (moved, hosts("b")[0])


def record(*models: ModelResult, of: tuple[HostRecord, ...]) -> RunRecord:
    return RunRecord(id="r", created=CREATED, status="done", plan=make_plan(), environment={}, models=models, hosts=of)


def row(model: str, host: str, ttft_s: float, decode: float, **changes: Any) -> ModelResult:
    metrics = {"ttft_s": make_distribution(ttft_s, 0.01), "decode_tokens_per_s": make_distribution(decode, 1.0)}
    return make_model(name=on_host(model, host), host=host, metrics=metrics, **changes)


def test_the_worst_host_is_the_slowest_by_time_and_the_least_by_rate() -> None:
    found = record(row("m", "a", 0.1, 50), row("m", "b", 0.3, 90), of=hosts("a", "b", "c"))
    ttft, latency, decode = matrix(found)
    assert (ttft.model, ttft.figure, ttft.worst) == ("m", "ttft_s.p95", "b")
    assert ttft.values == {"a": pytest.approx(0.115), "b": pytest.approx(0.315), "c": None}
    assert (latency.worst, set(latency.values.values())) == (None, {None})
    assert decode.worst == "a"


def test_what_differs_is_named_with_each_hosts_value() -> None:
    one, other = (
        replace(host, environment={"host": "box", "python": "3.12", "packages": {"sdk": version, "numpy": "2"}})
        for host, version in zip(hosts("a", "b"), ("2.2", "2.3"), strict=True)
    )
    found = version_differences((one, other, *hosts("lost")))
    assert [(each.what, each.values) for each in found] == [("sdk", {"a": "2.2", "b": "2.3"})]
    variants = record(row("m", "a", 1, 1, id="m-cpu:1"), row("m", "b", 1, 1, id="m-gpu:2"), of=(one, other))
    assert [(each.what, each.values) for each in model_differences(variants)] == [
        ("id of m", {"a": "m-cpu:1", "b": "m-gpu:2"})
    ]
    assert one_machine((one, other)) == [["a", "b"]]


def card(*places: tuple[str, float, float]) -> Scorecard:
    ranking = tuple(
        Ranked(name=name, score=score, ci95=(score, score), wins=wins, figures={}, ratios={}, pareto=True)
        for name, score, wins in places
    )
    return Scorecard(weights={}, left_out={}, ranking=ranking, flips=(), decided=places[0][2] >= 0.95)


def test_a_default_holds_where_it_leads_or_is_not_told_apart() -> None:
    found = choose({"a": card(("x", 1.0, 1.0), ("y", 0.5, 0.0)), "b": card(("y", 1.0, 0.6), ("x", 0.9, 0.4))})
    assert (found.default, found.winner) == ("x", "x")
    decided = choose({"a": card(("x", 1.0, 1.0), ("y", 0.7, 0.0)), "b": card(("y", 1.0, 0.99), ("x", 0.6, 0.01))})
    assert (decided.default, decided.best_worst) == (None, ("y", "a"))
    lacking = choose({"a": card(("x", 1.0, 1.0)), "b": None})
    assert (lacking.default, lacking.winner, lacking.without) == ("x", None, ("b",))
    apart = choose({"a": card(("x", 1.0, 1.0)), "b": card(("y", 1.0, 1.0))})
    assert apart.best_worst is None


def test_the_rate_of_all_hosts_is_bounded_without_comparing_their_clocks() -> None:
    """Two hosts whose clocks differ by a day: each answers 5 tokens in 0.2 s, thrice, a second apart."""
    spans = {"a": Span(), "b": Span()}
    for number in range(3):
        spans["a"].add(make_sample(sent_ns=number * 10**9))
        spans["b"].add(make_sample(sent_ns=86_400 * 10**9 + number * 2 * 10**9))
    spans["a"].add(make_sample(sent_ns=9 * 10**9, phase="warmup"))
    found = spread_of(spans, 0.3)
    assert found.durations_s == pytest.approx((2.2, 4.2))
    assert found.total_tokens_per_s == pytest.approx((30 / 4.5, 30 / 4.2))
    assert spread_of(spans, None).total_tokens_per_s is None
    assert spread_of({"a": Span()}, 0.1).durations_s == (None,)


@pytest.mark.parametrize("skew_s", [0.0, 0.2, 0.29])
def test_the_true_rate_lies_within_the_bounds(skew_s: float) -> None:
    starts = np.arange(5) * 0.5
    spans = {"a": Span(), "b": Span()}
    for start in starts:
        spans["a"].add(make_sample(sent_ns=int(start * 1e9)))
        spans["b"].add(make_sample(sent_ns=int(start * 1e9)))
    low, high = spread_of(spans, 0.3).total_tokens_per_s or (0, 0)
    true = 50 / (2.0 + 0.2 + skew_s)
    assert low <= true <= high + 1e-9


def test_all_start_together_and_one_that_is_out_holds_nobody_up() -> None:
    line = StartLine(["m"], ["a", "b", "c"])
    line.ready("a", "m")
    line.ready("b", "m")
    assert list(line.due()) == []
    line.out("c")
    assert list(line.due()) == ["m"]
    line.let_go("m", 10.0)
    assert list(line.due()) == []
    line.started("a", "m", 10.1)
    assert line.skews_s == {}
    line.started("b", "m", 10.3)
    assert line.skews_s == {"m": pytest.approx(0.3)}
