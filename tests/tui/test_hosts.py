"""The hosts of a fleet: of a recorded run, of one under way, of a cluster that can't be asked."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from driving import make_app, running, screen_text
from factories import CREATED, make_calibration, make_plan
from foundry_bench.session.fleet_ledger import FleetLedger
from foundry_bench.session.store import Run, load
from foundry_bench.tui.screens.hosts import HostsScreen
from foundry_bench.tui.widgets.host_rows import run_rows
from foundry_bench.values.events import HostChanged, StageStarted
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.folding import begin, fold, paused
from foundry_bench.values.record import Failure
from golden_text import looks_like
from recorded import HOSTILE, result_of, samples_of

SIZES = [(60, 20), (80, 24), (120, 40)]
LAPTOP: dict[str, Any] = {
    "host": "laptop", "system": "Linux 6.1", "cpu": "Intel Core i7-1265U", "cores": 12, "memory_mb": 16000.0,
    "gpus": ["Intel 0x46a8"], "python": "3.12.3", "packages": {"foundry-bench": "1.0.0", "onnxruntime": "1.22.0"},
}  # fmt: skip
LOST = Failure(type="host_lost", message="its Dask worker ended or can't be reached")
HOSTS = (
    HostRecord(
        name="laptop-1", address="tcp://10.0.0.4:9001", tags=("SMALL",), status="done", environment=LAPTOP,
        calibration=make_calibration(), memory_limit_mb=8000.0,
    ),
    HostRecord(
        name="box-rtx", address="tcp://10.0.0.5:9001", status="lost", error=LOST,
        environment={**LAPTOP, "host": "box", "gpus": ["NVIDIA RTX 4090"], "packages": {"onnxruntime": "1.21.0"}},
    ),
)  # fmt: skip


def record_fleet(out: Path, hosts: tuple[HostRecord, ...] = HOSTS) -> Run:
    """A run of which the first host is done, and the second had told one answer of six."""
    plan = make_plan(models=("smollm2-135m",), rounds=3, cluster="tcp://10.0.0.1:8786")
    run = Run.create(out, plan, {"cores": 2}, created=CREATED, run_id="run-fleet", hosts=hosts)
    for host, count in zip(hosts, (6, 1), strict=True):
        samples = samples_of("smollm2-135m")[:count]
        name = f"smollm2-135m@{host.name}"
        run.add_model(replace(result_of("smollm2-135m", samples), name=name, host=host.name))
    run.close("done")
    return run


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


def test_a_host_that_changes_is_told_of_once_it_is_recorded(tmp_path: Path) -> None:
    run, told = record_fleet(tmp_path), list[object]()
    ledger = FleetLedger(run.record.plan, run, lambda event: told.append((load(run.path).hosts[1].status, event)))
    changed = replace(HOSTS[1], status="waiting", error=None)
    ledger.set_host(changed)
    ledger.set_host(replace(changed, notes=("a note",)))
    ledger.set_host(replace(changed, status="lost", error=LOST))
    ledger.tell("box-rtx", back=True)
    assert told == [
        ("waiting", HostChanged(host="box-rtx", status="waiting")),
        ("lost", HostChanged(host="box-rtx", status="lost", message=LOST.message)),
        ("lost", HostChanged(host="box-rtx", status="lost", message=LOST.message, back=True)),
    ]


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
