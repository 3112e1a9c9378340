from pathlib import Path

import pytest

from driving import make_app, running
from foundry_bench.tui.screens.help import HelpScreen
from golden_text import looks_like
from recorded import record_run


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2")
        await driver.press("question_mark")
        await driver.shows("This screen", "Everywhere")
        await looks_like(driver, f"help-{size[0]}x{size[1]}", update=update_golden)
        await driver.press("j", "k", "escape")
        await driver.until(lambda: not isinstance(app.screen, HelpScreen))


@pytest.mark.parametrize(("letter", "keys"), [("a", "skip"), ("e", "write"), ("h", "compare two"), ("r", "hosts")])
async def test_it_tells_the_keys_of_the_screen_in_hand(tmp_path: Path, letter: str, keys: str) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (120, 40)) as driver:
        await driver.press("g", letter)
        await driver.shows("go to")
        await driver.press("question_mark")
        await driver.shows("This screen", keys)
        assert isinstance(app.screen, HelpScreen)
