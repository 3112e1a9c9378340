"""What the command palette offers: the actions of the screen in hand, the modes, the themes."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from foundry_bench.tui.modes import LETTERS
from foundry_bench.tui.themes import read_themes, theme_files

if TYPE_CHECKING:
    from foundry_bench.tui.app import FoundryBenchApp


def commands(app: "FoundryBenchApp", screen: Screen[object]) -> Iterator[SystemCommand]:
    """One command for each of them; an action that can't be done now is not offered."""
    told = set[str]()
    for key, active in screen.active_bindings.items():
        binding = active.binding
        if active.enabled and binding.description and binding.id and binding.id not in told:
            told.add(binding.id)
            shown = binding.key_display or app.get_key_display(binding) if len(key) > 1 else key
            run = partial(app.run_action, binding.action, active.node)
            yield SystemCommand(binding.description.capitalize(), binding.tooltip or f"key {shown}", run)
    for letter, mode in LETTERS.items():
        yield SystemCommand(f"Go to {mode.title()}", f"keys g {letter}", partial(app.open_mode, mode))
    themes, _ = read_themes(theme_files(app.options.theme_folder).values())
    for theme in themes:
        app.register_theme(theme)
        yield SystemCommand(
            f"Theme {theme.name}", "colors of the whole screen", partial(setattr, app, "theme", theme.name)
        )


def choose_next_theme(app: "FoundryBenchApp") -> None:
    """The theme after the one in use, by name; a theme's file that can't be used is told of."""
    themes, problems = read_themes(theme_files(app.options.theme_folder).values())
    names = sorted(theme.name for theme in themes)
    for theme in themes:
        app.register_theme(theme)
    app.theme = names[(names.index(app.theme) + 1) % len(names)] if app.theme in names else names[0]
    if problems:
        app.notify(problems[0], severity="error")
    else:
        app.notify(f"theme: {app.theme}")
