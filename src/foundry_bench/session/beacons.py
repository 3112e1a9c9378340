"""The files by which benchmarks under way are found: one each, which only its user can read."""

import contextlib
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from foundry_bench.session.paths import running_dir
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.worker.processes import is_alive


@dataclass(frozen=True, slots=True, kw_only=True)
class Beacon:
    """How a benchmark under way is reached.

    Attributes:
        run: the absolute path of its folder.
        models: their names, in the plan's order.
        host: the machine: a home folder may be shared by several.
        process: of the process that records it, as ``processes.this_process`` says it.
        port: where it listens, on 127.0.0.1.
        token: what a client must say first.
    """

    run: str
    models: tuple[str, ...]
    host: str = field(default_factory=platform.node)
    process: Mapping[str, float]
    port: int
    token: str = field(repr=False)

    @property
    def id(self) -> str:
        """The run's."""
        return Path(self.run).name

    @property
    def line(self) -> str:
        """For a list: the run and its models, safe to print."""
        return one_line(f"{self.id}  {', '.join(self.models)}  in {self.run}")


@contextlib.contextmanager
def announced(beacon: Beacon) -> Iterator[None]:
    """Lets a benchmark be found; where the file can't be written it can't, and goes on all the same."""
    file = running_dir() / f"{beacon.id}.{beacon.process['pid']:.0f}.json"
    with contextlib.suppress(OSError):
        _write(file, msgspec.json.encode(beacon))
    try:
        yield
    finally:
        _remove(file)


def list_running() -> list[Beacon]:
    """The benchmarks under way on this machine, oldest first. Removes the files of those whose process is gone."""
    found = []
    for file in sorted(running_dir().glob("*.json")):
        try:
            beacon = msgspec.json.decode(file.read_bytes(), type=Beacon)
        except (OSError, ValueError):
            continue
        if beacon.host != platform.node():
            continue
        if is_alive(beacon.process):
            found.append(beacon)
        else:
            _remove(file)
    return found


def find_running(ref: str, running: Sequence[Beacon]) -> Beacon:
    """The one that ``ref`` names: a run's folder, its id, the beginning of one id only, or ``last``.

    Raises:
        InputError: there is none, or several.
    """
    if ref == "last":
        found = list(running[-1:])
    else:
        begun = [beacon for beacon in running if ref and beacon.id.startswith(ref)]
        found = [beacon for beacon in running if beacon.id == ref or Path(beacon.run) == Path(ref).absolute()] or begun
    if len(found) > 1:
        raise InputError(f"{len(found)} running benchmarks begin with {ref!r}, such as {found[0].id}; write more of it")
    if not found:
        others = ", ".join(beacon.id for beacon in running) or "no benchmark is"
        raise InputError(f"no benchmark {ref!r} is running ({others}); 'foundry-bench history' lists what was recorded")
    return found[0]


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, and never readable by others."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = file.with_suffix(".tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(content)
    draft.replace(file)


def _remove(file: Path) -> None:
    with contextlib.suppress(OSError):
        file.unlink()
