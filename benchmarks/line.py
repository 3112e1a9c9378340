"""How much the screen sends to its terminal: at 200 tokens/s in one, four and sixteen answers, and while it is idle."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from fidelity import plan_for
from terminal import Terminal, watch

from foundry_bench.session.calibrating import Load, reference_server

_LOADS = (Load(1, 5, 500, 3), Load(4, 20, 125, 12), Load(16, 80, 30, 48))
_SIZES = ((60, 20), (80, 24), (120, 40), (200, 60))
_SETTLED_S, _IDLE_S = 5, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Bytes a second that went to a terminal of this size; of no ``streams``, while nothing is under way."""

    streams: int
    columns: int
    rows: int
    low_bandwidth: bool
    bytes_per_s: float


def measure(folder: Path) -> list[Sent]:
    """Every load at every size, with and without ``--low-bandwidth``; then idle."""
    return [*asyncio.run(_busy(folder)), *(_idle(folder / f"idle-{low}", low=low) for low in (False, True))]


async def _busy(folder: Path) -> list[Sent]:
    found = []
    async with reference_server() as url:
        for load in _LOADS:
            for columns, rows in _SIZES:
                for low in (False, True):
                    out = folder / f"{load.streams}-{columns}-{low}"
                    size = {"columns": columns, "rows": rows, "low_bandwidth": low}
                    seen = await asyncio.to_thread(watch, plan_for(url, load), out, **size)
                    rate = seen.followed_bytes / seen.followed_s
                    found.append(Sent(streams=load.streams, bytes_per_s=rate, **size))
                    print(f"{load.streams} streams at {columns}x{rows}, low {low}: {rate / 1024:.1f} KiB/s", flush=True)
    return found


def _idle(folder: Path, *, low: bool) -> Sent:
    shown = Terminal(None, folder, low_bandwidth=low)
    shown.wait_for("by name")
    time.sleep(_SETTLED_S)
    before = shown.bytes_written
    time.sleep(_IDLE_S)
    sent = shown.bytes_written - before
    shown.leave()
    return Sent(streams=0, columns=120, rows=40, low_bandwidth=low, bytes_per_s=sent / _IDLE_S)
