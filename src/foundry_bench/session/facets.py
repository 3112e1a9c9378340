"""The facets of a prompt, from plain data."""

import re
from collections.abc import Mapping
from typing import Any

from foundry_bench.session.refusals import Check, instance, record, refusal
from foundry_bench.session.rules import choice, count, label, labels, text
from foundry_bench.values.errors import InputError
from foundry_bench.values.facets import Facet
from foundry_bench.values.language import LANGUAGES

# What came after draft 7 would be passed over without a word: a check that is believed to be made and isn't.
_TOO_NEW = ("prefixItems", "unevaluatedProperties", "unevaluatedItems", "dependentRequired", "dependentSchemas")
# What holds schemas by names of the user's own, and what holds no schema at all.
_BY_NAME = ("properties", "patternProperties", "definitions", "$defs", "dependencies")
_VALUES = ("const", "enum", "default", "examples")
_DRAFTS = ("draft-04", "draft-06", "draft-07")


def facets(value: object, name: str) -> tuple[str | Facet, ...]:
    """A list of facets, none of a name twice: each a name, or an object with the fields of a Facet.

    Raises:
        InputError: for the first that is neither, or can't be checked.
    """
    found: list[str | Facet] = []
    names: set[str] = set()
    for position, item in enumerate(instance(value, list, name, "a list of names or objects"), 1):
        place = f"{name}: item {position}"
        facet = _facet(item, place) if isinstance(item, dict) else label(item, place)
        known = facet.name if isinstance(facet, Facet) else facet
        if known in names:
            raise InputError(f"{name}: {known!r} is there twice; remove one")
        names.add(known)
        found.append(facet)
    return tuple(found)


def _facet(item: dict[str, Any], place: str) -> Facet:
    fields = record(item, _CHECKS, place, 'an object such as {"name": "short", "max_words": 40}')
    if "name" not in fields:
        raise InputError(f"{place} has no 'name'; give it one")
    for unit in ("words", "chars"):
        least, most = fields.get(f"min_{unit}"), fields.get(f"max_{unit}")
        if least is not None and most is not None and least > most:
            raise InputError(f"{place}: min_{unit} is above max_{unit}, so nothing can pass; change one")
    return Facet(**fields)


def _parts(value: object, name: str) -> tuple[str, ...]:
    found = labels(value, name)
    if not found:
        raise InputError(f"{name} is an empty list; name at least one text, or leave it out")
    return found


def _regex(value: object, name: str) -> str:
    pattern = text(value, name)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(f"{name} is no regular expression: {error}") from None
    return pattern


def _schema(value: object, name: str) -> dict[str, Any]:
    schema = instance(value, dict, name, 'a JSON Schema such as {"type": "object"}')
    draft = schema.get("$schema")
    if draft is not None and not (isinstance(draft, str) and any(known in draft for known in _DRAFTS)):
        raise refusal(f"{name}: $schema", "one of draft-04, draft-06 and draft-07", draft)
    _understood(schema, name)
    import fastjsonschema

    try:
        fastjsonschema.compile(schema)
    except Exception as error:  # noqa: BLE001 - a schema may be wrong in ways that the package meets as any error
        raise InputError(f"{name} is no JSON Schema: {' '.join(str(error).split())[:200]}") from None
    return schema


def _understood(schema: object, name: str) -> None:
    """Asks that no part of the schema lies elsewhere, where it would be fetched, or would be passed over."""
    if isinstance(schema, list):
        for item in schema:
            _understood(item, name)
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in _BY_NAME and isinstance(value, dict):
            _understood(list(value.values()), name)
        elif key == "$ref" and isinstance(value, str) and not value.startswith("#"):
            raise InputError(f"{name}: $ref {value[:40]!r} lies elsewhere; write it into 'definitions', as '#/...'")
        elif key in {"$id", "id"}:
            raise InputError(f"{name}: leave out {key!r}: nothing is fetched")
        elif key in _TOO_NEW:
            raise InputError(f"{name}: {key!r} is newer than draft 7, which is what is checked; write it otherwise")
        elif key not in _VALUES:
            _understood(value, name)


_CHECKS: Mapping[str, Check] = {
    "name": label,
    "ask": text,
    "contains": _parts,
    "regex": _regex,
    "json_schema": _schema,
    **dict.fromkeys(("min_words", "max_words", "min_chars", "max_chars"), count),
    "language": choice(*LANGUAGES),
}
