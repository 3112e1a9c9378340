"""AMD graphics cards, as Linux shows them under ``/sys/class/drm``."""

from pathlib import Path

from foundry_bench.values.telemetry import Meter
from foundry_bench.worker.power_source import Integral, SourceReading

DRM = Path("/sys/class/drm")


class AmdCards:
    """All cards that the amdgpu driver tells of.

    The power of a graphics unit on the processor's own chip is that of the whole chip, which RAPL counts already: only
    cards on a board of their own (they have a ``board_info``) are meters.

    Args:
        root: the drm folder.
    """

    def __init__(self, root: Path = DRM) -> None:
        self._cards = [_Card(path) for path in sorted(root.glob("card[0-9]*/device")) if _is_amd(path)]

    def __bool__(self) -> bool:
        return bool(self._cards)

    def read(self, at_s: float) -> SourceReading:
        """Energy by card, from its power over time; use of the busiest one; memory of all."""
        busy = [share for card in self._cards if (share := card.number("gpu_busy_percent")) is not None]
        memory = [size for card in self._cards if (size := card.number("mem_info_vram_used")) is not None]
        joules = ((card.meter, card.joules(at_s)) for card in self._cards)
        return SourceReading(
            joules={meter: value for meter, value in joules if value is not None},
            gpu_percent=max(busy, default=None),
            gpu_memory_mb=round(sum(memory) / 1e6, 1) if memory else None,
        )


class _Card:
    def __init__(self, path: Path) -> None:
        self.meter = Meter("gpu", f"GPU {path.parent.name} amdgpu")
        self._path = path
        files = [*path.glob("hwmon/hwmon*/power1_average"), *path.glob("hwmon/hwmon*/power1_input")]
        self._power = files[0] if files and (path / "board_info").exists() else None
        self._integral = Integral()

    def number(self, name: str) -> float | None:
        """The number in a file of the card; None where there is none."""
        return _number(self._path / name)

    def joules(self, at_s: float) -> float | None:
        microwatts = _number(self._power) if self._power else None
        return None if microwatts is None else self._integral.joules(at_s, microwatts / 1e6)


def _is_amd(path: Path) -> bool:
    return (path / "gpu_busy_percent").exists() or (path / "mem_info_vram_used").exists()


def _number(path: Path) -> float | None:
    try:
        return float(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
