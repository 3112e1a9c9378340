"""The real Foundry Local runtime with a tiny model that the project's own writer makes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogs import RIG, catalog_server, empty_catalog
from in_process import command
from tiny import SAY, tiny_model


@pytest.fixture(autouse=True)
def _no_other_models(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with empty_catalog() as url:
        monkeypatch.setenv("FOUNDRY_BENCH_CATALOG_URL", url)
        yield


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def foundry_bench(*arguments: str, folder: Path, code: int = 0, **environ: str) -> str:
    """Run a command; its standard output."""
    return command(*arguments, folder=folder, code=code, environ=environ).stdout


def run(folder: Path, *arguments: str, code: int = 0, **environ: str) -> dict[str, Any]:
    done = foundry_bench("run", *arguments, "--json", "--no-calibrate", folder=folder, code=code, **environ)
    document = json.loads(done)
    assert isinstance(document, dict)
    return document


def test_a_model_of_ones_own_is_imported_and_measured(tiny: Path, tmp_path: Path) -> None:
    assert foundry_bench("import", str(tiny), "--name", "tiny", folder=tmp_path).strip() == "tiny"
    document = run(tmp_path, "-m", "tiny", "-m", "no-such-model", "--rounds", "2")
    first, second = document["models"]
    assert (first["status"], first["backend"], first["deterministic"], first["counts"]["ok"]) == (
        "ok",
        "foundry",
        True,
        8,
    )
    assert first["memory"]["peak_mb"] >= first["memory"]["loaded_mb"] > first["memory"]["baseline_mb"] > 0
    assert (second["status"], second["error"]["type"]) == ("skipped", "unknown_model")
    lines = (tmp_path / "runs" / document["id"] / "samples.jsonl").read_text("utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    assert {(s["text"], s["path"], s["completion_tokens"], s["finish_reason"]) for s in samples} == {
        (SAY, "session", len(SAY.split()), "stop")
    }


def test_every_model_failing_is_exit_code_1(tmp_path: Path) -> None:
    document = run(tmp_path, "-m", "no-such-model", code=1)
    assert [model["status"] for model in document["models"]] == ["skipped"]


@pytest.mark.parametrize(
    ("damage", "kind"),
    [("model.onnx", "load_failed"), ("genai_config.json", "missing_files"), ("tokenizer.json", "load_failed")],
)
def test_a_damaged_model_is_explained(tiny: Path, tmp_path: Path, damage: str, kind: str) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in tiny.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    foundry_bench("import", str(broken), folder=tmp_path)
    (broken / damage).unlink()
    (model,) = run(tmp_path, "-m", "broken", code=1)["models"]
    assert model["error"]["type"] == kind
    assert model["advice"]
    assert "\n" not in model["error"]["message"]


def test_zeroed_weights_answer_nothing_and_that_is_noticed(tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "zeros"
    broken.mkdir()
    for file in tiny.iterdir():
        content = file.read_bytes()
        (broken / file.name).write_bytes(bytes(len(content)) if file.name == "model.onnx.data" else content)
    foundry_bench("import", str(broken), folder=tmp_path)
    (model,) = run(tmp_path, "-m", "zeros", code=1)["models"]
    assert (model["status"], model["error"]["type"]) == ("failed", "no_answer")


def test_without_streaming(tiny: Path, tmp_path: Path) -> None:
    foundry_bench("import", str(tiny), "--name", "tiny", folder=tmp_path)
    (model,) = run(tmp_path, "-m", "tiny", "--rounds", "1", "--no-stream")["models"]
    assert (model["status"], model["metrics"]["ttft_s"], model["metrics"]["itl_s"]) == ("ok", None, None)
    assert model["metrics"]["output_tokens_per_s"]["n"] == 4


def test_a_way_over_the_folder_above_is_no_other_folder(tiny: Path, tmp_path: Path) -> None:
    foundry_bench("import", str(tiny / ".." / tiny.name), "--name", "tiny", folder=tmp_path)
    assert SAY in foundry_bench("probe", "tiny", "--prompt", "Hello", folder=tmp_path)


def test_a_probe_prints_the_answer(tiny: Path, tmp_path: Path) -> None:
    foundry_bench("import", str(tiny), "--name", "tiny", folder=tmp_path)
    assert foundry_bench("probe", "tiny", folder=tmp_path) == f"{SAY}\n"


@pytest.mark.skipif(not (RIG / "store" / "smollm2-int4").is_dir(), reason="the rig with real models is not beside")
def test_real_models_through_the_runtimes_web_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    fill = [sys.executable, str(RIG / "make_cache.py"), str(cache), "--modelinfo", "--only"]
    subprocess.run([*fill, "smollm2-135m", "smollm2-12l"], check=True, stdout=subprocess.DEVNULL)
    names = ("-m", "smollm2-135m", "-m", "smollm2-12l", "-m", "no-such-model")
    settings = ("--prompt", "Why is the sky blue?", "--rounds", "3", "--max-tokens", "24", "--client", "openai")
    with catalog_server(tmp_path) as (_, environ):
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        document = run(tmp_path, *names, *settings)
    assert [model["status"] for model in document["models"]] == ["ok", "ok", "skipped"]
    real, fast, _ = document["models"]
    assert (real["id"], real["device"], real["license"]) == ("smollm2-135m-instruct-generic-cpu:2", "CPU", "apache-2.0")
    assert real["deterministic"] is True
    assert fast["metrics"]["decode_tokens_per_s"]["mean"] > real["metrics"]["decode_tokens_per_s"]["mean"]
    assert real["client_openai"]["difference"]["ttft_s"]["n"] == 3
