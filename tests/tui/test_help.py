from pathlib import Path

import pytest

from driving import make_app, shows, until
from foundry_bench.tui.screens.help import HelpScreen
from golden_text import looks_like
from recorded import record_run


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with app.run_test(size=size) as pilot:
        await pilot.press("g", "t")
        await shows(pilot, "smollm2")
        await pilot.press("question_mark")
        await shows(pilot, "This screen", "Everywhere")
        await looks_like(pilot, f"help-{size[0]}x{size[1]}", update=update_golden)
        await pilot.press("j", "k", "escape")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))


@pytest.mark.parametrize(("letter", "keys"), [("a", "skip"), ("e", "write"), ("h", "compare two")])
async def test_it_tells_the_keys_of_the_screen_in_hand(tmp_path: Path, letter: str, keys: str) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("g", letter)
        await shows(pilot, "go to")
        await pilot.press("question_mark")
        await shows(pilot, "This screen", keys)
        assert isinstance(app.screen, HelpScreen)
