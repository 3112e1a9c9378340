"""How fast it starts: the help, the values layer, the first paint; each against what it can't be faster than."""

import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from terminal import watch

_VALUES = "numpy, foundry_bench.values.summary, foundry_bench.values.result, foundry_bench.values.calibration"
_BARE_APP = """
from textual.app import App
from textual.widgets import Label
class Bare(App):
    BINDINGS = [("q", "quit", "quit")]
    def compose(self):
        yield Label("Models")
Bare().run()
"""
_ROUNDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Median seconds of a start, and of its floor, interleaved."""

    what: str
    floor: str
    seconds: float
    floor_s: float


def measure(folder: Path) -> list[Start]:
    """Every start, ``_ROUNDS`` times in turn with its floor."""
    python = [sys.executable, "-c"]
    starts = [
        _pair(
            "foundry-bench --help",
            [sys.executable, "-m", "foundry_bench", "--help"],
            "python -c pass",
            [*python, "pass"],
        ),
        _pair(
            "import of the values layer", [*python, f"import {_VALUES}"], "import of numpy", [*python, "import numpy"]
        ),
    ]
    own, bare = [], []
    for number in range(_ROUNDS):
        own.append(watch(None, folder / f"paint-{number}").first_paint_s)
        bare.append(watch(None, folder / f"bare-{number}", program=_BARE_APP).first_paint_s)
    return [
        *starts,
        Start(
            what="first paint of the screen",
            floor="first paint of a bare Textual app",
            seconds=statistics.median(own),
            floor_s=statistics.median(bare),
        ),
    ]


def _pair(what: str, command: list[str], floor: str, floor_command: list[str]) -> Start:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for one, kept in zip((command, floor_command), times, strict=True):
            started = time.perf_counter()
            subprocess.run(one, stdout=subprocess.DEVNULL, check=True)
            kept.append(time.perf_counter() - started)
    return Start(what=what, floor=floor, seconds=statistics.median(times[0]), floor_s=statistics.median(times[1]))
