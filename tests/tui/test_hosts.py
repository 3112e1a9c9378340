"""The hosts of a fleet: of a recorded run, of one under way, of a cluster that can't be asked."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from driving import make_app, running, screen_text
from foundry_bench.tui.drawn.host_rows import run_rows
from foundry_bench.tui.screens.hosts import HostsScreen
from foundry_bench.values.events import HostChanged, StageStarted
from foundry_bench.values.folding import begin, fold, paused
from golden_text import looks_like
from recorded import HOSTILE, HOSTS, record_fleet

SIZES = [(60, 20), (80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.presses(ResultsScreen="H", HostsScreen="b")
async def test_the_hosts_of_a_recorded_run(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_fleet(tmp_path / "runs")
    async with running(make_app(tmp_path), size) as driver:
        await driver.press("g", "t")
        await driver.shows("aptop-1")
        await driver.press("H")
        await driver.shows("box-rtx", "6/6", "1/6", "lost", "onnxruntime: 1.22.0 on laptop-1, 1.21.0 on")
        await looks_like(driver, f"hosts-{size[0]}x{size[1]}", update=update_golden)
        await driver.press("j", "enter")
        await driver.shows("lost: its Dask worker ended", "NVIDIA RTX 4090", "tcp://10.0.0.5:9001")
        await driver.press("b")
        await driver.shows("Chart" if size[0] >= 76 else "Results")


async def test_what_a_host_says_is_data(tmp_path: Path) -> None:
    evil = replace(HOSTS[1], name=HOSTILE[:40], environment={"cpu": HOSTILE, "system": HOSTILE, "gpus": [HOSTILE]})
    record_fleet(tmp_path / "runs", (HOSTS[0], evil))
    async with running(make_app(tmp_path), (120, 40)) as driver:
        await driver.press("g", "t")
        await driver.shows("aptop-1")
        await driver.press("H")
        await driver.shows("1/6")
        await driver.press("j")
        await driver.shows("[red]not markup[/]")
        assert not {"\x1b", "\x07", "\u202e"} & set(screen_text(driver.app))


@pytest.mark.presses(RunScreen="H")
async def test_without_a_cluster_a_line_says_how_to_name_one(tmp_path: Path) -> None:
    async with running(make_app(tmp_path), (60, 20)) as driver:
        await driver.press("g", "r")
        await driver.shows("Summary")
        await driver.press("H")
        await driver.shows("no cluster is named: write cluster = ")
        assert isinstance(driver.app.screen, HostsScreen)
        await driver.press("r", "b")
        await driver.shows("Summary")


def refused(_cluster: str) -> None:
    raise OSError("the scheduler is gone")


@pytest.mark.presses(HostsScreen="r")
async def test_without_the_extra_a_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    async with running(make_app(tmp_path, cluster="tcp://127.0.0.1:9")) as driver:
        await driver.press("g", "r")
        await driver.shows("Summary")
        await driver.press("H")
        await driver.shows("pip install 'foundry-bench[fleet]'", "r ask again")
        monkeypatch.setattr("foundry_bench.tui.screens.hosts.present_hosts", refused)
        await driver.press("r")
        await driver.shows("the scheduler is gone")


def test_hosts_under_way_are_drawn_as_folded(tmp_path: Path) -> None:
    record = record_fleet(tmp_path).record
    fresh = tuple(replace(host, status="waiting", error=None) for host in record.hosts)
    snapshot = begin(record.plan, 0.0, fresh)
    states = [[row.state for row in run_rows(record, snapshot)]]
    for event in (
        HostChanged(host="laptop-1", status="running"),
        StageStarted(model="smollm2-135m@laptop-1", stage="measure", requests=6),
        HostChanged(host="box-rtx", status="lost", message="gone\x1b[2J"),
        HostChanged(host="box-rtx", status="lost", message="gone", back=True),
        HostChanged(host="nobody", status="done"),
    ):
        snapshot = fold(snapshot, event, 1.0)
        states.append([row.state for row in run_rows(record, snapshot)])
    assert states == [
        ["waiting", "waiting"],
        ["running", "waiting"],
        ["measuring", "waiting"],
        ["measuring", "lost"],
        ["measuring", "lost, back"],
        ["measuring", "lost, back"],
    ]
    first, second = run_rows(record, paused(snapshot, 2.0))
    assert (first.state, first.requests, second.why) == ("paused", (0, 6), "gone")
