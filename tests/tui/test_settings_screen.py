import os
import tomllib
from pathlib import Path

import pytest

from driving import make_app, running
from foundry_bench.session.settings import resolve
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.display import Display
from golden_text import looks_like


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOUNDRY_BENCH_CONFIG", "config.toml")
    Path("config.toml").write_text('rounds = 5\n\n[endpoints.lab]\nurl = "http://lab:1"\n')
    return Path("config.toml")


def commented(config: Path) -> None:
    config.write_text("# mine\nrounds = 5\n")


def of_two_lines(config: Path) -> None:
    config.write_text('system = "Be brief.\\nBe kind.\\n"\n')


def written(name: str = "config.toml") -> str:
    return Path(name).read_text()


def opened() -> FoundryBenchApp:
    return FoundryBenchApp(resolve({}, os.environ, models_needed=False), options=Display())


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(config: Path, size: tuple[int, int], update_golden: bool) -> None:
    app = opened()
    async with running(app, size) as driver:
        await driver.press("g", "s")
        await driver.shows("Runtime")
        await driver.press("enter", "down")
        await driver.shows("measured rounds", config.name)
        await looks_like(driver, f"settings-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.usefixtures("config")
@pytest.mark.presses(SettingsScreen="i w", FormInput="escape")
async def test_a_value_is_checked_as_it_is_typed_and_saved() -> None:
    app = opened()
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "s")
        await driver.shows("rounds", "config.toml")
        await driver.press("enter", "down", "end", "backspace", "0")
        await driver.shows("number of at least 1")
        await driver.press("escape", "w")
        await driver.shows("not right yet")
        await driver.press("i", "down", "end", "backspace", *"12")
        await driver.shows("changed")
        await driver.press("escape", "w")
        await driver.shows("saved to config.toml")
        assert app.settings.plan.rounds == 12
    saved = tomllib.loads(written())
    assert saved == {"rounds": 12, "endpoints": {"lab": {"url": "http://lab:1"}}}
    assert "rounds = 5" in written("config.toml.bak")


@pytest.mark.usefixtures("config")
async def test_a_section_is_entered_at_its_first_value_with_what_that_is_for() -> None:
    async with running(opened()) as driver:
        await driver.press("g", "s")
        await driver.shows("rounds", "config.toml")
        for _ in range(3):
            await driver.press("down", "down", "down", "enter")
            await driver.shows("dark, light, high-contrast")
            await driver.press("escape", "up", "up", "up", "enter")
            await driver.shows("model to measure")
            await driver.press("escape")


@pytest.mark.usefixtures("config")
async def test_a_theme_in_a_home_folder_that_is_not_there_is_refused() -> None:
    async with running(opened(), (120, 40)) as driver:
        await driver.press("g", "s")
        await driver.shows("rounds", "config.toml")
        await driver.press("down", "down", "down", "enter", "home", "ctrl+k", *"~nouser.toml", "escape", "w")
        await driver.shows("not saved: theme '~nouser.toml': there is no such home folder")
    assert "theme" not in written()


async def test_comments_are_asked_about(config: Path) -> None:
    commented(config)
    app = opened()
    async with running(app) as driver:
        await driver.press("g", "s")
        await driver.shows("warmup")
        await driver.press("enter", "down", "end", "0", "escape", "w")
        await driver.shows("has comments", "config.toml.bak")
        await driver.press("n")
        assert "# mine" in written()
        await driver.press("w", "y")
        await driver.until(lambda: "50" in written())
    assert "# mine" in written("config.toml.bak")


@pytest.mark.usefixtures("config")
@pytest.mark.presses(SettingsScreen="u")
async def test_undo_and_an_emptied_value() -> None:
    app = opened()
    async with running(app) as driver:
        await driver.press("g", "s")
        await driver.shows("warmup")
        await driver.press("enter", "down", "end", "9", "escape", "u")
        await driver.shows("all as it was")
        await driver.press("w")
        await driver.shows("nothing was changed")
        await driver.press("enter", "down", "end", "backspace", "escape", "w")
        await driver.until(lambda: "rounds" not in written())
        assert app.settings.plan.rounds == 3


async def test_a_value_that_ends_with_a_line_break_is_unchanged_until_it_is_touched(config: Path) -> None:
    of_two_lines(config)
    async with running(opened(), (120, 40)) as driver:
        await driver.press("g", "s")
        await driver.shows("Be brief.")
        await driver.press("w")
        await driver.shows("nothing was changed")
        assert len(driver.app.screen.query(".-changed")) == 0


@pytest.mark.usefixtures("config")
async def test_what_is_stronger_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENCH_ROUNDS", "7")
    app = opened()
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "s")
        await driver.shows("BENCH_ROUNDS")
        await driver.press("enter", "down", "end", "1", "escape", "w")
        await driver.shows("rounds from the environment BENCH_ROUNDS still holds")


@pytest.mark.presses(SettingsScreen="j k")
async def test_sections(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "s")
        await driver.shows("Places")
        await driver.press("j", "j", "enter")
        await driver.shows("endpoint", "via")
        await driver.press("escape", "k", "f6")
        await driver.shows("concurrency")


@pytest.mark.usefixtures("config")
async def test_the_look_of_the_screen_is_a_setting_and_a_theme_is_put_on_when_saved() -> None:
    app = opened()
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "s")
        await driver.shows("Screen")
        await driver.press("j", "j", "j", "enter", *"lihgt", "escape", "w")
        await driver.shows("did you mean 'light'")
        await driver.press("enter", *["backspace"] * 5, *"light", "escape", "w")
        await driver.shows("saved to config.toml")
        assert app.theme == "light"
    assert tomllib.loads(written())["screen"] == {"theme": "light"}
    assert resolve({}, os.environ, models_needed=False).screen == {"theme": "light"}
