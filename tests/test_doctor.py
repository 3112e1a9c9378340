"""The checklist as a command: a server of known cadence, a model on the disk, a catalog that refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.cli import main
from tiny import tiny_model


@pytest.fixture
def plan(tmp_path: Path, reference_server: str) -> Path:
    folder = tmp_path / "cache" / "maker" / "tiny-1"
    folder.parent.mkdir(parents=True)
    tiny_model(folder)
    (folder / "inference_model.json").write_text('{"Name": "tiny:1"}')
    file = tmp_path / "plan.toml"
    file.write_text(
        f"""
models = ["near:reference", "tiny", "elsewhere"]
out = "{tmp_path / "runs"}"
timeout = 30
[endpoints.near]
url = "{reference_server}"
[foundry]
catalog_url = "http://127.0.0.1:9/models"
model_cache_dir = "{tmp_path / "cache"}"
"""
    )
    return file


def by_name(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in document["checks"]}


def test_every_part_is_checked(plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", str(plan), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["ok"]) == ("foundry-bench/doctor/1", True)
    checks = by_name(document)
    outcomes = {
        "runtime": "ok",
        "catalog": "warning",
        "endpoint near": "ok",
        "model near:reference": "ok",
        "model tiny": "ok",
        "model elsewhere": "warning",
    }
    assert {name: checks[name]["outcome"] for name in outcomes} == outcomes, document
    assert {"python", "clock", "arrival stamps", "timing error", "memory for tiny", "runs folder"} <= checks.keys()
    assert checks["catalog"]["mend"]
    assert document["settings"]["timeout"] == {"value": 30.0, "source": "plan.toml"}
    assert document["settings"]["rounds"] == {"value": 3, "source": "default"}
    assert document["seconds"] < 30
    # What was asked left no trace in the user's cache.
    assert [path.name for path in plan.with_name("cache").iterdir() if path.is_dir()] == ["maker"]


def test_a_failed_check_is_exit_code_1_and_the_mend_stands_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    config = tmp_path / "bad.toml"
    config.write_text("rounds = 0\n")
    monkeypatch.setenv("FOUNDRY_BENCH_CONFIG", str(config))
    options = ["--catalog-url", "http://127.0.0.1:9/models", "--model-cache", str(tmp_path / "none")]
    assert main(["doctor", "--out", str(tmp_path / "file" / "runs"), *options]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"failed    settings: {config}: line 1: rounds must be a whole number of at least 1, not 0"
    assert lines[1] == "          to mend: mend it; the checks below do without your config and environment"
    place = next(number for number, line in enumerate(lines) if line.startswith("failed    runs folder: "))
    assert lines[place + 1] == "          to mend: choose another with --out"
    assert lines[-1].startswith("3 failed, ")  # and the catalog: there is no model to do without


def test_a_plan_that_run_would_refuse_is_a_failed_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text("models = ['a']\nuntil = '5%'\nrounds = 3\n")
    assert main(["doctor", str(plan), "--catalog-url", "http://127.0.0.1:9/models"]) == 1
    refusal = "failed    settings: until is first looked at after 6 rounds"
    assert capsys.readouterr().out.startswith(refusal)


def test_a_home_that_is_none_is_a_finding_with_its_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FOUNDRY_BENCH_HOME", str(tmp_path / "file" / "home"))
    assert main(["doctor", "--json"]) == 1
    (found,) = (one for one in json.loads(capsys.readouterr().out)["checks"] if one["name"] == "runtime")
    assert found["mend"] == "mend FOUNDRY_BENCH_HOME, or unset it"


def test_a_plan_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "nowhere.toml"]) == 2
    assert capsys.readouterr().err == "foundry-bench: nowhere.toml: there is no such file; mend the path\n"
