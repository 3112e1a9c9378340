"""How bad input is refused: in one line that says where, what was expected, and the mend."""

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from foundry_bench.values.errors import InputError

Check = Callable[[object, str], object]
"""Takes a value and what it is called, and returns it; raises an InputError if it breaks the rule."""

Kind = TypeVar("Kind")
MOST = 1_000_000_000  # a number beyond this is a slip of the finger, and overflows somewhere later


@contextmanager
def place(name: object) -> Iterator[None]:
    """Puts the place before every refusal from within."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def refusal(name: str, expects: str, value: object) -> InputError:
    """The error for a value that is not what its name asks for."""
    return InputError(f"{name} must be {expects}, not {shown(value)}")


def instance(value: object, kind: type[Kind] | tuple[type[Kind], ...], name: str, expects: str) -> Kind:
    """The value, if it is of the kind.

    Raises:
        InputError: if it is not.
    """
    if not isinstance(value, kind):
        raise refusal(name, expects, value)
    return value


def known(keys: Iterable[str], allowed: Collection[str], kind: str = "key", otherwise: str = "") -> None:
    """Asks that all keys are allowed.

    Raises:
        InputError: for the first that is not; it names the nearest allowed one, or says ``otherwise``, or lists all.
    """
    for key in keys:
        if key not in allowed:
            import difflib

            # The dashes of options would make all of them alike.
            bare = {name.lstrip("-"): name for name in allowed}
            # Nor is it far from a key to the same one in its table.
            inside = [name for name in allowed if name.endswith(f".{key}")]
            near = inside or difflib.get_close_matches(key.lstrip("-"), bare, n=1)
            mend = f"did you mean '{bare[near[0]]}'?" if near else otherwise or f"known are {', '.join(allowed)}"
            raise InputError(f"{kind} {shown(key)} is not known; {mend}")


def record(value: object, checks: Mapping[str, Check], name: str, expects: str) -> dict[str, Any]:
    """An object, each of its keys checked.

    Raises:
        InputError: if it is none, or for the first key that is unknown or breaks its rule.
    """
    given = instance(value, dict, name, expects)
    with place(name):
        known(given, checks)
        return {key: checks[key](content, key) for key, content in given.items()}


def named_records(
    value: object, table: str, kind: str, checks: Mapping[str, Check], expects: str
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The entries of a table whose keys are names of the user's own: name, key and fields of each.

    Args:
        value: the table.
        table: its key.
        kind: what an entry is, with its article.
        checks: what its fields must be.
        expects: what an entry must be, with an example.

    Raises:
        InputError: for the first name that could be mistaken, or entry that is no such record.
    """
    for name, given in instance(value, dict, table, "a table").items():
        if not re.fullmatch(r"[\w.-]+", name):
            raise refusal(f"{kind}'s name", "made of letters, digits, '.', '_' and '-'", name)
        key = f"{table}.{name}"
        yield name, key, record(given, checks, key, expects)


def shown(value: object) -> str:
    """A value in the words of a file, fit for one line."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:37]}...")
    if isinstance(value, (int, float)):
        return "a number that large" if MOST < abs(value) < math.inf else str(value).lower()
    return {list: "a list", dict: "an object", type(None): "null"}.get(type(value), "a date")
