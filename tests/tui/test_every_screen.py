"""Each screen is kept as text at three sizes; here those of dialogs, and of the frame that is there first."""

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import pytest
from textual.screen import Screen

from driving import make_app, running
from foundry_bench.tui import screens
from foundry_bench.tui.screens.blind import BlindScreen
from foundry_bench.tui.screens.confirm import QuitScreen
from foundry_bench.tui.screens.frame import FrameScreen
from foundry_bench.tui.screens.opening import OpeningScreen
from golden_text import FOLDER, looks_like
from recorded import record_run

SIZES = [(60, 20), (80, 24), (120, 40)]
# Where the file isn't called as the class.
NAMES = {"ModelDetailScreen": "model", "PairwiseScreen": "pairs"}


def test_each_screen_is_kept_at_three_sizes() -> None:
    modules = [import_module(f"{screens.__name__}.{one.name}") for one in pkgutil.iter_modules(screens.__path__)]
    classes = {one for module in modules for one in vars(module).values() if inspect.isclass(one)}
    ours = {
        one.__name__
        for one in classes - {FrameScreen, BlindScreen}
        if issubclass(one, Screen) and one.__module__.startswith(screens.__name__)
    }
    names = {NAMES.get(name, name.removesuffix("Screen").lower()) for name in ours if name[0] != "_"}
    wanted = {f"{name}-{width}x{height}.txt" for name in names for width, height in SIZES}
    assert wanted - {file.name for file in FOLDER.iterdir()} == set()
    assert len(names) > 15


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_what_dialogs_look_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    at = f"{size[0]}x{size[1]}"
    async with running(app, size) as driver:
        await driver.shows("by name")
        await driver.press("slash", *"qwen", "enter", "D")
        await driver.shows("Delete qwen2.5-0.5b")
        await looks_like(driver, f"confirm-{at}", update=update_golden)
        await driver.press("n", "g", "c")
        await driver.shows("B phi-4-mini", "worse")
        await driver.press("a", *"phi")
        await driver.shows("type to find")
        await looks_like(driver, f"pick-{at}", update=update_golden)
        await driver.press("escape", "g", "a")
        await driver.shows("1/4")
        await driver.press("4", "n", *"clear")
        await looks_like(driver, f"note-{at}", update=update_golden)
        await driver.press("escape")
        app.push_screen(QuitScreen())  # a key opens it only while a benchmark runs
        await looks_like(driver, f"quit-{at}", update=update_golden)
        await driver.press("n")
        app.push_screen(OpeningScreen("models"))  # what stands there before the first mode
        await looks_like(driver, f"opening-{at}", update=update_golden)
