import re
from itertools import product
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color

from driving import make_app, running
from foundry_bench.tui.start import fitting_theme
from foundry_bench.tui.themes import COLORS, find_theme, read_theme, read_themes, theme_files
from foundry_bench.tui.widgets.key_bar import KeyBar
from foundry_bench.values.errors import InputError

GROUNDS = ("background", "surface", "panel")
TEXTS = [name for name in COLORS if name not in GROUNDS]
# The sixteen colors as xterm has them; a terminal's own may differ.
XTERM = {
    "ansi_default": "#ffffff", "ansi_black": "#000000", "ansi_white": "#e5e5e5", "ansi_bright_white": "#ffffff",
    "ansi_bright_black": "#7f7f7f", "ansi_bright_red": "#ff6060", "ansi_bright_green": "#00ff00",
    "ansi_bright_yellow": "#ffff00", "ansi_bright_cyan": "#00ffff",
}  # fmt: skip


def luminance(color: Color) -> float:
    parts = [part / 255 for part in color.rgb]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str, *, ground: bool = False) -> float:
    first = Color.parse("#000000" if ground and other == "ansi_default" else XTERM.get(other, other))
    high, low = sorted((luminance(Color.parse(XTERM.get(one, one))), luminance(first)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_formula() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("name", sorted(theme_files()))
def test_every_text_can_be_read_on_every_ground(name: str) -> None:
    theme = read_theme(find_theme(name))
    for text, paper in product(TEXTS, GROUNDS):
        assert contrast(getattr(theme, text), getattr(theme, paper), ground=True) >= 4.5, (text, paper)
    for cursor in ("block-cursor", "block-cursor-blurred"):
        ink, paper = theme.variables[f"{cursor}-foreground"], theme.variables[f"{cursor}-background"]
        assert contrast(ink, paper) >= 4.5, cursor
    if not theme.ansi:
        for ground in GROUNDS:
            below = Color.parse(getattr(theme, ground))
            dimmed = below.blend(Color.parse(theme.foreground or ""), 0.66)
            assert contrast(dimmed.hex, below.hex) >= 4.5, f"dim on {ground}"


@pytest.mark.parametrize("name", sorted(name for name in theme_files() if not name.startswith("ansi")))
async def test_what_is_drawn_can_be_read(tmp_path: Path, name: str) -> None:
    async with running(make_app(tmp_path, display={"theme": name})) as driver:
        await driver.shows("by name")
        await driver.press("f6")
        await driver.until(lambda: not driver.app.screen.query_one("ModelTable").has_focus)
        assert faintest(driver.app) >= 4.5
        await driver.press("g", "r")
        await driver.shows("the embedded runtime", "no end")
        assert faintest(driver.app) >= 4.5


def faintest(app: App[None]) -> float:
    """The contrast of the words on the screen that are the hardest to read."""
    strips = app.screen._compositor.render_strips(app.size)
    drawn = [(segment.text, segment.style) for strip in strips for segment in strip]
    colors = {
        (style.color.name, style.bgcolor.name)
        for text, style in drawn
        if re.search(r"\w", text) and style and style.color and style.bgcolor
    }
    assert len(colors) >= 3
    return min(contrast(ink, paper) for ink, paper in colors)


def test_there_are_four() -> None:
    assert set(theme_files()) >= {"dark", "light", "high-contrast", "ansi-16"}


GOOD = "[colors]\n" + "\n".join(f'{name} = "#123456"' for name in COLORS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace('accent = "#123456"', 'accent = "#12345z"'), "colors.accent must be a color"),
        (GOOD.replace('accent = "#123456"', "accent = 3"), "colors.accent must be a color"),
        (GOOD.replace('accent = "#123456"', ""), "colors.accent is missing"),
        (GOOD.replace("accent", "acent"), "did you mean 'accent'?"),
        (f'{GOOD}\n[variables]\nborder = "nope"', "variables.border must be a color"),
        ('dark = "yes"\n', "dark must be true or false"),
        ("colours = 1\n", "did you mean 'colors'?"),
        ("[colors", "not valid TOML"),
    ],
)
def test_a_bad_theme_is_refused_with_its_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_theme(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)
    assert read_themes([file]) == ([], [str(refused.value)])


def test_ones_own_theme_goes_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "dark.toml").write_text(GOOD)
    assert find_theme("dark", tmp_path) == tmp_path / "dark.toml"
    assert find_theme(str(tmp_path / "dark.toml")) == tmp_path / "dark.toml"
    with pytest.raises(InputError, match="theme 'lihgt' is not known; did you mean 'light'"):
        find_theme("lihgt", tmp_path)


def test_a_theme_in_a_home_folder_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"theme '~nouser\.toml': there is no such home folder"):
        find_theme("~nouser.toml")


async def test_the_theme_in_use_is_worn_as_its_file_is_now(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    shipped = theme_files()["dark"].read_text("utf-8")
    file.write_text(shipped, "utf-8")
    async with running(make_app(tmp_path, display={"theme": str(file)})) as driver:
        before = driver.app.theme_variables["foreground"]
        file.write_text(re.sub(r'(foreground = )"[^"]+"', r'\1"#abcdef"', shipped), "utf-8")
        await driver.until(lambda: driver.app.theme_variables["foreground"] != before)
        await driver.until(lambda: driver.app.screen.query_one(KeyBar).styles.color.hex == "#ABCDEF")
        file.write_text(shipped.replace("foreground", "foregruond"), "utf-8")
        await driver.shows("foregruond")
        assert driver.app.theme_variables["foreground"].upper() == "#ABCDEF"


@pytest.mark.parametrize(
    ("environ", "theme"),
    [
        ({"TERM": "xterm-256color"}, "dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "dark"),
        ({"TERM": "xterm"}, "ansi-16"),
        ({"TERM": "screen"}, "ansi-16"),
    ],
)
def test_few_colors_get_a_theme_made_of_them(environ: dict[str, str], theme: str) -> None:
    assert fitting_theme(environ) == theme
