"""Hugging Face snapshots: what is refused before anything runs, and how the builder is led as a child.

The builder itself is stood in for, save in the last test, which runs where the extra `convert` is installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from convert.snapshots import tiny_snapshot
from foundry_bench.convert import ConvertError, build_snapshot
from foundry_bench.convert.snapshot import Snapshot, read_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

STAND_IN = Path(__file__).with_name("stand_in")
NEEDS = ("onnxruntime_genai", "onnx_ir", "torch", "transformers")
INSTALLED = all(importlib.util.find_spec(name) for name in NEEDS)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tiny_snapshot(tmp_path / "tiny")


@pytest.fixture
def builder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts the stand-in where the builder would be; returns the file that gets its process id."""
    empty = tmp_path / "empty"
    for name in ("onnx_ir", "torch", "transformers"):
        (empty / name).mkdir(parents=True)
        (empty / name / "__init__.py").touch()
    for folder in (empty, STAND_IN):
        monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STAND_IN), os.environ.get("PYTHONPATH", "")]))

    def behave(how: str) -> Path:
        monkeypatch.setenv("STAND_IN", how)
        monkeypatch.setenv("STAND_IN_PID", str(tmp_path / "pid"))
        return tmp_path / "pid"

    return behave


def built(source: Path, **options: Any) -> str | None:
    return build_snapshot(source, source.parent / "out", source.parent / "logs" / "build.log", **options)


def refusal(source: Path, **options: Any) -> str:
    """The error of a build that must leave nothing but its log."""
    before = set(source.parent.iterdir()) | {source.parent / "logs", source.parent / "pid"}
    with pytest.raises(ConvertError) as caught:
        built(source, **options)
    assert set(source.parent.iterdir()) <= before
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_a_snapshot_tells_its_size_and_licence(source: Path) -> None:
    found = read_snapshot(source)
    words = json.loads((source / "config.json").read_text())["vocab_size"]
    layer = 64 * (64 + 32 + 32 + 64 + 3 * 96) + 2 * 64
    assert found == Snapshot(2, 2 * words * 64 + 64 + 2 * layer, words * 64, "apache-2.0")


def cut(folder: Path, name: str, size: int) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:size])


def header(text: bytes) -> bytes:
    return struct.pack("<Q", len(text)) + text


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no .safetensors files; download the weights"),
    "pickled weights": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "weights in pickle form can run code",
    ),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "no tokenizer.json and no tokenizer.model"),
    "no architecture": (lambda f: (f / "config.json").write_text("{}"), "names no architectures"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json: not JSON"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "config.json: not a JSON object"),
    "deep JSON": (lambda f: (f / "config.json").write_text("[" * 100_000), "config.json: not JSON"),
    "a huge config": (lambda f: (f / "config.json").write_text(" " * (1 << 20) + "{}"), "larger than 1,048,576 bytes"),
    "empty weights": (lambda f: cut(f, "model.safetensors", 0), "not a safetensors file, or truncated"),
    "half a header": (lambda f: cut(f, "model.safetensors", 99), "not a safetensors file, or truncated"),
    "half the weights": (lambda f: cut(f, "model.safetensors", 5000), "truncated: 5,000 bytes are fewer"),
    "an endless header": (
        lambda f: (f / "model.safetensors").write_bytes(struct.pack("<Q", 1 << 62)),
        "not a safetensors file",
    ),
    "a header of lists": (
        lambda f: (f / "model.safetensors").write_bytes(header(b'{"a": []}')),
        "its header is damaged",
    ),
    "a negative shape": (
        lambda f: (f / "model.safetensors").write_bytes(header(b'{"a": {"shape": [-1], "data_offsets": [0, 0]}}')),
        "truncated",
    ),
    "a missing shard": (
        lambda f: (f / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-2.safetensors"}}'),
        "1 of its weight files are missing, 'model-2.safetensors'",
    ),
    "no map of shards": (lambda f: (f / "model.safetensors.index.json").write_text("{}"), "no weight_map in it"),
}


@pytest.mark.parametrize("what", DAMAGES)
def test_a_damaged_snapshot_is_refused(source: Path, what: str) -> None:
    damage, match = DAMAGES[what]
    damage(source)
    assert match in refusal(source)


@pytest.mark.parametrize(
    ("precision", "device"), [("fp16", "cpu"), ("int8", "dml"), ("fp16", "webgpu"), ("int4", "npu")]
)
def test_a_precision_the_device_does_not_have_is_refused(source: Path, precision: str, device: str) -> None:
    text = refusal(source, precision=precision, device=device)
    assert text.startswith(f"{precision} on {device} cannot be built; choose from cpu: int4, int8, fp32; cuda:")


def test_what_is_not_installed_is_named(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in NEEDS[2:] else object())
    assert refusal(source) == "torch, transformers not installed; pip install 'foundry-bench[convert]'"


def test_too_little_memory_is_told_before(
    source: Path, builder: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = builder("well")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=10**8))
    monkeypatch.setattr(psutil, "swap_memory", lambda: SimpleNamespace(free=0))
    assert "needs about 0.5 GB of memory, 0.1 GB are free" in refusal(source)
    assert not pid.exists()


