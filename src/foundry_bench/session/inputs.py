"""The files a benchmark is written in: plan and config, models, prompts. Each is read into settings by name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from foundry_bench.session.adapters import read_adapters
from foundry_bench.session.documents import line_of, line_setting, parse_json, parse_toml, read_text
from foundry_bench.session.fields import FIELDS
from foundry_bench.session.prompts import prompts
from foundry_bench.session.refusals import Check, instance, known, named_records, place, record, refusal
from foundry_bench.session.rules import label, labels, models, number, url, variable
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Prompt

_ENDPOINT: Mapping[str, Check] = {"url": url, "key_env": variable}
_MODEL: Mapping[str, Check] = {
    "capabilities": labels,
    "size_mb": number("a number of MB above 0", lambda size: size > 0),
}


_LISTS = ("models", "prompts")
_TABLES = ("foundry", "sweep", "screen", "endpoints", "adapters", "keys")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A service with a name; ``key_env`` names the environment variable that holds its key."""

    url: str
    key_env: str | None = None


def read_prompts(path: Path) -> tuple[Prompt, ...]:
    """The prompts of a ``prompts.json``: a list of texts, of objects, or of both.

    Raises:
        InputError: with the file and the line or prompt that can't be used.
    """
    with place(path):
        return prompts(parse_json(read_text(path)), "the file")


def read_models(path: Path) -> dict[str, Any]:
    """Settings from a ``models.json``: ``models``, and where it has them ``prompts`` and ``capabilities``.

    Raises:
        InputError: with the file and the line or key that can't be used.
    """
    with place(path):
        match parse_json(read_text(path)):
            case list(names):
                return {"models": models(names, "the file")}
            case {"models": _} | {"prompts": _} as document:
                known(document, _LISTS)
                return {key: FIELDS[key].rule.check(value, key) for key, value in document.items()}
            case dict(none) if not none:
                raise InputError("names no model; write a list of names")
            case dict(described):
                lists = [key for key, value in described.items() if isinstance(value, list)]
                known([key for key in lists if get_close_matches(key, _LISTS)], _LISTS)
                aliases = models(list(described), "the file")
                details = zip(aliases, described.values(), strict=True)
                return {
                    "models": aliases,
                    "capabilities": {name: _capabilities(value, name) for name, value in details},
                }
            case other:
                raise refusal("the file", 'a list of names, such as ["phi-4-mini"], or an object of models', other)


def read_settings(path: Path) -> dict[str, Any]:
    """Settings from a plan or a user's config, both TOML; its ``endpoints`` and ``adapters`` by their names.

    A config may also say how the screen looks (``screen``) and which keys it has (``keys``, by the action's id).

    ``prompts`` may be the path of a ``prompts.json``, relative to the file.

    Raises:
        InputError: with the file and the line or key that can't be used.
    """
    with place(path):
        text = read_text(path)
        document = parse_toml(text)
        for table in ("foundry", "sweep", "screen"):
            inside = instance(document.pop(table, {}), dict, table, "a table")
            document |= {f"{table}.{key}": value for key, value in inside.items()}
        return {key: _setting(key, value, path.parent, text) for key, value in document.items()}


def _setting(key: str, value: object, folder: Path, text: str) -> object:
    try:
        if isinstance(value, dict):
            known([key], _TABLES, "table")
        known([key], (*FIELDS, *_TABLES))
        if key == "endpoints":
            return _endpoints(value)
        if key == "adapters":
            return read_adapters(value, folder)
        if key == "keys":
            table = instance(value, dict, key, 'a table such as {quit = "q"}')
            return {action: label(text, f"{key}.{action}") for action, text in table.items()}
        if key == "prompts" and isinstance(value, str):
            return read_prompts(folder / value)
        return FIELDS[key].rule.check(value, key)
    except InputError as error:
        unknown = re.search(r"key '(.+)' is not known", str(error))
        line = line_of(text, key) or line_setting(text, unknown[1] if unknown else f"[{key}")
        raise InputError(f"line {line}: {error}" if line else str(error)) from None


def _endpoints(value: object) -> dict[str, Endpoint]:
    found = {}
    example = 'a table such as {url = "http://lab:5273"}'
    for name, key, fields in named_records(value, "endpoints", "an endpoint", _ENDPOINT, example):
        if "url" not in fields:
            raise InputError(f"{key} has no url; give it one")
        found[name] = Endpoint(**fields)
    return found


def _capabilities(value: object, name: str) -> tuple[str, ...]:
    fields = record(value, _MODEL, f"model '{name}'", 'an object such as {"capabilities": ["chat"]}')
    return tuple(fields.get("capabilities", ()))
