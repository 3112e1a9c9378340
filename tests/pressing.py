"""Which tests press which keys: claimed by ``pytest.mark.presses(RateScreen="1 u", ...)``, and watched as they run."""

import importlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.app import App

from foundry_bench.tui.keys import bindings_of, key_owners

# The class whose binding it is, the key, the action.
Press = tuple[str, str, str]


def all_presses() -> set[Press]:
    """Every key of every action of the application, its screens and its widgets."""
    return {
        (owner.__name__, key, binding.action)
        for owner in key_owners()
        for binding in bindings_of(owner)
        for key in binding.key.split(",")
    }


def claimed(marks: Iterable[pytest.Mark]) -> set[tuple[str, str]]:
    """The classes and keys that a test says it presses."""
    return {
        (owner, key)
        for mark in marks
        if mark.name == "presses"
        for owner, keys in mark.kwargs.items()
        for key in keys.split()
    }


def claimed_by_all(folder: Path) -> set[tuple[str, str]]:
    """What all tests in a folder claim."""
    return claimed(mark for path in sorted(folder.glob("test_*.py")) for mark in _marks(path.stem))


def _marks(module: str) -> Iterator[pytest.Mark]:
    for function in vars(importlib.import_module(module)).values():
        yield from getattr(function, "pytestmark", ()) if callable(function) else ()


def watch(monkeypatch: pytest.MonkeyPatch) -> set[Press]:
    """Fills as keys lead to their actions; what the palette or a click does is not in it."""
    seen: set[Press] = set()
    known = all_presses()
    check, run = App._check_bindings, App.run_action
    in_hand: list[str] = []

    async def check_bindings(app: App[Any], key: str, priority: bool = False) -> bool:
        in_hand.append(key)
        try:
            return await check(app, key, priority)
        finally:
            in_hand.pop()

    async def run_action(app: App[Any], action: Any, owner: Any = None, *more: Any) -> bool:
        done = await run(app, action, owner, *more)
        presses = {(kind.__name__, in_hand[-1], action) for kind in type(owner).__mro__} if in_hand and done else set()
        seen.update(presses & known)
        return done

    monkeypatch.setattr(App, "_check_bindings", check_bindings)
    monkeypatch.setattr(App, "run_action", run_action)
    return seen
