"""The choice of a model on many hosts: what is told of each host is of that host alone, and harms no terminal."""

from pathlib import Path

import pytest

from factories import make_model, make_plan, make_run, make_view, make_vote, write_run
from foundry_bench.cli import main
from foundry_bench.session.fleet_ranking import fleet_document, rank_hosts
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.fleet import HostRecord, on_host
from foundry_bench.values.preference import Preference
from foundry_bench.values.ratings import Ratings
from foundry_bench.values.result import ModelResult

MODELS = ("phi", "smol")
HOSTS = tuple(HostRecord(name=name, address=f"tcp://{name}:1", status="done") for name in ("lab-1", "lab-2"))


def rows(license_id: str = "MIT") -> tuple[ModelResult, ...]:
    return tuple(
        make_model(name=on_host(model, host.name), host=host.name, license=license_id)
        for model in MODELS
        for host in HOSTS
    )


def test_the_text_of_another_machine_reaches_no_terminal_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = rows(license_id="\x1b[31mMIT\nOut")
    path = write_run(tmp_path, "a", plan=make_plan(models=MODELS), models=models, hosts=HOSTS)
    (path / "samples.jsonl").touch()
    assert main(["rank", "a", "--out", str(tmp_path), "--allow", "MIT"]) == 1
    told = capsys.readouterr().out
    assert "lab-1: out: phi: licence " in told
    assert "\x1b" not in told


def test_a_host_tells_of_its_own_votes_by_the_names_of_the_plan() -> None:
    votes = tuple(
        make_vote(left=on_host("smol", host), right=on_host("phi", host), better=better)
        for host, better in (("lab-1", "left"), ("lab-2", "right"))
    )
    run = make_run(plan=make_plan(models=MODELS), models=rows(), hosts=HOSTS)
    view = make_view(run, ratings=Ratings(run=run.id, votes=votes), preferences=votes)
    hosts = fleet_document(view, rank_hosts(view, Preference(), Rules()), Preference())["hosts"]
    assert {
        host: {(one["model"], one["against"]): one["wins"] for one in told["votes"]} for host, told in hosts.items()
    } == {
        "lab-1": {("smol", "phi"): 1},
        "lab-2": {("phi", "smol"): 1},
    }
