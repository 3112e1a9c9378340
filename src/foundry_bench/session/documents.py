"""From a file of TOML or JSON to plain data; what can't be read is refused with its place."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foundry_bench.session.refusals import shown
from foundry_bench.values.errors import InputError
from foundry_bench.worker.bounded import read_bounded


def read_text(path: Path) -> str:
    """A file's text, with or without a byte order mark.

    Raises:
        InputError: if it can't be read or is not UTF-8.
    """
    try:
        content = read_bounded(path)
    except FileNotFoundError:
        raise InputError("there is no such file; mend the path") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        folder = os.path.isdir(path)  # noqa: PTH112 - False for any odd name, where is_dir() raises again
        reason = "it is a folder" if folder else getattr(error, "strerror", None) or "not a path"
        raise InputError(f"can't be read: {reason}") from None
    if b"\0" in content[:4] or content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise InputError("looks like UTF-16; save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"is not UTF-8 text, see line {line}; save it as UTF-8") from None


def parse_json(text: str) -> Any:
    """The value a JSON text stands for; NaN, Infinity and repeated keys are refused.

    Raises:
        InputError: if it is not JSON.
    """
    if not text.strip():
        raise InputError("not valid JSON: it is empty; write its content")
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except InputError:
        raise
    except json.JSONDecodeError as error:
        raise InputError(f"line {error.lineno} column {error.colno}: not valid JSON: {error.msg}") from None
    except (ValueError, RecursionError):
        raise InputError("not valid JSON: a number is too long, or the nesting too deep") from None


def parse_toml(text: str) -> dict[str, Any]:
    """The table a TOML text stands for.

    Raises:
        InputError: if it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, _, where = str(error).removesuffix(")").rpartition(" (at ")
        hint = "; write a Windows path in 'single quotes'" if "'\\'" in reason or "hex" in reason else ""
        raise InputError(f"{where.replace(',', '')}: not valid TOML: {reason}{hint}") from None
    except (ValueError, RecursionError):
        raise InputError("not valid TOML: a number or date is out of range, or the nesting too deep") from None


def line_of(text: str, key: str) -> int | None:
    """The line on which a valid TOML text sets ``key`` or ``table.key``; None where no line is its own."""
    table, _, name = key.rpartition(".")
    pattern = re.compile(rf"\s*({re.escape(key)}|{re.escape(name)})\s*=")
    lines = text.split("\n")
    for index, line in enumerate(lines):
        found = pattern.match(line)
        if not found:
            continue
        # The text up to here, with the key set to 0, is valid and holds that 0 where the key belongs,
        # unless the line is part of a longer string or of another table.
        try:
            document = tomllib.loads("\n".join([*lines[:index], f"{found[1]} = 0"]))
        except ValueError:
            continue
        if (document.get(table, {}) if table else document).get(name) == 0:
            return index + 1
    return None


def line_setting(text: str, key: str) -> int | None:
    """The line of a TOML or JSON text that begins with a key, or a table's ``[name``; None where several do."""
    form = rf"\s*{re.escape(key)}[\].]" if key.startswith("[") else rf'\s*{{?\s*"?{re.escape(key)}"?\s*[=:]'
    found = [number for number, line in enumerate(text.split("\n"), 1) if re.match(form, line)]
    return found[0] if len(found) == 1 else None


@contextmanager
def at_line(text: str, key: str) -> Iterator[None]:
    """Puts the line that sets a key before every refusal from within, where it is known."""
    try:
        yield
    except InputError as error:
        line = line_setting(text, key)
        raise InputError(f"line {line}: {error}" if line else str(error)) from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise InputError(f"key {shown(key)} is there twice; remove one")
        found[key] = value
    return found


def _constant(name: str) -> None:
    raise InputError(f"{name} is no JSON number; remove it")
