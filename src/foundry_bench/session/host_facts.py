"""What a host is: machine, graphics cards, software, the models on its disk, its timing error."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec

from foundry_bench.session.calibrating import calibrate, short_loads
from foundry_bench.session.catalog import on_disk
from foundry_bench.session.environment import describe_environment
from foundry_bench.session.settings import resolve
from foundry_bench.values.errors import InputError
from foundry_bench.values.host_facts import HostFacts, HostModel
from foundry_bench.worker.nvml import NvmlCards

_VENDORS = {"0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel"}
_CARDS = Path("/sys/class/drm")


def describe_host() -> dict[str, Any]:
    """The environment as ``run.json`` keeps it, with the machine's graphics cards; null where nobody can tell."""
    return {**describe_environment(), "gpus": graphics_cards()}


def graphics_cards() -> list[str] | None:
    """Names of the graphics cards, by NVIDIA's library or the kernel; None on a system that tells of none."""
    if cards := NvmlCards.find():
        return list(cards.names)
    if not _CARDS.is_dir():
        return None
    found = []
    for card in sorted(_CARDS.glob("card[0-9]*")):
        with contextlib.suppress(OSError):
            vendor = (card / "device" / "vendor").read_text("ascii").strip()
            found.append(f"{_VENDORS.get(vendor, vendor)} {(card / 'device' / 'device').read_text('ascii').strip()}")
    return found


def host_facts(*, calibrated: bool) -> bytes:
    """What this host is, as JSON: the task that ``foundry-bench fleet`` has each Dask worker run."""
    problems = []
    models: tuple[HostModel, ...] = ()
    calibration = None
    try:
        plan = resolve({}, os.environ, models_needed=False).plan
        models = tuple(HostModel(id=one.id, size_mb=one.size_mb) for one in on_disk(plan))
    except InputError as error:
        problems.append(str(error))
    if calibrated:
        try:
            calibration = asyncio.run(calibrate(short_loads(1), short=True))
        except InputError as error:
            problems.append(str(error))
    facts = HostFacts(
        environment=describe_host(), models=models, calibration=calibration, problem="; ".join(problems) or None
    )
    return msgspec.json.encode(facts)
