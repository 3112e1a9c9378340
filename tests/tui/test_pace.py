import os

import pytest

from foundry_bench.tui.pace import Pace, fair_share


def settled(draw_s: float = 0.0, told_per_s: float = 0.0, draw_bytes: int = 0, most: float | None = None) -> float:
    """The wait after many draws of ``draw_s`` and ``draw_bytes``, while what comes in takes ``told_per_s`` a second."""
    pace, now_s, cpu_s, written = Pace(0.1, share=0.05, most_bytes_per_s=most), 0.0, 0.0, 0
    for _ in range(100):
        pace.drawing(now_s, cpu_s, written)
        now_s += pace.wait_s
        cpu_s += draw_s + told_per_s * pace.wait_s
        written += draw_bytes
    return pace.wait_s


def test_cheap_draws_keep_the_tick() -> None:
    assert settled(draw_s=0.001, told_per_s=0.01) == 0.1


def test_dear_draws_stretch_it_until_all_keeps_to_the_share() -> None:
    wait_s = settled(draw_s=0.012, told_per_s=0.02)
    assert 0.012 / wait_s + 0.02 == pytest.approx(0.05, rel=0.01)


def test_a_slow_line_stretches_it_until_it_carries_all() -> None:
    assert settled(draw_bytes=3_000, most=6_000) == pytest.approx(0.5, rel=0.01)
    assert settled(draw_bytes=500, most=6_000) == 0.1
    assert settled(draw_bytes=3_000) == 0.1


def test_the_scarcer_of_line_and_processor_counts() -> None:
    assert settled(draw_s=0.03, draw_bytes=3_000, most=6_000) == pytest.approx(0.6, rel=0.01)


def test_it_never_waits_longer_than_a_second() -> None:
    assert settled(draw_s=0.5, told_per_s=0.1) == 1.0


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system confines no process to cores")
def test_on_an_only_core_the_model_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1})
    several = fair_share()
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1})
    assert fair_share() < several <= 0.06
