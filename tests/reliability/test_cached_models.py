"""Models of the catalog under faults, by the real runtime: prefill that is broken off, damaged files, no catalog."""

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.session.checks.cache import check_cache
from foundry_bench.values.plan import Runtime

RIG = Path(__file__).resolve().parents[3] / "shared" / "rig"
NOWHERE = "http://127.0.0.1:9/models"
SHORT = [{"id": f"short {number}", "prompt": f"Say {number}."} for number in range(5)]
MANY = 100
SMALL, LARGE = "tiny-random", "smollm2-135m"
pytestmark = pytest.mark.skipif(not (RIG / "store" / "smollm2-int4").is_dir(), reason="real models are not beside")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with models, and no catalog but what it holds."""
    folder = tmp_path / "cache"
    command = [sys.executable, str(RIG / "make_cache.py"), str(folder), "--modelinfo", "--only", SMALL, LARGE]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    monkeypatch.setenv("FOUNDRY_BENCH_MODEL_CACHE", str(folder))
    monkeypatch.setenv("FOUNDRY_BENCH_CATALOG_URL", NOWHERE)
    return folder


def run(folder: Path, *options: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """``run.json`` and the measured samples of a run of its own process."""
    command = [sys.executable, "-m", "foundry_bench", "run", "--json", "--no-calibrate", "--out", str(folder), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ, timeout=1500)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    lines = (folder / document["id"] / "samples.jsonl").read_text("utf-8").splitlines()
    return document, [sample for sample in map(json.loads, lines) if sample["phase"] == "measure"]


def test_after_a_prefill_that_was_broken_off_no_figure_holds_the_rest_of_it(
    cache: Path, tmp_path: Path, kills: int, tally: Callable[[str], None]
) -> None:
    """The runtime reads a prompt to its end, whoever has gone; a request meanwhile takes three times as long."""
    del cache
    if kills < MANY:
        pytest.skip("a minute: with --kills 100")
    novel = {"id": "long", "prompt": "The quick brown fox jumps over the lazy dog. " * 400}
    prompts = tmp_path / "prompts.json"
    prompts.write_text(json.dumps([*SHORT[:2], novel, *SHORT[2:]]))
    options = ["-m", LARGE, "--prompts", str(prompts), "--rounds", "3", "--max-tokens", "4", "--timeout", "4"]
    _, samples = run(tmp_path / "runs", *options)
    factors = list[float]()
    for start in range(0, len(samples), len(SHORT) + 1):
        *before, long, third, fourth, fifth = samples[start : start + len(SHORT) + 1]
        if long["status"] == "ok" or not all(sample["status"] == "ok" for sample in before):
            pytest.skip("a machine that is too fast for this, or too busy")
        assert long["status"] == "timeout"
        assert long["ttft_s"] is None
        after = third, fourth, fifth
        assert [(sample["status"], "runtime_busy" in sample["warnings"]) for sample in after] == [("ok", False)] * 3
        usual_s = max(sample["ttft_s"] for sample in before)
        assert min(sample["ttft_s"] for sample in after) < 2 * usual_s
        factors.append(third["ttft_s"] / usual_s)
    tally(
        f"{len(factors)} prefills broken off: the first token after each took at most {max(factors):.1f} of the usual"
    )


def damaged(file: Path, number: int, damage: random.Random) -> None:
    """Zeros, ones, noise or a flipped bit of each byte, over a stretch of the file; the size stays."""
    content = bytearray(file.read_bytes())
    start, end = sorted(damage.sample(range(len(content)), 2))
    stretch = content[start:end]
    content[start:end] = (
        bytes(len(stretch)),
        b"\xff" * len(stretch),
        damage.randbytes(len(stretch)),
        bytes(byte ^ 1 << damage.randrange(8) for byte in stretch),
    )[number % 4]
    stat = file.stat()
    file.unlink()  # it is a link to the rig's own
    file.write_bytes(content)
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # as a failing disk leaves it


def test_doctor_names_the_cached_file_that_is_not_what_it_was(
    cache: Path, tmp_path: Path, kills: int, places: random.Random, tally: Callable[[str], None]
) -> None:
    for folder in cache.glob("*/smollm2*"):
        shutil.rmtree(folder)
    (model,) = cache.glob("*/tiny-random*")
    whole = tmp_path / "whole"
    shutil.copytree(model, whole)
    assert told_damages(cache) == []
    patterns = min(1 + kills, 20)
    for number in range(patterns):
        damaged(model / "model.onnx", number, places)
        assert any(one.endswith("model.onnx is not what it was at first sight") for one in told_damages(cache))
        shutil.copy2(whole / "model.onnx", model / "model.onnx")
    assert told_damages(cache) == []
    tally(f"{patterns} cached files damaged without a change of size or time: {patterns} named by doctor's check")


def told_damages(cache: Path) -> list[str]:
    """What ``doctor`` fails for."""
    return [check.found for check in check_cache(Runtime(model_cache_dir=str(cache))) if check.outcome == "failed"]


@pytest.fixture
def black_hole() -> Iterator[str]:
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/models"


@pytest.mark.parametrize("kind", ["refused", "black hole"])
def test_without_a_catalog_cached_models_are_measured(
    cache: Path, tmp_path: Path, black_hole: str, kind: str, kills: int
) -> None:
    if kind == "black hole" and kills < MANY:
        pytest.skip("half a minute of the runtime's own patience: with --kills 100")
    del cache
    began = time.monotonic()
    url = black_hole if kind == "black hole" else NOWHERE
    document, samples = run(tmp_path / "runs", "-m", SMALL, "--rounds", "1", "--max-tokens", "4", "--catalog-url", url)
    assert [model["status"] for model in document["models"]] == ["ok"]
    assert all(sample["status"] == "ok" for sample in samples)
    assert time.monotonic() - began < 120
