"""What the files of each model were when they were first seen, so that damage is noticed that loads without complaint.

A damaged file of the same size loads and answers nothing. The index keeps size and hash of each file, by folder; a
model that was fetched again begins anew.
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.json_text import json_bytes
from foundry_bench.session.paths import data_dir
from foundry_bench.worker.bounded import read_bounded

_CHUNK = 1 << 20
# Files of twice as many MB and more are hashed in evenly spread pieces of 1 MB: so many, up to half as many again.
_PIECES = 256
_ZERO_LOOKS, _ZERO_SIZE = 16, 4096
_WEIGHTS_LEAST = 1 << 20
# Files that people may edit; a change is told and does not make a model a damaged one.
_TEXTS = {".json", ".jinja", ".txt", ".md"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSeen:
    """A file as it was; ``sha256`` of all of it, or of its pieces, and when (s since 1970) it was last compared."""

    size: int
    sha256: str | None = None
    compared_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderSeen:
    """A model's folder; ``arrived_ns`` is the time of the file that is written when a download ends."""

    arrived_ns: int
    files: dict[str, FileSeen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """What is wrong with a model; ``certain`` unless a person may have meant it."""

    folder: Path
    what: str
    certain: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """Damages found, and how many files could be compared or hashed, of how many."""

    damages: tuple[Damage, ...]
    compared: int
    files: int


def examine(folders: Iterable[Path], limit_s: float) -> Examined:
    """Look at the models in ``folders``; hashes are taken for at most about ``limit_s``, those longest not taken first.

    Raises:
        OSError: the index can't be written.
    """
    index = _read_index()
    known: dict[str, FolderSeen] = {}
    damages: list[Damage] = []
    for folder in folders:
        there = _files(folder)
        damages += [Damage(folder=folder, what=what) for what in _visible(folder, there)]
        arrived_ns = _arrived_ns(folder)
        seen = index.get(str(folder))
        if seen is None or seen.arrived_ns != arrived_ns:
            seen = FolderSeen(arrived_ns=arrived_ns, files={})
        damages += _of_size(folder, seen, there)
        files = {name: FileSeen(size=size) for name, size in there.items()} | seen.files
        known[str(folder)] = replace(seen, files=files)
    compared, differing = _compare(known, limit_s)
    others = {folder: seen for folder, seen in index.items() if folder not in known and Path(folder).is_dir()}
    _write_index(others | known)
    total = sum(len(seen.files) for seen in known.values())
    return Examined(damages=(*damages, *differing), compared=compared, files=total)


def _visible(folder: Path, there: dict[str, int]) -> Iterator[str]:
    """What is wrong at first sight: no readable configuration, files that it names, zeros in place of weights."""
    try:
        decoder = json.loads(read_bounded(folder / "genai_config.json"))["model"]["decoder"]
        wanted = decoder["filename"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        yield "genai_config.json can't be read"
        return
    if isinstance(wanted, str) and wanted not in there:
        yield f"{wanted} is missing"
    for name, size in there.items():
        if Path(name).suffix not in _TEXTS and size >= _WEIGHTS_LEAST and _is_hollow(folder / name, size):
            yield f"{name} holds mostly zeros"


def _of_size(folder: Path, seen: FolderSeen, there: dict[str, int]) -> Iterator[Damage]:
    for name, file in seen.files.items():
        certain = Path(name).suffix not in _TEXTS
        if name not in there:
            yield Damage(folder=folder, what=f"{name} is gone", certain=certain)
        elif there[name] != file.size:
            what = f"{name} was {file.size:,} bytes and is {there[name]:,}"
            yield Damage(folder=folder, what=what, certain=certain)


def _compare(known: dict[str, FolderSeen], limit_s: float) -> tuple[int, list[Damage]]:
    """Hash the files whose hashes are oldest, until time is up; how many, and which differ."""
    waiting = [
        (file.compared_s, file.size, folder, name)
        for folder, seen in known.items()
        for name, file in seen.files.items()
    ]
    began_s, compared, damages = time.monotonic(), 0, []
    for _, _, folder, name in sorted(waiting):
        if time.monotonic() - began_s > limit_s:
            break
        file, path = known[folder].files[name], Path(folder, name)
        try:
            if path.stat().st_size != file.size:
                continue
            found = _sha256(path, file.size)
        except OSError:
            continue
        compared += 1
        if file.sha256 not in {None, found}:
            certain = path.suffix not in _TEXTS
            damages.append(
                Damage(folder=Path(folder), what=f"{name} is not what it was at first sight", certain=certain)
            )
        known[folder].files[name] = replace(file, sha256=file.sha256 or found, compared_s=time.time())
    return compared, damages


def _sha256(path: Path, size: int) -> str:
    """Of the whole file below 512 MB, of evenly spread pieces of a larger one."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        step = max(1, -(-size // _CHUNK) // _PIECES)
        for place in range(0, size, step * _CHUNK):
            file.seek(place)
            digest.update(file.read(_CHUNK))
    return digest.hexdigest()


def _is_hollow(path: Path, size: int) -> bool:
    """Whether more than half of some blocks, evenly spread, are all zeros: a file that was made and never filled."""
    hollow = 0
    try:
        with path.open("rb") as file:
            for look in range(_ZERO_LOOKS):
                file.seek(size * look // _ZERO_LOOKS)
                hollow += not any(file.read(_ZERO_SIZE))
    except OSError:
        return False
    return hollow > _ZERO_LOOKS / 2


def _files(folder: Path) -> dict[str, int]:
    """Sizes by path within the folder."""
    try:
        found = [file for file in sorted(folder.rglob("*")) if file.is_file()]
        return {file.relative_to(folder).as_posix(): file.stat().st_size for file in found}
    except OSError:
        return {}


def _arrived_ns(folder: Path) -> int:
    for name in ("inference_model.json", "genai_config.json"):
        try:
            return (folder / name).stat().st_mtime_ns
        except OSError:
            continue
    return 0


def _index_file() -> Path:
    return data_dir() / "model_files.json"


def _read_index() -> dict[str, FolderSeen]:
    """The index; a damaged one is begun anew, as nothing but the memory of earlier looks is lost."""
    try:
        return msgspec.json.decode(_index_file().read_bytes(), type=dict[str, FolderSeen])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}


def _write_index(index: dict[str, FolderSeen]) -> None:
    file = _index_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json_bytes(index, sort=True))
