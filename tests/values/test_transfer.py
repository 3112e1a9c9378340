"""Downloads as values: progress, stalls, retries."""

from dataclasses import replace

import pytest

from foundry_bench.values.record import Failure
from foundry_bench.values.transfer import (
    ATTEMPTS,
    Transfer,
    begun,
    broke_off,
    eta_s,
    found,
    progressed,
    speed_mb_s,
    stalled,
    wait_s,
)
from foundry_bench.values.transfer_lines import detail, outcome

CUT = Failure(type="http_503", message="the registry answered 503")


def under_way(size_mb: float = 100.0) -> Transfer:
    return found(begun(Transfer(name="m"), 10.0), 10.0, "m:1", size_mb)


def test_speed_and_time_left_follow_what_arrives() -> None:
    transfer = under_way()
    assert (speed_mb_s(transfer), eta_s(transfer)) == (None, None)
    for second in range(1, 21):
        transfer = progressed(transfer, 10.0 + second, received_mb=2.0 * second)
    assert speed_mb_s(transfer) == pytest.approx(2.0)
    assert transfer.arrived == pytest.approx(0.4)
    assert eta_s(transfer) == pytest.approx(30.0)
    assert len(transfer.marks) <= 6
    assert detail(transfer) == "of 100 MB, 2.0 MB/s, 0:30 left"


def test_without_the_systems_count_the_fraction_tells_the_speed() -> None:
    transfer = progressed(progressed(under_way(), 11.0, fraction=0.02), 13.0, fraction=0.06)
    assert speed_mb_s(transfer) == pytest.approx(2.0)


def test_without_the_systems_count_a_second_try_goes_on_from_where_it_began() -> None:
    half = progressed(under_way(), 11.0, fraction=0.5)
    again = found(begun(half, 20.0), 20.0, "m:1", None)
    again = progressed(progressed(again, 21.0, fraction=0.5), 23.0, fraction=0.54)
    assert again.arrived == pytest.approx(0.54)
    assert eta_s(again) == pytest.approx(23.0)


def test_a_fraction_never_goes_back() -> None:
    assert progressed(progressed(under_way(), 11.0, fraction=0.5), 12.0, fraction=0.2).fraction == 0.5


def test_silence_is_a_stall_and_a_trickle_is_not() -> None:
    transfer = progressed(under_way(), 11.0, fraction=0.1, received_mb=10.0)
    assert not stalled(transfer, 31.0)
    assert stalled(transfer, 31.1)
    trickling = progressed(transfer, 30.0, fraction=0.1, received_mb=10.001)
    assert not stalled(trickling, 45.0)
    assert not stalled(progressed(transfer, 30.0, fraction=0.1, received_mb=10.0), 31.0)


def test_each_try_is_more_patient_and_the_search_has_a_minute() -> None:
    assert not stalled(replace(under_way(), attempt=2), 49.0)
    assert stalled(replace(under_way(), attempt=2), 51.0)
    searching = begun(Transfer(name="m"), 10.0)
    assert not stalled(searching, 69.0)
    assert stalled(searching, 71.0)


def test_a_cut_is_tried_again_after_longer_and_longer_pauses() -> None:
    transfer, waits = under_way(), []
    while (transfer := broke_off(transfer, 100.0, CUT)).state == "retrying":
        assert transfer.retried_s is not None
        waits.append(transfer.retried_s - 100.0)
        transfer = begun(transfer, 200.0)
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert (transfer.state, transfer.attempt) == ("failed", ATTEMPTS)
    assert wait_s(20) == 30.0


def test_a_try_that_brought_something_begins_the_count_anew() -> None:
    fourth = replace(under_way(), attempt=4)
    assert broke_off(progressed(fourth, 12.0, fraction=0.1), 13.0, CUT).attempt == 2
    assert broke_off(fourth, 13.0, CUT).attempt == 5


LASTING = [
    "unknown_model",
    "disk_full",
    "cache_unusable",
    "forbidden",
    "not_found",
    "offline",
    "unreachable",
    "data_folder",
]


@pytest.mark.parametrize("kind", LASTING)
def test_what_another_try_will_not_mend_fails_at_once(kind: str) -> None:
    failed = broke_off(under_way(), 11.0, Failure(type=kind, message="why"), "the mend")
    assert (failed.state, outcome(failed)) == ("failed", "why (the mend)")


def test_a_network_lost_midway_may_come_back() -> None:
    transfer = progressed(under_way(), 11.0, fraction=0.3)
    assert broke_off(transfer, 12.0, Failure(type="offline", message="no connection")).state == "retrying"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"state": "waiting"}, ""),
        ({"state": "downloading"}, ""),
        ({"state": "done"}, "100 MB on the disk"),
        ({"state": "cancelled", "fraction": 0.42}, "cancelled at 42%; what is there stays for the next time"),
        ({"state": "retrying", "attempt": 2, "error": CUT}, "the registry answered 503; try 2 of 5"),
    ],
)
def test_what_is_worth_a_line(changes: dict[str, object], line: str) -> None:
    assert outcome(replace(under_way(), **changes)) == line  # type: ignore[arg-type] # fields by name
