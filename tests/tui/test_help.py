from pathlib import Path

import pytest

from driving import make_app, running, screen_text
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


@pytest.mark.parametrize("can_suspend", [True, False])
async def test_the_shell_is_told_of_and_gone_to_only_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, can_suspend: bool
) -> None:
    app = make_app(tmp_path)
    signals: list[int] = []
    async with running(app, (120, 40)) as driver:
        monkeypatch.setattr("os.kill", lambda _pid, number: signals.append(number))
        monkeypatch.setattr(type(app._driver), "can_suspend", can_suspend)
        await driver.shows("by name")
        await driver.press("question_mark")
        await driver.shows("Everywhere")
        assert ("to the shell, fg comes back" in screen_text(app)) is can_suspend
        await driver.press("escape", "ctrl+z")
        assert bool(signals) is can_suspend


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
@pytest.mark.presses(FoundryBenchApp="f1", HelpScreen="f1")
async def test_where_letters_are_typed_another_key_asks_for_it(tmp_path: Path, size: tuple[int, int]) -> None:
    app = make_app(tmp_path, models=("phi-4-mini",))
    async with running(app, size) as driver:
        await driver.press("g", "r")
        await driver.shows("? help")
        await driver.press("tab")
        await driver.shows("F1 help")
        assert "? help" not in screen_text(app)
        await driver.press("f1")
        await driver.shows("This screen", "Everywhere")
        await driver.press("f1")
        await driver.shows("F1 help")


@pytest.mark.parametrize(
    ("letter", "told", "other"),
    [
        ("m", "your own", "the best"),
        ("t", "the best", "your own"),
        ("c", "higher, lower", "loaded"),
        ("s", "", "Signs"),
    ],
)
async def test_it_tells_the_signs_of_the_screen_in_hand(tmp_path: Path, letter: str, told: str, other: str) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (80, 24)) as driver:
        await driver.press("g", letter, "question_mark")
        await driver.until(lambda: isinstance(app.screen, HelpScreen))
        assert len(app.screen.query("#columns Static")) == (3 if told else 2)
        await driver.press(*["j"] * 40)
        await driver.shows(told)
        assert other not in screen_text(app)


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
