"""Services by the commands: a key goes nowhere but to its service, and two services stand side by side."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.session.formats import NAMES
from foundry_bench.worker.secret import Key
from in_process import command
from service_stand_in import StandIn, answer, listing, service

KEY = "sk-planted-7f3a9b2c4d5e"
ECHO = json.dumps({"error": {"message": f"bad key: Bearer {KEY}"}}).encode()


def chat(document: Any) -> Any:
    """An answer that quotes the key, in one way or another."""
    return {
        "refused": (401, ECHO),
        "long": (401, b"x" * (200 - 6) + KEY.encode()),
        "broken": b"data: " + ECHO + b"\n\n",
        "talking": answer(f"your key is {KEY}"),
    }[document["model"]]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[StandIn]:
    routes = {
        "GET /v1/models": listing("refused", "long", "broken", "talking", owned_by="library"),
        "GET /api/version": {"version": "0.12.3"},
        "GET /api/tags": {"models": [{"name": name} for name in ("refused", "long", "broken", "talking")]},
        "GET /api/ps": {"models": [{"name": name} for name in ("long", "broken", "talking")]},
        "POST /api/generate": (401, ECHO),
        "POST /v1/chat/completions": chat,
    }
    with service(routes) as at:
        (tmp_path / "config" / "config.toml").write_text(f'[endpoints.lab]\nurl = "{at.url}"\nkey_env = "LAB_KEY"\n')
        yield at


def test_a_key_is_in_nothing_that_is_written_or_said(lab: StandIn, tmp_path: Path) -> None:
    environ = {"LAB_KEY": KEY, "FOUNDRY_BENCH_HOME": str(tmp_path / "home")}
    models = [part for name in ("refused", "broken", "talking") for part in ("-m", f"lab:{name}")]
    out = str(tmp_path / "runs")
    run = command("run", *models, "--rounds", "1", "--no-calibrate", "--json", "-o", out, environ=environ)
    others = [
        command("models", "load", "lab:refused", code=1, environ=environ),
        command("probe", "lab:long", code=1, environ=environ),
        command("judge", "last", "--judge-model", "lab:talking", "--out", out, code=1, environ=environ),
        command("report", "last", "--samples", "--format", "csv", "--out", out, environ=environ),
        *(command("report", "last", "--format", form, "--out", out, environ=environ) for form in NAMES),
        command("history", "--out", out, environ=environ),
        command("doctor", "--json", "-m", "lab:refused", "--out", out, code=1, environ=environ),
    ]
    said = run.stdout + run.stderr + "".join(done.stdout + done.stderr for done in others)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert "your key is [key]" in "".join(path.read_text() for path in written if path.suffix == ".jsonl")
    assert any(headers.get("authorization") == f"Bearer {KEY}" for headers in lab.headers)
    assert any(path.name == "judge.jsonl" and "[key]" in path.read_text() for path in written)
    assert "sk-pl" not in said
    assert [path for path in written if b"sk-pl" in path.read_bytes()] == []
    (first, *_) = json.loads(run.stdout)["models"]
    assert "[key]" in first["error"]["message"]


def test_a_key_is_in_no_representation_and_a_filler_is_no_key() -> None:
    assert KEY not in repr(Key(KEY))
    assert Key("none").strike(b"none of it") == b"none of it"
    assert Key(None).strike(b"x") == b"x"


def test_the_same_model_at_two_services_side_by_side(tmp_path: Path) -> None:
    routes = {"GET /v1/models": listing("m"), "POST /v1/chat/completions": answer()}
    foundry = routes | {"GET /models/loaded": ["m"]}
    with service(routes) as one, service(foundry) as two:
        plan = tmp_path / "plan.toml"
        plan.write_text(
            'models = ["cpu:m", "gpu:m"]\nrounds = 1\nwarmup = 0\ncalibrate = false\nprompts = ["Hi"]\n'
            f'[endpoints.cpu]\nurl = "{one.url}/v1"\n[endpoints.gpu]\nurl = "{two.url}"\n'
        )
        done = command("run", str(plan), "-o", str(tmp_path / "runs"))
    (document,) = [json.loads(path.read_text()) for path in (tmp_path / "runs").rglob("run.json")]
    found = [(model["name"], model["id"], model["status"], model["service"]) for model in document["models"]]
    assert found == [
        ("cpu:m", "m", "ok", {"kind": "unknown", "url": one.url, "version": None}),
        ("gpu:m", "m", "ok", {"kind": "foundry", "url": two.url, "version": None}),
    ]
    assert [line.split()[0] for line in done.stdout.splitlines()[1:3]] == ["cpu:m", "gpu:m"]
    assert len(one.asked_for("POST /v1/chat/completions")) == len(two.asked_for("POST /v1/chat/completions")) == 2


def test_models_of_a_service_are_listed_with_what_it_is_and_acted_on(lab: StandIn) -> None:
    document = json.loads(command("models", "-e", lab.url, "--json").stdout)
    assert document["service"] == {"kind": "ollama", "url": lab.url, "version": "0.12.3"}
    assert [model["loaded"] for model in document["models"]] == [False, True, True, True]
    loaded = command("models", "load", "talking", "-e", lab.url)
    assert loaded.stdout.strip() == f"{lab.url}/v1"
    assert "loaded already" in loaded.stderr
    mixed = command("models", "load", "lab:talking", "phi-4-mini", code=2, environ={"FOUNDRY_LOCAL_ENDPOINT": ""})
    assert "mixed" in mixed.stderr
    assert os.environ.get("LAB_KEY") is None
