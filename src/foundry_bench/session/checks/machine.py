"""Checks what the machine is doing while it should be measuring: power saving, load, meters of energy."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from foundry_bench.session.environment import machine_state
from foundry_bench.values.check import Check, ok, warning
from foundry_bench.worker.power_watch import find_sources
from foundry_bench.worker.rapl import POWERCAP, RaplCounters, zone_name, zones

_BUSY = 0.5
_DRIVER = Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver")
# With these drivers the governor "powersave" is the usual one and keeps nothing slow.
_OWN_GOVERNORS = {"intel_pstate", "amd-pstate-epp", "amd_pstate_epp"}


def check_power(state: Mapping[str, Any] | None = None, driver: Path = _DRIVER) -> Check:
    """Battery and power saving, which slow a processor down."""
    state = machine_state() if state is None else state
    governor = state.get("governor")
    parts = [f"governor {governor}"] if governor else []
    if "battery_percent" in state:
        parts.append(f"{'on battery' if state.get('on_battery') else 'plugged in'}, {state['battery_percent']} %")
    if "max_celsius" in state:
        parts.append(f"hottest sensor {state['max_celsius']:.0f} °C")
    found = ", ".join(parts) or "no battery; this system tells nothing of power saving"
    if state.get("on_battery"):
        return warning("power", found, "plug it in: on battery most processors are slower")
    if governor == "powersave" and _text(driver) not in _OWN_GOVERNORS:
        return warning("power", found, "set the governor to performance: cpupower frequency-set -g performance")
    return ok("power", found)


def check_load(state: Mapping[str, Any] | None = None) -> Check:
    """Whether others are at work: their work enters the figures."""
    state = machine_state() if state is None else state
    cores = state.get("cores") or 1
    found = f"load {state['load_1min']} on {cores} cores"
    if state["load_1min"] > _BUSY * cores:
        return warning("load", found, "close other programs before you measure")
    return ok("load", found)


def check_meters(root: Path = POWERCAP) -> Check:
    """Which meters of energy can be read."""
    names = [meter.name for source in find_sources() for meter in source.read(0.0).joules]
    locked = [zone_name(zone) for zone in zones(root)] if not RaplCounters(root) else []
    nvidia = Path("/proc/driver/nvidia").exists() and not any(name.startswith("GPU") for name in names)
    if locked:
        mend = f"sudo chmod a+r {root}/intel-rapl*/energy_uj (until the next start), or state the power with --watts"
        return warning("energy meters", f"{', '.join(locked)} may be read by root only", mend)
    if nvidia:
        found = f"{', '.join(names) or 'none'}; the NVIDIA card is not asked"
        return warning("energy meters", found, "pip install 'foundry-bench[nvml]'")
    return ok("energy meters", ", ".join(names) or "none on this machine; --watts makes an estimate")


def check_telemetry(environ: Mapping[str, str] = os.environ) -> Check:
    """What the embedded runtime would send home: nothing where ``CI`` is set to yes, as the worker sets it."""
    said = environ.get("CI")
    if said is None or said.lower() in {"1", "true", "yes"}:
        return ok("telemetry", "the runtime runs with its telemetry switched off (CI=true)")
    mend = "unset CI, or set it to true: foundry-bench keeps what you set"
    return warning("telemetry", f"CI is {said!r} in your environment, so the runtime may send telemetry", mend)


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii").strip()
    except (OSError, ValueError):
        return ""
