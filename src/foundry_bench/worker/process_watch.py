"""This process's own memory and CPU."""

import sys

import psutil


class ProcessWatch:
    """Reads the resident memory and the CPU time of the process it lives in."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent()

    def rss_mb(self) -> float:
        """Resident memory now, in MB."""
        return float(round(self._process.memory_info().rss / 1e6, 1))

    def cpu_percent(self) -> float:
        """CPU use since the last call, in percent of one core."""
        return float(self._process.cpu_percent())

    def peak_mb(self) -> float:
        """The largest resident memory so far, in MB, by the system's own record."""
        if sys.platform == "win32":
            return round(self._process.memory_info().peak_wset / 1e6, 1)
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return round(peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6, 1)
