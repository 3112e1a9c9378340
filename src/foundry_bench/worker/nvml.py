"""NVIDIA graphics cards, through the library that ``nvidia-ml-py`` wraps (extra ``nvml``)."""

from typing import Any

from foundry_bench.values.telemetry import Meter
from foundry_bench.worker.power_source import Integral, SourceReading


class NvmlCards:
    """All cards of the machine.

    Args:
        nvml: the module ``pynvml``, or what behaves as it does; started here.

    Raises:
        Exception: the library's own, where there is no driver or no card.
    """

    def __init__(self, nvml: Any) -> None:
        nvml.nvmlInit()
        self._nvml = nvml
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        self._cards = [(handle, Meter("gpu", self._name(index, handle))) for index, handle in enumerate(handles)]
        self._integrals = {meter: Integral() for _, meter in self._cards}

    @classmethod
    def find(cls) -> "NvmlCards | None":
        """The cards, or None without the extra, a driver or a card."""
        try:
            import pynvml

            return cls(pynvml)
        except Exception:  # noqa: BLE001 - the library raises an error class for each of its codes, and OSError
            return None

    @property
    def names(self) -> list[str]:
        """What each card is called."""
        return [meter.name for _, meter in self._cards]

    def __bool__(self) -> bool:
        return bool(self._cards)

    def read(self, at_s: float) -> SourceReading:
        """Energy by card; use of the busiest one; memory of all, None where a card doesn't tell."""
        joules = ((meter, self._joules(handle, meter, at_s)) for handle, meter in self._cards)
        used = [self._ask("nvmlDeviceGetUtilizationRates", handle) for handle, _ in self._cards]
        memory = [self._ask("nvmlDeviceGetMemoryInfo", handle) for handle, _ in self._cards]
        return SourceReading(
            joules={meter: value for meter, value in joules if value is not None},
            gpu_percent=max((float(one.gpu) for one in used if one is not None), default=None),
            gpu_memory_mb=round(sum(one.used for one in memory) / 1e6, 1) if memory and None not in memory else None,
        )

    def _joules(self, handle: Any, meter: Meter, at_s: float) -> float | None:
        """The card's own counter (mJ) where it has one, else its power (mW) over time."""
        counted = self._ask("nvmlDeviceGetTotalEnergyConsumption", handle)
        if counted is not None:
            return float(counted) / 1000
        milliwatts = self._ask("nvmlDeviceGetPowerUsage", handle)
        return None if milliwatts is None else self._integrals[meter].joules(at_s, milliwatts / 1000)

    def _name(self, index: int, handle: Any) -> str:
        name = self._ask("nvmlDeviceGetName", handle)
        text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        return f"GPU {index} {text or ''}".strip()

    def _ask(self, function: str, handle: Any) -> Any:
        """What the card answers; None where it doesn't know."""
        try:
            return getattr(self._nvml, function)(handle)
        except Exception:  # noqa: BLE001 - as in ``find``: old cards and laptops answer 'not supported' to any of these
            return None
