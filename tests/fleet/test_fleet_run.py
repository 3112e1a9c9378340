"""Whole runs on four hosts: told apart, killed, resumed, and sending one load together."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import numpy as np
import pytest

from factories import known
from fleet_cluster import ClusterOfProcesses

pytest.importorskip("distributed", reason="the extra 'fleet'")

from foundry_bench.cli import main
from foundry_bench.session.host_facts import graphics_cards
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import load, read_samples
from foundry_bench.values.metrics import itl_s
from foundry_bench.values.record import Sample
from foundry_bench.values.result import Metrics, RunRecord
from foundry_bench.values.summary import summarize
from waiting import waited

Start = Callable[..., Popen[str]]

MODEL = "reference?interval_ms=2&delay_ms=5"
SHORT = ("--max-tokens", "20", "--prompt", "a")
HOSTS = ("lab1", "lab2", "lab3", "lab4")

# Has its weights on three hosts of four.
ADAPTER = """
import os
from pathlib import Path

def load(weights_path):
    return Path(os.environ["FOUNDRY_BENCH_HOME"], "weights").read_text()

def generate(prompt, **params):
    for word in ("one ", "two ", "three ", "four "):
        yield word
"""


def finish(process: Popen[str], code: int = 0) -> tuple[str, str]:
    out, err = process.communicate(timeout=240)
    assert process.returncode == code, err
    return out, err


def only_run(out: Path) -> tuple[Path, RunRecord]:
    (head,) = list_runs(out)
    return head.path, load(head.path)


def on(cluster: ClusterOfProcesses, url: str, *more: str) -> tuple[str, ...]:
    return ("run", "--cluster", cluster.address, "-e", url, "-o", "runs", "--no-calibrate", *more)


def measured(path: Path) -> list[Sample]:
    return [sample for sample in read_samples(path) if sample.phase == "measure"]


def test_one_command_measures_on_four_hosts_and_what_one_lacks_costs_that_one_only(
    cluster: ClusterOfProcesses, reference_server: str, foundry_bench: Start, tmp_path: Path
) -> None:
    for name in ("lab1", "lab2", "lab3"):
        (cluster.home(name) / "weights").write_text("w")
    adapter = tmp_path / "words.py"
    adapter.write_text(ADAPTER)
    (tmp_path / "plan.toml").write_text(
        f'models = ["words", "lab:{MODEL}"]\nrounds = 2\nmax_tokens = 8\nprompts = ["a"]\ncalibrate = true\n'
        f'cluster = "{cluster.address}"\n[endpoints.lab]\nurl = "{reference_server}"\nkey_env = "SECRET_KEY"\n'
    )
    process = foundry_bench("run", "plan.toml", "--adapter", str(adapter), "-o", "runs", "--json")
    told, _ = finish(process)
    document = json.loads(told)
    path, record = only_run(tmp_path / "runs")
    assert document["id"] == record.id
    wanted = [(f"{model}@{host}", host) for model in ("words", f"lab:{MODEL}") for host in HOSTS]
    assert [(row.name, row.host) for row in record.models] == wanted
    bad = [(row.name, row.status, row.counts.ok, row.error) for row in record.models if row.status != "ok"]
    assert [(name, status, ok) for name, status, ok, _ in bad] == [("words@lab4", "failed", 0)]
    assert bad[0][3] is not None
    assert "weights" in bad[0][3].message
    hosts = {host.name: host for host in record.hosts}
    assert [host.status for host in record.hosts] == ["done"] * 4
    assert (hosts["lab3"].memory_limit_mb, hosts["lab3"].tags) == (900.0, ("SMALL",))
    assert all(host.calibration and host.environment["gpus"] == graphics_cards() for host in record.hosts)
    assert {sample.host for sample in read_samples(path)} == set(HOSTS)
    for name in HOSTS:  # each host keeps its own record, by the plain names
        (own,) = (cluster.home(name) / "fleet").glob("*/run.json")
        there = load(own.parent)
        assert [row.name for row in there.models] == ["words", f"lab:{MODEL}"]
        for row in there.models:
            home = next(one for one in record.models if one.name == f"{row.name}@{name}")
            assert home.metrics == row.metrics
            samples = [sample for sample in read_samples(path) if sample.model == home.name]
            _agree(summarize(samples, row.name, temperature=0).metrics, row.metrics)


def test_a_killed_worker_costs_its_host_and_resume_measures_what_it_lacks(
    cluster: ClusterOfProcesses, reference_server: str, foundry_bench: Start, tmp_path: Path
) -> None:
    process = foundry_bench(*on(cluster, reference_server, "--on", "lab[12]", "-m", MODEL, "--rounds", "80", *SHORT))
    path = _until_samples(process, tmp_path / "runs", "lab2", 6)
    cluster.kill("lab2")
    finish(process)
    record = load(path)
    rows = {row.host: row for row in record.models}
    assert {host: row.status for host, row in rows.items()} == {"lab1": "ok", "lab2": "partial"}
    assert [(host.name, host.status) for host in record.hosts] == [("lab1", "done"), ("lab2", "lost")]
    lost = [sample for sample in measured(path) if sample.host == "lab2"]
    assert 5 <= len(lost) == rows["lab2"].counts.ok < 80
    _agree(summarize(lost, "m", temperature=0).metrics, rows["lab2"].metrics)
    assert record.status == "done"

    cluster.start("lab2")
    cluster.wait("lab2")
    finish(foundry_bench("run", "--resume", path.name, "-o", "runs"))
    _is_whole(path, 80)


def test_hosts_send_one_load_together_and_are_merged_from_samples(
    cluster: ClusterOfProcesses, reference_server: str, foundry_bench: Start, tmp_path: Path
) -> None:
    model = "reference?interval_ms=40&delay_ms=60"
    load_of_all = ("--spread", "4", "--rounds", "34", "--concurrency", "32", "--prompt", "a", "--prompt", "b")
    finish(foundry_bench(*on(cluster, reference_server, "-m", model, "--max-tokens", "10", *load_of_all)))
    path, record = only_run(tmp_path / "runs")
    whole, *parts = record.models
    samples = measured(path)
    assert len({(sample.prompt_id, sample.round) for sample in samples}) == len(samples) == 68
    assert {sample.round for sample in samples} == set(range(1, 35))
    assert [row.counts.ok for row in parts] == [18, 18, 16, 16]
    assert (whole.name, whole.counts.ok, whole.host) == (model, 68, None)
    for metric, pooled in (
        ("ttft_s", [sample.ttft_s for sample in samples]),
        ("latency_s", [sample.latency_s for sample in samples]),
        ("itl_s", np.concatenate([gaps for sample in samples if (gaps := itl_s(sample)) is not None])),
    ):
        found = whole.metrics[metric]
        assert found is not None
        expected = np.percentile(np.array(pooled, dtype=float), (50, 95, 99))
        assert (found.p50, found.p95, found.p99) == pytest.approx(tuple(expected), rel=1e-12)
    assert whole.spread is not None
    low, high = whole.spread.total_tokens_per_s or (0, 0)
    assert 0 < low < high < 10 * 680
    assert whole.spread.start_skew_s is not None
    # The hosts of this test share a clock, which the product never relies on: the bound that it told holds.
    begun = [min(sample.sent_ns for sample in samples if sample.host == host) for host in HOSTS]
    assert (max(begun) - min(begun)) / 1e9 <= whole.spread.start_skew_s


def test_fleet_tells_what_the_hosts_are(cluster: ClusterOfProcesses, foundry_bench: Start) -> None:
    told, _ = finish(
        foundry_bench("fleet", "--cluster", cluster.address, "--no-calibrate", "--json", "--on", "lab[13]")
    )
    document = json.loads(told)
    assert document["schema"] == "foundry-bench/fleet/1"
    first, third = document["hosts"]
    assert (first["name"], third["name"], third["tags"], third["memory_limit_mb"]) == ("lab1", "lab3", ["SMALL"], 900.0)
    assert (first["environment"]["cores"], first["problem"]) == (os.cpu_count(), None)


def test_a_lost_scheduler_interrupts_the_run_and_resume_completes_it(
    reference_server: str, foundry_bench: Start, tmp_path: Path
) -> None:
    with ClusterOfProcesses(tmp_path) as first:
        first.start("lab1")
        first.wait("lab1")
        process = foundry_bench(*on(first, reference_server, "-m", MODEL, "--rounds", "80", *SHORT))
        path = _until_samples(process, tmp_path / "runs", "lab1", 5)
        first.kill("scheduler")
        _, err = finish(process, 130)
    assert f"run --resume {Path('runs', path.name)}" in err
    record = load(path)
    assert (record.status, [host.status for host in record.hosts]) == ("interrupted", ["lost"])
    assert sum(row.counts.ok for row in record.models) == len(measured(path)) >= 4
    with ClusterOfProcesses(tmp_path) as second:
        second.start("lab1")
        second.wait("lab1")
        finish(foundry_bench("run", "--resume", path.name, "--cluster", second.address, "-o", "runs"))
    _is_whole(path, 80)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("tls://127.0.0.1:9", "tls://127.0.0.1:9: Dask has no certificate"),
        ("tcp://127.0.0.1:9", "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_a_cluster_that_is_not_there_is_told_in_a_line(
    address: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("foundry_bench.session.cluster.CONNECT_S", 0.5)
    assert main(["run", "--cluster", address, "-m", "m", "-o", str(tmp_path / "runs")]) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"foundry-bench: {told}")
    assert err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def _until_samples(process: Popen[str], out: Path, host: str, count: int) -> Path:
    """The run's folder, once so many samples of a host are recorded at home."""

    def found() -> Path | None:
        assert process.poll() is None, process.communicate()
        files = (head.path / "samples.jsonl" for head in list_runs(out))
        told = (file.parent for file in files if file.exists() and file.read_text().count(f'"host":"{host}"') >= count)
        return next(told, None)

    return known(waited(found, f"{host} tells nothing"))


def _is_whole(path: Path, requests: int) -> None:
    record = load(path)
    assert record.status == "done"
    assert [(row.status, row.counts.ok) for row in record.models] == [("ok", requests)] * len(record.hosts)
    keys = [(sample.host, sample.prompt_id, sample.round) for sample in measured(path)]
    assert len(keys) == len(set(keys)) == requests * len(record.hosts)


def _agree(found: Metrics, expected: Metrics) -> None:
    """Samples on disk have 12 digits."""
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        other = found[name]
        assert (one is None) == (other is None)
        if one and other:
            assert (other.n, other.p50, other.p95) == pytest.approx((one.n, one.p50, one.p95))
