"""How fast a key is answered on the screen while many streams run, and what the measurement is worth meanwhile."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fidelity import error_of, plan_for, send_logs
from terminal import Terminal

from foundry_bench.session.calibrating import Load, reference_server
from foundry_bench.values.calibration import Level

_LOAD = Load(16, 10, 100, 480)
# What each key brings to the screen: the line of letters, then another mode.
_KEYS = (("g", "history"), ("m", "filter"), ("g", "history"), ("r", "pause"))
_TIMES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """Seconds from a key to its answer on the screen, and the error of what was measured the while."""

    streams: int
    n: int
    p50_s: float
    p99_s: float
    max_s: float
    level: Level


def measure(folder: Path) -> list[Answers]:
    """Press keys, over and over, while 16 streams run."""
    return asyncio.run(_measure(folder))


async def _measure(folder: Path) -> list[Answers]:
    async with reference_server() as url:
        took = await asyncio.to_thread(_press, url, folder)
        level = error_of(folder, _LOAD, send_logs(url))
    p50, p99 = np.percentile(took, (50, 99)).tolist()
    return [Answers(streams=_LOAD.streams, n=len(took), p50_s=p50, p99_s=p99, max_s=max(took), level=level)]


def _press(url: str, folder: Path) -> list[float]:
    shown = Terminal(plan_for(url, _LOAD), folder)
    shown.wait_for("pause")
    took = [shown.press(*key) for _ in range(_TIMES) for key in _KEYS]
    shown.wait_for("results")
    shown.leave()
    return took
