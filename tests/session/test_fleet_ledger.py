from dataclasses import replace
from pathlib import Path

from foundry_bench.session.fleet_ledger import FleetLedger
from foundry_bench.session.store import load
from foundry_bench.values.events import HostChanged
from recorded import HOSTS, LOST, record_fleet


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
