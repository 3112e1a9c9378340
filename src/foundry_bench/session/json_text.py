"""Documents as JSON: for standard output, and for files under version control."""

import json
import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec


def json_text(document: object) -> str:
    """Indented JSON of a document of plain values and dataclasses; other values by their ``str``."""
    return in_ascii(msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode())


def models_text(kind: str, models: Sequence[object]) -> str:
    """What became of each model that a command was to act on, as one document."""
    return json_text({"schema": f"foundry-bench/{kind}/1", "models": models})


def json_bytes(document: object, *, sort: bool = False) -> bytes:
    """The same as a file holds it, with a line break at its end; ``sort`` puts the keys of mappings in order."""
    order: Literal["deterministic"] | None = "deterministic" if sort else None
    return msgspec.json.format(msgspec.json.encode(document, order=order), indent=2) + b"\n"


def without_noise(document: Any) -> Any:
    """The same document of plain values, its numbers with 12 significant digits: what follows is the noise of summing.

    A nanosecond in a quarter of an hour is as much. The workshop's figures keep all digits: they are its script's own.
    """
    match document:
        case float():
            return float(f"{document:.12g}")
        case dict():
            return {key: value if key == "workshop" else without_noise(value) for key, value in document.items()}
        case list() | tuple():
            return [without_noise(value) for value in document]
    return document


def in_ascii(text: str) -> str:
    """The same JSON with the escapes of its standard: any console can show it, and no terminal obeys what it holds."""
    return re.sub(r"[^\x00-\x7e]", lambda found: json.dumps(found[0])[1:-1], text)
