"""The user's ``config.toml``, changed setting by setting; all else in it stays, but for its comments."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.documents import parse_toml, read_text
from foundry_bench.session.refusals import place


def save_config(path: Path, changes: Mapping[str, object]) -> Path | None:
    """Write changed settings, by their names in ``FIELDS``; None takes a setting out of the file.

    Returns:
        Where the file as it was is kept; None where there was none.

    Raises:
        InputError: the file as it is can't be read.
        OSError: it can't be written; the old one is as it was.
    """
    document: dict[str, Any] = {}
    backup = None
    if path.exists():
        with place(path):
            document = parse_toml(read_text(path))
        backup = path.with_name(f"{path.name}.bak")
        write_atomically(backup, path.read_bytes())
        shutil.copymode(path, backup)
    for name, value in changes.items():
        table, _, key = name.rpartition(".")
        home = document.setdefault(table, {}) if table else document
        if value is None:
            home.pop(key, None)
        else:
            home[key] = list(value) if isinstance(value, tuple) else value
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, tomli_w.dumps(document).encode())
    return backup


def has_comments(path: Path) -> bool:
    """Whether the file holds comments, which writing it would lose; False where there is no readable file."""
    try:
        text = path.read_text("utf-8-sig")
        document = tomllib.loads(text)
    except (OSError, ValueError):
        return False
    return any(_is_comment(text, place, document) for place, sign in enumerate(text) if sign == "#")


def _is_comment(text: str, place: int, document: Mapping[str, Any]) -> bool:
    """Whether the file says the same without the rest of the line that begins at ``place``."""
    end = text.find("\n", place)
    try:
        return tomllib.loads(text[:place] + (text[end:] if end >= 0 else "")) == document
    except ValueError:
        return False
