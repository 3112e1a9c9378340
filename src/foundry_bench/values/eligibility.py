"""Which models may be chosen: measured, under an allowed licence, able to do what is asked, of sound output."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from foundry_bench.values.degenerate import OutputCheck
from foundry_bench.values.result import ModelResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a model must be like.

    Attributes:
        licenses: SPDX ids that are allowed, in any case; empty: all are.
        capabilities: what it must be able to do, in any case.
        degenerate: whether models of degenerate output may win all the same.
    """

    licenses: Collection[str] = ()
    capabilities: Collection[str] = ()
    degenerate: bool = False


def refusals(models: Collection[ModelResult], outputs: Mapping[str, OutputCheck], rules: Rules) -> dict[str, str]:
    """Why models can't be chosen, by name; a model that isn't there can.

    A model all of whose answers were cut at max_tokens is refused where another one ends by itself: it does not
    come to an end in the room that is enough for others.
    """
    found: dict[str, str] = {}
    others_end = any(not check.truncated for check in outputs.values())
    for model in models:
        check = outputs.get(model.name)
        if reason := _outright(model, rules):
            found[model.name] = reason
        elif check and not rules.degenerate:
            if reason := check.reason():
                found[model.name] = reason
            elif check.truncated and others_end:
                found[model.name] = "every answer was cut at max_tokens, where another model ends by itself; raise it"
    return found


def _outright(model: ModelResult, rules: Rules) -> str | None:
    if not model.counts.answered:
        return f"not measured: {model.error.message if model.error else 'no request was answered'}"
    if rules.licenses and not _is_allowed(model.license, {one.casefold() for one in rules.licenses}):
        return f"licence {model.license or 'unknown'} is not allowed"
    known = {one.casefold() for one in model.capabilities}
    if lacking := [one for one in rules.capabilities if one.casefold() not in known]:
        return f"no capability {', '.join(lacking)}"
    return None


def _is_allowed(expression: str | None, allowed: Collection[str]) -> bool:
    """Of an SPDX expression without parentheses: of OR one side must be allowed, of AND both."""
    choices = (expression or "").casefold().split(" or ")
    return any(all(part.strip() in allowed for part in choice.split(" and ")) for choice in choices)
