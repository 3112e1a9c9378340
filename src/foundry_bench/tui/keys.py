"""Keys of the user's choice for actions: checked before they are used."""

import importlib
import inspect
import pkgutil
from collections.abc import Collection, Iterator, Mapping

from textual.binding import Binding
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

from foundry_bench.session.refusals import known, place, refusal
from foundry_bench.tui import screens, widgets
from foundry_bench.values.errors import InputError

_SPECIAL = {key.value for key in Keys} | set(KEY_NAME_REPLACEMENTS.values()) | {"space"}
# What no terminal sends, or sends as another key.
_NEVER = {f"ctrl+{key}" for key in ("i", "m", "h", "enter", "left_square_bracket", *"0123456789")}
_NEVER |= {f"ctrl+shift+{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"}


def read_keys(keys: Mapping[str, str], actions: Collection[str]) -> dict[str, str]:
    """A keymap for Textual from ``[keys]`` of a config file: ``{action id: "key"}`` or ``{action id: "key,key"}``.

    Raises:
        InputError: for the first action that there isn't, or key that a terminal can't send.
    """
    with place("[keys]"):
        known(keys, sorted(actions), "action")
        return {action: ",".join(_key(key.strip(), action) for key in text.split(",")) for action, text in keys.items()}


def action_ids() -> set[str]:
    """The ids of all actions; imports all screens and widgets."""
    return {binding.id for owner in key_owners() for binding in bindings_of(owner) if binding.id}


def key_owners() -> Iterator[type]:
    """The application, then each screen and widget with keys of its own, module by module."""
    from foundry_bench.tui.app import FoundryBenchApp
    from foundry_bench.tui.go_to import GoToApp

    yield from (GoToApp, FoundryBenchApp)
    for package in (screens, widgets):
        for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
            module = importlib.import_module(f"{package.__name__}.{found.name}")
            for owner in vars(module).values():
                if inspect.isclass(owner) and owner.__module__ == module.__name__ and "BINDINGS" in vars(owner):
                    yield owner


def bindings_of(owner: type) -> list[Binding]:
    """A class's own bindings, without those that it inherits."""
    return [binding for binding in vars(owner)["BINDINGS"] if isinstance(binding, Binding)]


def _key(key: str, action: str) -> str:
    *modifiers, last = key.split("+") if key != "+" else ["+"]
    allowed = len(last) == 1 and last.isprintable() and last != " "
    if not (allowed or key in _SPECIAL or (last in _SPECIAL and modifiers)):
        raise refusal(action, "a key such as 'd', 'f5' or 'ctrl+d'", key)
    if modifiers and not {"ctrl", "shift", "alt"}.issuperset(modifiers):
        raise refusal(action, "a key with 'ctrl', 'shift' or 'alt' before it", key)
    if key in _NEVER:
        raise InputError(f"{action} can't be {key!r}: terminals send another key for it; choose a plain letter")
    return key
