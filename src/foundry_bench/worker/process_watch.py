"""What this process takes of the machine, and what others take of it meanwhile."""

import os
import sys
import time
from collections import deque
from typing import NamedTuple

import psutil

from foundry_bench.values.record import Disturbance

# The system counts processor time in ticks of 10 ms: over half a second that is 2 %.
_WINDOW = 6


class _Reading(NamedTuple):
    """Seconds so far: of the clock, and of the machine's and this process's processor time."""

    wall: float
    busy: float
    steal: float
    own: float


class ProcessWatch:
    """Reads memory and processor time of the process it lives in, and of the machine around it."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()
        self._cores = os.cpu_count() or 1
        self._readings = deque([_read()], maxlen=_WINDOW)

    def rss_mb(self) -> float:
        """Resident memory now, in MB."""
        return float(round(self._process.memory_info().rss / 1e6, 1))

    def cpu_percent(self) -> float:
        """Processor use since the last call, in percent of one core."""
        return float(self._process.cpu_percent())

    def peak_mb(self) -> float:
        """The largest resident memory so far, in MB, by the system's own record."""
        if sys.platform == "win32":
            return round(self._process.memory_info().peak_wset / 1e6, 1)
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)

    def disturbance(self, lag_s: float, *, others: bool) -> Disturbance:
        """What went on over the last half second of calls, ten a second; other processes only where ``others``."""
        first, now = self._readings[0], _read()
        self._readings.append(now)
        percent = 100 / (max(now.wall - first.wall, 1e-3) * self._cores)
        other = max(0.0, (now.busy - first.busy) - (now.own - first.own)) if others else 0.0
        return Disturbance(
            lag_s=round(lag_s, 6),
            steal_percent=round((now.steal - first.steal) * percent, 1),
            other_percent=round(other * percent, 1),
        )


def _read() -> _Reading:
    times = psutil.cpu_times()
    steal = getattr(times, "steal", 0.0)
    # The fields that follow the first eight are parts of them (a guest's time).
    busy = sum(times[:8]) - times.idle - getattr(times, "iowait", 0.0) - steal
    return _Reading(time.monotonic(), busy, steal, time.process_time())
