"""Models of one's own: which folders were imported under which names."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.file_names import is_reserved
from foundry_bench.session.json_text import json_bytes
from foundry_bench.session.paths import data_dir
from foundry_bench.values.errors import InputError
from foundry_bench.worker.bounded import read_bounded

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?<!\.)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnModel:
    """An imported model: its folder, where it came from, and its licence where known."""

    path: str
    source: str
    license: str | None = None


def folder_for(name: str) -> Path:
    """Where a converted model of this name is kept."""
    return data_dir() / "models" / name


def list_own() -> dict[str, OwnModel]:
    """Every imported model by name.

    Raises:
        InputError: the registry was damaged by hand.
    """
    file = _registry()
    try:
        return msgspec.json.decode(read_bounded(file), type=dict[str, OwnModel])
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: not a list of imported models ({error}); mend or remove it") from error


def register(name: str, model: OwnModel) -> None:
    """Remember ``model`` under ``name``, in place of an older one; what that was converted to goes from the disk.

    Raises:
        InputError: the name can't be a folder's name everywhere.
    """
    check_name(name)
    own = list_own()
    old = own.get(name)
    _write(own | {name: model})
    folder = folder_for(name)
    if old and _is_converted(name, old) and not Path(model.path).resolve().is_relative_to(folder.resolve()):
        shutil.rmtree(folder, ignore_errors=True)


def unregister(name: str) -> bool:
    """Forget a model; True where its folder stays: only one that was converted for us goes with it.

    Raises:
        InputError: the registry was damaged by hand.
    """
    own = list_own()
    converted = _is_converted(name, own.pop(name))
    _write(own)
    if converted:
        shutil.rmtree(folder_for(name), ignore_errors=True)
    return not converted


def check_name(name: str) -> None:
    """Refuse a name that can't be a folder's name on every system.

    Raises:
        InputError: it has other characters than letters, digits, dot, dash and underscore.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"--name {name!r}: use letters, digits, dots, dashes and underscores only; no dot at its end")
    if is_reserved(name):
        raise InputError(f"--name {name!r}: Windows keeps that name for a device; choose another")


def _is_converted(name: str, model: OwnModel) -> bool:
    """Whether its folder was made by us."""
    return Path(model.path).absolute() == folder_for(name).absolute()


def _write(models: dict[str, OwnModel]) -> None:
    file = _registry()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, json_bytes(models, sort=True))


def _registry() -> Path:
    return data_dir() / "models" / "registry.json"
