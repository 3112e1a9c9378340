"""Which models this user's processes hold in memory: a file each beside the runtime's data, while they live."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from foundry_bench.worker.processes import is_alive, this_process


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model in the memory of the process ``pid``; ``started`` tells that process from a later one of its number.

    ``measured`` is true while a benchmark has it, ``url`` where an application reaches it.
    """

    id: str
    alias: str
    pid: int
    started: float
    measured: bool
    url: str | None = None

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return is_alive({"pid": self.pid, "started": self.started})

    @property
    def rss_mb(self) -> float | None:
        """Memory of its process in MB; None once that is gone."""
        with contextlib.suppress(psutil.Error):
            return float(psutil.Process(self.pid).memory_info().rss / 1e6)
        return None

    def end(self) -> bool:
        """Ask its process to end; whether it was still there."""
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if self.alive:
                process.terminate()
                with contextlib.suppress(psutil.TimeoutExpired):
                    process.wait(10)
                return True
        return False


def loaded_models(data_dir: Path) -> tuple[LoadedModel, ...]:
    """What is loaded now; files that dead processes left behind are removed."""
    return tuple(_read(_folder(data_dir)))


def note_loaded(data_dir: Path, *, id: str, alias: str, measured: bool, url: str | None) -> None:  # noqa: A002 - its name everywhere
    """Note that this process holds a model."""
    process = this_process()
    pid = int(process["pid"])
    note = LoadedModel(id=id, alias=alias, pid=pid, started=process["started"], measured=measured, url=url)
    folder = _folder(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f"{pid}.new"
    fresh.write_bytes(msgspec.json.encode(note))
    fresh.replace(folder / f"{pid}.json")


def note_unloaded(data_dir: Path) -> None:
    """Note that this process holds none any more."""
    (_folder(data_dir) / f"{os.getpid()}.json").unlink(missing_ok=True)


def _folder(data_dir: Path) -> Path:
    return data_dir / "loaded"


def _read(folder: Path) -> Iterator[LoadedModel]:
    for file in sorted(folder.glob("*.json")):
        try:
            model = msgspec.json.decode(file.read_bytes(), type=LoadedModel)
        except (OSError, ValueError):
            model = None
        if model and model.alive:
            yield model
        else:
            with contextlib.suppress(OSError):
                file.unlink()
