"""The modes, and how each comes by its screen."""

import importlib
from collections.abc import Callable, Mapping
from functools import partial

from textual.screen import Screen

# The modes in the order of the header; each is the class <Name>Screen of the module of its name.
MODE_NAMES = ("models", "run", "results", "compare", "rate", "report", "history", "settings")


def open_mode(mode: str) -> Screen[None]:
    """A mode's screen; its module is imported when it is first wanted."""
    module = importlib.import_module(f"foundry_bench.tui.screens.{mode}")
    screen: Screen[None] = getattr(module, f"{mode.title()}Screen")()
    return screen


MODES: Mapping[str, Callable[[], Screen[None]]] = {name: partial(open_mode, name) for name in MODE_NAMES}
