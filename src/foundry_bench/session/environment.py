"""What a run was measured on: machine, system, the versions that matter, and what the machine was doing."""

import contextlib
import os
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = ("foundry-bench", "foundry-local-sdk", "onnxruntime-genai-core", "openai", "numpy")


def describe_environment() -> dict[str, Any]:
    """The machine and the software, as ``run.json`` keeps them. Memory in MB."""
    return {
        "host": platform.node(),
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "memory_mb": round(psutil.virtual_memory().total / 1e6),
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := _version(name))},
    }


def machine_state() -> dict[str, Any]:
    """What the machine is doing, as far as it can be read: load, power saving, battery, temperature."""
    state: dict[str, Any] = {"load_1min": round(psutil.getloadavg()[0], 2), "cores": os.cpu_count()}
    governor = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
    with contextlib.suppress(OSError):
        state["governor"] = governor.read_text("ascii").strip()
    if frequency := _quietly(psutil.cpu_freq):
        state["cpu_mhz"] = round(frequency.current)
    if battery := _quietly(getattr(psutil, "sensors_battery", lambda: None)):
        state["battery_percent"], state["on_battery"] = round(battery.percent), not battery.power_plugged
    if sensors := _quietly(getattr(psutil, "sensors_temperatures", dict)):
        state["max_celsius"] = max(reading.current for readings in sensors.values() for reading in readings)
    return state


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _quietly(read: Callable[[], Any]) -> Any:
    """What a sensor says, or None where this machine has none."""
    try:
        return read()
    except (OSError, NotImplementedError, RuntimeError, AttributeError):
        return None
