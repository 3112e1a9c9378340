"""A list of prompts, from plain data."""

from collections.abc import Mapping
from typing import Any

from foundry_bench.session.facets import facets
from foundry_bench.session.refusals import Check, instance, record
from foundry_bench.session.rules import count, label, text
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Prompt

_CHECKS: Mapping[str, Check] = {"id": label, "prompt": text, "system": text, "facets": facets, "max_tokens": count}


def prompts(value: object, name: str) -> tuple[Prompt, ...]:
    """At least one prompt; each a text, then named p1, p2, ... by its place, or an object with the fields of a Prompt.

    Raises:
        InputError: for the first prompt that is none, or an id given twice.
    """
    items = instance(value, list, name, "a list of prompts")
    if not items:
        raise InputError(f"{name} is an empty list; write at least one prompt")
    places: dict[str, int] = {}
    found = []
    for position, item in enumerate(items, 1):
        prompt = _prompt(item, position)
        if prompt.id in places:
            raise InputError(f"prompts {places[prompt.id]} and {position} have the same id '{prompt.id}'; change one")
        places[prompt.id] = position
        found.append(prompt)
    return tuple(found)


def _prompt(item: object, position: int) -> Prompt:
    name = f"prompt {position}"
    fields: dict[str, Any] = {"id": f"p{position}"}
    if isinstance(item, str):
        fields["prompt"] = text(item, name)
    else:
        fields |= record(item, _CHECKS, name, 'text, or an object such as {"id": "sky", "prompt": "Why is it blue?"}')
    if "prompt" not in fields:
        raise InputError(f"{name} has no 'prompt'; give it some text")
    if not fields["prompt"].strip():
        raise InputError(f"{name} is empty; give it some text or remove it")
    return Prompt(**fields)
