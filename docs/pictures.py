"""Makes the pictures of the documentation: drives the application by key over recorded runs, and over a live one.

    python docs/pictures.py RUNS

RUNS is a folder of recorded runs. The models of the last one are measured once more for the pictures of a benchmark
under way, so they have to be there; catalog and model cache are those of the environment. The pictures show the folder
of the model cache: choose one whose path says nothing of the machine.
"""

import argparse
import asyncio
import html
import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from foundry_bench.session.run_list import find_run
from foundry_bench.session.settings import resolve
from foundry_bench.session.store import load
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.display import Display

PICTURES = Path(__file__).parent / "pictures"
_MAIN = frozenset({"models", "run", "results", "model", "compare", "rate", "report"})
_SMALL, _USUAL, _LARGE = (60, 20), (80, 24), (120, 40)
_LIMIT_S = 120


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture: its name, the keys that lead to it from the one before, what stands on the screen then (a pattern)."""

    name: str
    keys: Sequence[str]
    shows: str


_TOUR = (
    Shot("models", ("slash", *"smollm2", "enter", "space", "space", "slash", "escape", "k"), "2 marked"),
    Shot("plan", ("r",), "starts"),
    Shot("results", ("g", "t"), "Latency per request"),
    Shot("model", ("j", "enter", *"jjjjj"), "gaps: median"),
    Shot("compare", ("b", "g", "c"), "Prompt against prompt"),
    Shot("rate", ("g", "a"), "1 bad"),
    Shot("report", ("g", "e"), "Preview md"),
    Shot("history", ("g", "h"), "2 runs"),
    Shot("settings", ("g", "s"), "saves to"),
    Shot("help", ("g", "t", "question_mark"), "Everywhere"),
    Shot("palette", ("escape", "colon"), "Search for commands"),
)


async def main(runs: Path) -> None:
    """All pictures, at the sizes that they are wanted in."""
    shutil.copytree(runs, "runs")
    for size in (_USUAL, _LARGE):
        await _tour(size)
        await _live(size)
    await _results_alone(_SMALL)


async def _tour(size: tuple[int, int]) -> None:
    async with _app().run_test(size=size) as pilot:
        await _until(pilot, "by name")
        for shot in _TOUR:
            await pilot.press(*shot.keys)
            await _until(pilot, shot.shows)
            if size == _USUAL or shot.name in _MAIN:
                _keep(pilot, shot.name, size)


async def _live(size: tuple[int, int]) -> None:
    plan = load(find_run(Path("runs"), "last")).plan
    plan = replace(plan, models=plan.models[::-1], rounds=3, concurrency=2)
    async with _app(start=plan, out="live").run_test(size=size) as pilot:
        await _until(pilot, "round 2/3")
        await _until(pilot, r"≈[2-9]\d tok.*≈[2-9]\d tok")
        _keep(pilot, "run", size)
        await pilot.press("x", "y")
        await _until(pilot, "new run")


async def _results_alone(size: tuple[int, int]) -> None:
    async with _app().run_test(size=size) as pilot:
        await pilot.press("g", "t")
        await _until(pilot, "tok/s")
        _keep(pilot, "results", size)


def _app(out: str = "runs", **start: Any) -> FoundryBenchApp:
    return FoundryBenchApp(resolve({"out": out}, os.environ, models_needed=False), options=Display(), **start)


async def _until(pilot: Pilot[Any], pattern: str) -> None:
    async with asyncio.timeout(_LIMIT_S):
        while not re.search(pattern, _text(pilot), re.DOTALL):
            await pilot.pause(0.1)
    await pilot.pause(0.5)  # what follows from it is drawn too


def _text(pilot: Pilot[Any]) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", pilot.app.export_screenshot())).replace("\N{NO-BREAK SPACE}", " ")


def _keep(pilot: Pilot[Any], name: str, size: tuple[int, int]) -> None:
    columns, rows = size
    file = PICTURES / f"{name}-{columns}x{rows}.svg"
    file.write_text(pilot.app.export_screenshot(), "utf-8")
    print(f"{file.name}  {file.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, help="a folder of recorded runs", metavar="RUNS")
    recorded = parser.parse_args().runs.absolute()
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # so that the pictures show relative paths
        Path("config.toml").touch()
        os.environ["FOUNDRY_BENCH_CONFIG"] = "config.toml"
        asyncio.run(main(recorded))
        os.chdir("/")
