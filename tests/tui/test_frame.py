import re
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual.color import Color
from textual.geometry import Size

from driving import make_app, running, screen_text
from foundry_bench.tui.ascii_filter import to_ascii
from foundry_bench.tui.modes import LETTERS
from foundry_bench.tui.screens.frame import size_classes
from foundry_bench.tui.screens.opening import OpeningScreen
from foundry_bench.tui.widgets.filter_line import FilterLine
from foundry_bench.tui.widgets.form_row import FormInput
from recorded import record_run


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ((49, 20), {"-tiny", "-narrow", "-short"}),
        ((60, 14), {"-tiny", "-narrow", "-short"}),
        ((60, 20), {"-narrow", "-short"}),
        ((75, 24), {"-narrow"}),
        ((76, 22), set()),
        ((110, 33), set()),
        ((110, 34), {"-wide"}),
    ],
)
def test_the_rules_of_size(size: tuple[int, int], names: set[str]) -> None:
    assert {name for name, fits in size_classes(Size(*size)).items() if fits} == names


@pytest.mark.presses(GoToApp="g")
async def test_each_mode_has_its_letter(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("Models")
        for letter, mode in LETTERS.items():
            await driver.press("g", letter)
            await driver.mode_is(mode)
        await driver.press("g", "escape")
        assert app.current_mode == "settings"


async def test_keys_before_the_first_mode_is_there_are_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def type_ahead(screen: OpeningScreen) -> None:
        for key in "gh":
            screen.app.post_message(events.Key(key, key))

    monkeypatch.setattr(OpeningScreen, "on_mount", type_ahead, raising=False)
    async with running(make_app(tmp_path)) as driver:
        await driver.mode_is("history")


async def test_what_is_typed_ahead_goes_where_the_keys_before_it_lead(tmp_path: Path) -> None:
    def type_ahead(*keys: str) -> None:
        for key in keys:
            driver.app.post_message(events.Key(key, key if len(key) == 1 else None))

    async with running(make_app(tmp_path)) as driver:
        await driver.shows("Models")
        type_ahead("slash", *"phi", "enter", "g", "r", "tab")
        await driver.until(lambda: isinstance(driver.app.focused, FormInput))
        type_ahead(*"one", "down", *"two", "escape", "z")
        await driver.until(lambda: driver.app.focused is None or not isinstance(driver.app.focused, FormInput))
        first, second, *_ = driver.app.screen.query(FormInput)
        assert (first.value[-3:], second.value[-3:]) == ("one", "two")
        models = driver.app.get_screen_stack("models")[-1]
        assert models.query_one(FilterLine).value == "phi"


async def test_a_click_waits_for_what_was_typed_before_it(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        app = driver.app
        await driver.press("g", "r", "tab")
        await driver.until(lambda: isinstance(app.focused, FormInput))
        first, second, *_ = app.screen.query(FormInput)
        x, y = map(int, second.region.offset)
        for key in "one":
            app.post_message(events.Key(key, key))
        for mouse in (events.MouseDown, events.MouseUp):
            app.post_message(mouse(None, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False))
        for key in "two":
            app.post_message(events.Key(key, key))
        await driver.until(lambda: "two" in second.value)
        assert app.focused is second
        assert first.value[-3:] == "one"


async def test_a_letter_that_comes_in_one_packet_with_its_g_counts(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        for key in "gh":
            driver.app.post_message(events.Key(key, key))
        await driver.mode_is("history")


async def test_a_mode_has_the_size_and_the_theme_that_changed_while_another_was_shown(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (120, 40)) as driver:
        await driver.shows("phi-4-mini", "Context")
        await driver.press("g", "h")
        await driver.shows("Nothing is recorded in")
        await driver.resize(60, 20)
        await driver.press("t")
        await driver.shows("theme: high-contrast")
        await driver.press("g", "m")
        await driver.mode_is("models")
        await driver.shows("phi-4-mini", "F6")
        await driver.hides("Context")
        table = app.screen.query_one("ModelTable")
        assert table.styles.color == Color.parse(app.theme_variables["foreground"])
        assert app.screen.has_class("-narrow")


async def test_the_letters_of_the_modes_are_told_and_taken_away(tmp_path: Path) -> None:
    async with running(make_app(tmp_path), (60, 20)) as driver:
        await driver.shows("phi-4-mini", "space mark")
        await driver.press("g")
        await driver.shows("go to", "h history", "s settings")
        await driver.press("x")
        await driver.shows("space mark", "phi-4-mini")
        await driver.hides("s settings")


@pytest.mark.parametrize(("width", "height"), [(60, 20), (80, 24), (120, 40)])
async def test_every_screen_offers_the_ways_on_and_every_modes_name(tmp_path: Path, width: int, height: int) -> None:
    record_run(tmp_path / "runs")
    async with running(make_app(tmp_path, models=("phi-4-mini",)), (width, height)) as driver:
        for letter, mode in LETTERS.items():
            await driver.press("g", letter)
            await driver.mode_is(mode)
            await driver.shows("g go to q quit ? help")
            header = screen_text(driver.app).splitlines()[0]
            assert header.split() == [name.title() for name in LETTERS.values()]
            assert len(header) <= width


@pytest.mark.parametrize(("width", "height"), [(60, 20), (80, 24), (120, 40)])
async def test_without_a_run_every_screen_of_runs_tells_how_to_get_one(
    tmp_path: Path, width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with running(make_app(Path()), (width, height)) as driver:
        for letter in "tcaeh":
            await driver.press("g", letter)
            await driver.mode_is(LETTERS[letter])
            await driver.shows("Nothing is recorded in runs", "space)")


async def test_a_message_goes_with_the_next_key_and_soon_by_itself(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("phi-4-mini")
        driver.app.notify("nothing of weight", timeout=600)
        await driver.shows("nothing of weight")
        assert not [key for key in ("g go to", "q quit") if key in screen_text(driver.app)]
        await driver.press("j")
        await driver.shows("g go to q quit ? help")
        driver.app.notify("nothing of weight", timeout=600)
        await driver.shows("nothing of weight")
        await driver.hides("nothing of weight")


async def test_a_terminal_too_small_says_so_and_comes_back(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("phi-4-mini")
        await driver.resize(20, 5)
        await driver.shows("terminal too small", "20x5", "needed: 50x15")
        await driver.resize(80, 24)
        await driver.shows("phi-4-mini", "Details")


@pytest.mark.presses(FrameScreen="z")
async def test_a_pane_is_zoomed(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("phi-4-mini", "81.0 GB")
        await driver.press("z")
        await driver.hides("81.0 GB")
        await driver.press("z")
        await driver.shows("81.0 GB")


@pytest.mark.presses(FoundryBenchApp="question_mark colon t", HelpScreen="escape")
async def test_help_palette_and_themes(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (120, 40)) as driver:
        await driver.shows("phi-4-mini")
        await driver.press("question_mark")
        await driver.until(lambda: type(app.screen).__name__ == "HelpScreen")
        await driver.press("escape")
        await driver.press("colon", *"theme light")
        await driver.shows("Theme light")
        await driver.press("enter")
        await driver.until(lambda: app.theme == "light")
        await driver.press("t")
        await driver.shows("theme: ansi-16")


@pytest.mark.presses(FoundryBenchApp="P", FrameScreen="y")
async def test_copies_and_pictures_are_files_too(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("phi-4-mini")
        await driver.press("slash", *"qwen", "enter", "y")
        await driver.shows("copied")
        assert (tmp_path / "home" / "clipboard.txt").read_text("utf-8") == "qwen2.5-0.5b-instruct-generic-cpu:4"
        await driver.press("P")
        pictures = tmp_path / "home" / "screenshots"
        await driver.until(lambda: list(pictures.glob("*.svg")))
        (picture,) = (file.read_text("utf-8") for file in pictures.iterdir())
        assert "qwen2.5-0.5b" in picture
        assert re.findall(r"url\(([^#)]+)\)|(@import)|(href)", picture) == []


async def test_ascii_means_ascii(tmp_path: Path) -> None:
    app = make_app(tmp_path, display={"ascii": True})
    async with running(app, (120, 40)) as driver:
        await driver.shows("phi-4-mini")
        await driver.press("space", "g", "r")
        await driver.shows("Summary")
        await driver.press("g", "m")
        await driver.shows("1 marked")
        for mode in LETTERS:
            await driver.press("g", mode)
            await driver.mode_is(LETTERS[mode])
            assert screen_text(app).isascii()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("╭─╮│┃━╸╴▁▃█", "+-+||---_-#"),
        ("⠋⠀ ± … \N{EN DASH} é", "*  ~ . - e"),
        ("漢 😀 e\N{COMBINING ACUTE ACCENT} ½", "?? ?? e ?"),
    ],
)
def test_ascii_is_as_wide_as_what_it_stands_for(text: str, shown: str) -> None:
    assert to_ascii(text) == shown
    assert cell_len(to_ascii(text)) == cell_len(text)


async def test_keys_are_remapped(tmp_path: Path) -> None:
    app = make_app(tmp_path, display={"keys": {"models.mark": "m", "quit": "Q"}})
    async with running(app) as driver:
        await driver.shows("phi-4-mini", "m mark", "Q quit")
        await driver.press("m")
        await driver.shows("1 marked")
        await driver.press("Q")
        await driver.until(lambda: not app.is_running)
