"""The modes, and how each comes by its screen."""

import importlib
from collections.abc import Callable, Mapping
from functools import partial

from textual.screen import Screen

# The modes in the order of the header, by the letter that goes there after ``g``; each is the class <Name>Screen of the
# module of its name.
LETTERS: Mapping[str, str] = {
    "m": "models",
    "r": "run",
    "t": "results",
    "c": "compare",
    "a": "rate",
    "e": "report",
    "h": "history",
    "s": "settings",
}
MODE_NAMES = tuple(LETTERS.values())


def open_mode(mode: str) -> Screen[None]:
    """A mode's screen; its module is imported when it is first wanted."""
    module = importlib.import_module(f"foundry_bench.tui.screens.{mode}")
    screen: Screen[None] = getattr(module, f"{mode.title()}Screen")()
    return screen


MODES: Mapping[str, Callable[[], Screen[None]]] = {name: partial(open_mode, name) for name in MODE_NAMES}
