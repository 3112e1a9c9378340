"""The themes: TOML files, each checked before it is used."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from foundry_bench.session.documents import parse_toml, read_text
from foundry_bench.session.refusals import Check, instance, known, place, refusal
from foundry_bench.session.rules import flag, folder
from foundry_bench.session.shipped import shipped_folder
from foundry_bench.values.errors import InputError

COLORS = (
    "background",
    "surface",
    "panel",
    "foreground",
    "primary",
    "secondary",
    "accent",
    "success",
    "warning",
    "error",
)
_FLAGS: Mapping[str, Check] = {"dark": flag, "ansi": flag}
# Textual's own style sheets ask for these under a theme of the terminal's colors, and for no others.
_ANSI_VARIABLES = {"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"}


def theme_files(own: Path | None = None) -> dict[str, Path]:
    """Every theme's file by its name; the user's own go before the shipped ones of the same name."""
    folders = [shipped_folder("themes"), *([own] if own and own.is_dir() else [])]
    return {file.stem: file for folder in folders for file in sorted(folder.glob("*.toml"))}


def find_theme(name: str, own: Path | None = None) -> Path:
    """The file of the theme called ``name``, which may be the path of a file too.

    Raises:
        InputError: there is none, or it is no path.
    """
    if name.endswith(".toml"):
        return Path(folder(name, "theme"))
    files = theme_files(own)
    known([name], files, "theme", f"there are {', '.join(files)}")
    return files[name]


def read_theme(path: Path) -> Theme:
    """The theme of a file; its name is the file's.

    Raises:
        InputError: with the file and the key that can't be used.
    """
    with place(path):
        document = parse_toml(read_text(path))
        known(document, (*_FLAGS, "colors", "variables"))
        flags = {key: check(document[key], key) for key, check in _FLAGS.items() if key in document}
        colors = _colors(document.get("colors"), "colors")
        known(colors, COLORS, "color")
        missing = [name for name in COLORS if name not in colors]
        if missing:
            raise InputError(f"colors.{missing[0]} is missing; give it a color such as '#82aaff'")
        variables = _colors(document.get("variables", {}), "variables")
    # Textual has it at 38 %, too faint to read.
    faint = {} if flags.get("ansi") else {"text-disabled": "auto 66%"}
    variables = {"scrollbar": colors["secondary"], "scrollbar-background": colors["panel"], **faint, **variables}
    if flags.get("ansi"):
        variables = {**_ANSI_VARIABLES, **variables}
    options: dict[str, Any] = {**flags, **colors}
    return Theme(name=path.stem, variables=variables, **options)


def read_themes(files: Iterable[Path]) -> tuple[list[Theme], list[str]]:
    """The themes that can be used, and what is wrong with the others."""
    themes, problems = [], []
    for file in files:
        try:
            themes.append(read_theme(file))
        except InputError as error:
            problems.append(str(error))
    return themes, problems


def _colors(table: object, name: str) -> dict[str, str]:
    colors = instance(table, dict, name, "a table of colors")
    return {key: _color(value, f"{name}.{key}") for key, value in colors.items()}


def _color(value: object, name: str) -> str:
    expects = "a color such as '#82aaff' or 'ansi_blue'"
    color = instance(value, str, name, expects)
    try:
        Color.parse(color)
    except ColorParseError:
        raise refusal(name, expects, value) from None
    return color
