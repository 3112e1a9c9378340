"""What the command palette offers: the actions of the screen in hand, the modes, the themes."""

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.screen import Screen

from foundry_bench.tui.modes import LETTERS

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
    for name in app.wardrobe.names()[0]:
        yield SystemCommand(f"Theme {name}", "colors of the whole screen", partial(setattr, app, "theme", name))
