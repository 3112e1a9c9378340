"""How fast it starts: the help, the values layer, the screen; each against what it can't be faster than."""

import compileall
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from terminal import Terminal

import foundry_bench

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
_OWN_APP = "import sys; from foundry_bench.cli import main; sys.exit(main(['--out', {!r}]))"
_MODE_SHOWS = "filter"  # a key that only the screen of the first mode names
_ROUNDS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Median seconds of a start, and of its floor, interleaved."""

    what: str
    floor: str
    seconds: float
    floor_s: float


def measure(folder: Path) -> list[Start]:
    """Every start, ``_ROUNDS`` times in turn with its floor.

    What is installed is compiled already; so is what is measured here, even where Python is told to keep no bytecode.
    """
    compileall.compile_dir(Path(foundry_bench.__file__).parent, quiet=1)
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
    times = [
        (*_shown(folder, _OWN_APP.format(str(folder)), "Models", _MODE_SHOWS), *_shown(folder, _BARE_APP, "Models"))
        for _ in range(_ROUNDS)
    ]
    painted_s, mode_s, bare_s = map(statistics.median, zip(*times, strict=True))
    floor = "first paint of a bare Textual app"
    return [
        *starts,
        Start(what="first paint of the screen", floor=floor, seconds=painted_s, floor_s=bare_s),
        Start(what="the list of models stands, empty, and takes keys", floor=floor, seconds=mode_s, floor_s=bare_s),
    ]


def _shown(folder: Path, program: str, *texts: str) -> list[float]:
    """Seconds from a program's start until each of these texts has come, one after the other."""
    terminal = Terminal(None, folder, program=program)
    times = []
    for text in texts:
        terminal.wait_for(text)
        times.append(time.monotonic() - terminal.started)
    terminal.leave()
    return times


def _pair(what: str, command: list[str], floor: str, floor_command: list[str]) -> Start:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for one, kept in zip((command, floor_command), times, strict=True):
            started = time.perf_counter()
            subprocess.run(one, stdout=subprocess.DEVNULL, check=True)
            kept.append(time.perf_counter() - started)
    return Start(what=what, floor=floor, seconds=statistics.median(times[0]), floor_s=statistics.median(times[1]))
