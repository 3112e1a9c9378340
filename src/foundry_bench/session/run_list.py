"""The recorded runs of a folder: listed by their heads, found by what a user calls them."""

import contextlib
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import msgspec

from foundry_bench.session.refusals import shown
from foundry_bench.session.store import RUN_FILE, SAMPLES_FILE, read_samples, with_zone
from foundry_bench.values.errors import InputError
from foundry_bench.values.result import RunStatus
from foundry_bench.worker.bounded import read_bounded
from foundry_bench.worker.processes import is_alive

_HEAD_BYTES = 1 << 13
# The first line of a run.json after all that a list of runs needs: no line within a value is indented so little.
_HEAD_END = b'\n  "calibration":'


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHead:
    """A line of the list of runs. What is damaged is ``unreadable`` and has no date."""

    path: Path
    id: str
    created: datetime | None
    status: RunStatus | Literal["unreadable"]
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PlanHead:
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    id: str
    created: datetime
    status: RunStatus
    plan: _PlanHead
    environment: dict[str, Any]


_heads = msgspec.json.Decoder(_Head)


def list_runs(out: Path) -> list[RunHead]:
    """The runs in the folder ``out``, newest first by their own record, whatever their folders are called.

    Reads the first few kilobytes of each ``run.json``. A run that says ``running``, but whose process is gone, is
    ``interrupted``. One that can't be read stands where its file's date puts it.

    Raises:
        InputError: the folder can't be looked into.
    """
    heads = []
    for path in _run_folders(out):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, PermissionError):
            head = _head(path)
            heads.append((_began_s(head), path.name, head))
    return [head for _, _, head in sorted(heads, key=lambda one: one[:2], reverse=True)]


def find_run(out: Path, ref: str) -> Path:
    """The folder of the run that ``ref`` names.

    Args:
        out: the folder of all runs.
        ref: a run's folder or ``run.json``, its id, the beginning of the id of one run only, or ``last``: the newest
            by its own record.

    Raises:
        InputError: there is none, or several.
    """
    path = Path(ref)
    path = path.parent if path.name == RUN_FILE else path
    if ref not in {"", "last"} and _is_file(path / RUN_FILE):
        return path
    if ref == "last":
        found = [head.path for head in list_runs(out)[:1]]
    else:
        named = [path for path in _run_folders(out) if ref and path.name.startswith(ref)]
        found = [path for path in named if (path / RUN_FILE).is_file()]
        found = [path for path in found if path.name == ref] or found
    if not found:
        for folder in (path, out / ref):
            if ref and _is_file(folder / SAMPLES_FILE):
                raise InputError(f"{folder / RUN_FILE} is missing; restore it")
        recorded = bool(_run_folders(out))
        mend = "'foundry-bench history' lists them" if recorded else "nothing is recorded there: see --out"
        raise InputError(f"no run {shown(ref)} in {out.absolute()}; {mend}")
    if len(found) > 1:
        raise InputError(f"{len(found)} runs in {out} begin with {ref!r}, such as {found[0].name}; write more of it")
    return found[0]


def find_answered(out: Path, ref: str) -> Path:
    """The same where answers are asked for: ``last`` then is the newest run that has any.

    Raises:
        InputError: there is none, or several.
    """
    runs = list_runs(out) if ref == "last" else []
    if not runs:
        return find_run(out, ref)
    for head in runs:
        if has_answers(head.path):
            return head.path
    raise InputError(f"no run in {out.absolute()} has answers; 'foundry-bench history' lists them")


def has_answers(path: Path) -> bool:
    """Whether a run holds an answer that was measured; of one that can't be read it is for its reader to say so."""
    try:
        return any(sample.phase == "measure" and sample.counts for sample in read_samples(path))
    except InputError:
        return True


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - False for any odd name


def _run_folders(out: Path) -> list[Path]:
    """All that may be runs, newest first.

    Raises:
        InputError: the folder can't be looked into.
    """
    try:
        return sorted(out.iterdir(), key=lambda path: path.name, reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InputError(f"{out}: {error.strerror}; choose another folder with --out") from error


def _head(path: Path) -> RunHead:
    try:
        with (path / RUN_FILE).open("rb", buffering=0) as file:
            content = file.read(_HEAD_BYTES)
            head, end, _ = content.partition(_HEAD_END)
        # Without such a line it is no run.json of ours, but may be one all the same, if no larger than those are.
        found = _heads.decode(head.removesuffix(b",") + b"}" if end else read_bounded(path / RUN_FILE))
    except (FileNotFoundError, NotADirectoryError):
        raise  # no run at all
    except (ValueError, RecursionError, OSError):
        return RunHead(path=path, id=path.name, created=None, status="unreadable", models=())
    gone = found.status == "running" and not is_alive(found.environment.get("process"))
    return RunHead(
        path=path,
        id=found.id,
        created=with_zone(found.created),
        status="interrupted" if gone else found.status,
        models=found.plan.models,
    )


def _began_s(head: RunHead) -> float:
    """Seconds of the system's clock."""
    return head.created.timestamp() if head.created else (head.path / RUN_FILE).stat().st_mtime
