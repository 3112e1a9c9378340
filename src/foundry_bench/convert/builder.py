"""ONNX Runtime GenAI's own model builder, as a child process that turns a Hugging Face snapshot into a model folder.

A child, because it loads PyTorch and prints a lot: what it says goes to a log, and only its phases are told. Code that
comes with a model is never run, and nothing is fetched from the network.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

import psutil

from foundry_bench.convert.errors import ConvertError
from foundry_bench.convert.snapshot import Snapshot, read_snapshot
from foundry_bench.convert.whole_folder import whole_or_nothing
from foundry_bench.values.format import brief

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PRECISIONS: Final = {
    "cpu": ("int4", "int8", "fp32"),
    "cuda": ("int4", "int8", "fp16", "fp32"),
    "dml": ("int4", "fp16"),
    "webgpu": ("int4", "int8"),
}
_NEEDS: Final = ("onnxruntime_genai", "onnx_ir", "torch", "transformers")
# Measured with onnxruntime-genai 0.18 on a model of 200 million weights: at most 10 bytes of memory a weight beside
# what PyTorch takes for itself; on disk the bytes below, and an embedding that stays in floats.
_MEMORY_BYTES, _MEMORY_BASE = 10, 500_000_000
_DISK_BYTES: Final = {"int4": 0.7, "int8": 2.1, "fp16": 2.1, "fp32": 4.1}
_READ, _QUANTISED, _WRITTEN = 0.1, 0.9, 0.99  # of the time, roughly, after PyTorch is there
_QUANTISING: Final = re.compile(r"to quantize \S*layers\.(\d{1,4})/")
_WRITING: Final = re.compile(r"Saving .*\): +(\d{1,3})%")
_WAIT_S: Final = 5.0
_PIECE: Final = 1 << 16  # bytes


def build_folder(
    source: Path,
    out: Path,
    log: Path,
    *,
    precision: str,
    device: str,
    context: int | None,
    accuracy_level: int | None,
    progress: Callable[[str, float], None],
) -> str | None:
    """See `foundry_bench.convert.build_snapshot`."""
    if precision not in PRECISIONS.get(device, ()):
        known = "; ".join(f"{name}: {', '.join(kinds)}" for name, kinds in PRECISIONS.items())
        raise ConvertError(f"{precision} on {device} cannot be built; choose from {known}")
    snapshot = read_snapshot(source)
    _check_installed()
    with whole_or_nothing(out) as folder:
        _check_room(source, out.parent, snapshot, precision)
        options = {"hf_remote": "false", "hf_token": "false"}
        if accuracy_level is not None:
            options["accuracy_level"] = str(accuracy_level)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f"{folder.name}.") as scratch:
            command = [sys.executable, "-P", "-m", "onnxruntime_genai.models.builder"]
            command += ["-i", str(source.absolute()), "-o", str(folder.absolute()), "-c", scratch]
            command += ["-p", precision, "-e", device]
            command += ["--extra_options", *(f"{name}={value}" for name, value in options.items())]
            progress("starting PyTorch", 0.0)
            _run(command, source, log, lambda line: _tell(line, snapshot.layers, progress))
        _finish(source, folder, context, log)
    return snapshot.license


def _check_installed() -> None:
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise ConvertError(f"{', '.join(missing)} not installed; pip install 'foundry-bench[convert]'")


def _check_room(source: Path, folder: Path, snapshot: Snapshot, precision: str) -> None:
    disk = snapshot.parameters * _DISK_BYTES[precision] + 4 * snapshot.largest
    memory = snapshot.parameters * _MEMORY_BYTES + _MEMORY_BASE
    free_memory = psutil.virtual_memory().available + psutil.swap_memory().free
    for what, needed, free in (
        (f"of disk in {folder}", disk, shutil.disk_usage(folder).free),
        ("of memory", memory, free_memory),
    ):
        if needed > free:
            raise ConvertError(f"{source}: needs about {needed / 1e9:.1f} GB {what}, {free / 1e9:.1f} GB are free")


def _run(command: list[str], source: Path, log: Path, hear: Callable[[str], None]) -> None:
    """Run the builder to its end, its words in `log`; raises `ConvertError` with its last ones if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    last = "it said nothing"
    with log.open("wb") as words, _child(command) as child:
        for line in _lines(child, words):
            hear(line)
            last = line
        code = child.wait()
    if code:
        how = f"signal {-code}; was memory short?" if code < 0 else brief(last)
        raise ConvertError(f"{source}: the model builder failed: {how} (its log: {log})")


@contextmanager
def _child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """The builder, offline; it ends with this block, whatever happens in it."""
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
    environment = {**os.environ, **offline, "PYTHONUNBUFFERED": "1", "TOKENIZERS_PARALLELISM": "false"}
    child = subprocess.Popen(
        command,
        env=environment,
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def _lines(child: subprocess.Popen[bytes], words: IO[bytes]) -> Iterator[str]:
    """What the child says as it says it, every byte also to `words`; a carriage return, as of a bar, ends a line."""
    rest = b""
    while child.stdout and (piece := child.stdout.read(_PIECE)):
        words.write(piece)
        words.flush()
        *whole, rest = re.split(rb"[\r\n]", rest + piece)
        rest = rest[-_PIECE:]
        yield from filter(None, (line.decode(errors="replace").strip() for line in whole))
    if rest.strip():
        yield rest.decode(errors="replace").strip()


def _tell(line: str, layers: int, progress: Callable[[str, float], None]) -> None:
    """The phase that a line of the builder, of its quantiser or of its bar stands for."""
    if line == "Reading embedding layer":
        progress("reading", _READ)
    elif found := _QUANTISING.search(line):
        layer = min(int(found[1]) + 1, layers)
        progress(f"quantising layer {layer} of {layers}", _READ + (_QUANTISED - _READ) * layer / layers)
    elif found := _WRITING.match(line):
        progress("writing", _QUANTISED + (_WRITTEN - _QUANTISED) * min(int(found[1]), 100) / 100)
    elif line.startswith("Saving processing files"):
        progress("tokenizer", _WRITTEN)


def _finish(source: Path, folder: Path, context: int | None, log: Path) -> None:
    """Hold the folder to what the runtime needs, and cap its context, for all of which the KV cache is allocated."""
    file = folder / "genai_config.json"
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
        if context is not None:
            config["model"]["context_length"] = min(context, config["model"]["context_length"])
            config["search"]["max_length"] = min(context, config["search"]["max_length"])
            file.write_text(json.dumps(config, indent=4), encoding="utf-8", newline="\n")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConvertError(f"{source}: the model builder left no usable genai_config.json (its log: {log})") from error
