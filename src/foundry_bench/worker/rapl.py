"""The energy counters of Intel and AMD processors (RAPL), as Linux shows them under ``/sys/class/powercap``."""

from pathlib import Path

from foundry_bench.values.telemetry import Meter
from foundry_bench.worker.power_source import SourceReading

POWERCAP = Path("/sys/class/powercap")


class RaplCounters:
    """Packages, and memory where it is counted apart; cores and uncore are parts of a package and left out.

    Args:
        root: the powercap folder.
    """

    def __init__(self, root: Path = POWERCAP) -> None:
        self._zones = [zone for path in zones(root) if (zone := _Zone.open(path))]

    def __bool__(self) -> bool:
        return bool(self._zones)

    def read(self, at_s: float) -> SourceReading:  # noqa: ARG002 - a counter needs no clock
        """Joules of each zone since the kernel's own start, wrap-around undone."""
        found = ((zone.meter, zone.joules()) for zone in self._zones)
        return SourceReading(joules={meter: joules for meter, joules in found if joules is not None})


class _Zone:
    """One counter, in microjoules, which begins anew at its range."""

    def __init__(self, path: Path, name: str, first_uj: int) -> None:
        self.meter = Meter("cpu", name)
        self._file = path / "energy_uj"
        self._range_uj = _number(path / "max_energy_range_uj")
        self._last_uj, self._before_uj = first_uj, 0

    @classmethod
    def open(cls, path: Path) -> "_Zone | None":
        """The zone, or None where this user may not read it."""
        first_uj = _number(path / "energy_uj")
        return None if first_uj is None else cls(path, zone_name(path), first_uj)

    def joules(self) -> float | None:
        """Energy so far; None where it can't be read, or wrapped around at a range that nobody tells."""
        now_uj = _number(self._file)
        if now_uj is None:
            return None
        if now_uj < self._last_uj:
            if self._range_uj is None:
                return None
            self._before_uj += self._range_uj
        self._last_uj = now_uj
        return (self._before_uj + now_uj) / 1e6


def zones(root: Path = POWERCAP) -> list[Path]:
    """The zones whose energies may be added up, readable or not: each package, and its memory."""
    found = sorted(root.glob("intel-rapl:*"))
    return [path for path in found if _wanted(path)]


def zone_name(path: Path) -> str:
    """What the zone is called, with its package where it is part of one: ``package-0``, ``dram of package 0``."""
    name = _text(path / "name") or path.name
    parts = path.name.split(":")
    return f"{name} of package {parts[1]}" if len(parts) > 2 else name


def _wanted(path: Path) -> bool:
    name = _text(path / "name") or ""
    return name.startswith("package") if path.name.count(":") == 1 else name == "dram"


def _text(path: Path) -> str | None:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return None


def _number(path: Path) -> int | None:
    text = _text(path)
    return int(text) if text and text.isdigit() else None
