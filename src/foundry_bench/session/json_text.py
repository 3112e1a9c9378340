"""Documents as JSON for standard output."""

import json
import re

import msgspec


def json_text(document: object) -> str:
    """Indented JSON of a document of plain values and dataclasses; other values by their ``str``."""
    return in_ascii(msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2).decode())


def in_ascii(text: str) -> str:
    """The same JSON with the escapes of its standard: any console can show it, and no terminal obeys what it holds."""
    return re.sub(r"[^\x00-\x7e]", lambda found: json.dumps(found[0])[1:-1], text)