def test_the_phases_are_told_and_the_noise_is_kept_in_the_log(
    source: Path, builder: Callable[[str], Path], capfd: pytest.CaptureFixture[str]
) -> None:
    builder("well")
    heard: list[tuple[str, float]] = []
    made = built(
        source,
        precision="int8",
        context=100,
        accuracy_level=2,
        progress=lambda step, done: heard.append((step, done)),
    )
    assert made == "apache-2.0"
    assert heard == [
        ("starting PyTorch", 0.0),
        ("reading", 0.1),
        ("quantising layer 1 of 2", 0.5),
        ("quantising layer 2 of 2", 0.9),
        ("writing", pytest.approx(0.945)),
        ("writing", pytest.approx(0.99)),
        ("tokenizer", 0.99),
    ]
    config = json.loads((source.parent / "out" / "genai_config.json").read_text())
    assert (config["model"]["context_length"], config["search"]["max_length"]) == (100, 100)
    given = config["given"]
    assert (given["i"], given["p"], given["e"]) == (str(source), "int8", "cpu")
    assert given["extra_options"] == ["hf_remote=false", "hf_token=false", "accuracy_level=2"]
    assert not Path(given["c"]).exists()
    log = (source.parent / "logs" / "build.log").read_text()
    assert "noise: 20%" in log
    assert "Saving ONNX model" in log
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("refuses", "the model builder failed: NotImplementedError: The tiny model is not currently supported."),
        ("dies", "the model builder failed: signal 6; was memory short?"),
        ("forgets", "the model builder left no usable genai_config.json"),
    ],
)
def test_a_failed_build_says_why_and_leaves_nothing(
    source: Path, builder: Callable[[str], Path], how: str, words: str
) -> None:
    if how == "dies" and sys.platform == "win32":
        pytest.skip("no signals there")
    builder(how)
    text = refusal(source)
    assert words in text
    assert str(source.parent / "logs" / "build.log") in text


def test_an_interrupt_ends_the_builder_and_leaves_nothing(source: Path, builder: Callable[[str], Path]) -> None:
    pid = builder("hangs")
    before = set(source.parent.iterdir())

    def interrupt(step: str, _done: float) -> None:
        if step == "quantising layer 2 of 2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built(source, progress=interrupt)
    assert not psutil.pid_exists(int(pid.read_text()))
    assert set(source.parent.iterdir()) == before | {source.parent / "logs", pid}


@pytest.mark.skipif(not INSTALLED, reason="the extra 'convert' is not installed")
def test_the_real_builder_makes_a_model_that_answers(source: Path) -> None:
    built(source, precision="int8", context=500)
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("ask_runtime.py")), str(source.parent / "out")],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "CI": "true"},
        timeout=120,
    )
    (answer,) = json.loads(done.stdout)
    assert answer["tokens"] > 1
