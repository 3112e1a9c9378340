"""Reads a judge's answer, which has to be the JSON object that it was asked for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from foundry_bench.session.documents import parse_json
from foundry_bench.session.refusals import instance, shown
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.pairs import Said
from foundry_bench.values.ratings import SCORES

_LONGEST_REASON = 500
# Many models can't help putting JSON into a block of code.
_BLOCK = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetScore:
    """A score from 1 to 5 and the judge's reason."""

    score: int
    reason: str


def read_scores(text: str, facets: Sequence[str]) -> dict[str, FacetScore]:
    """The scores of all facets; what is said beyond them is passed over.

    Raises:
        InputError: it is no JSON object, or a facet has no whole score from 1 to 5.
    """
    document = _object(text)
    found = {}
    for name in facets:
        if name not in document:
            raise InputError(f"{shown(name)} is missing")
        said = instance(document[name], dict, shown(name), "an object with 'score' and 'reason'")
        score = said.get("score")
        if not isinstance(score, int) or isinstance(score, bool) or score not in SCORES:
            raise InputError(f"the score of {shown(name)} must be a whole number from 1 to 5, not {shown(score)}")
        found[name] = FacetScore(score=score, reason=_reason(said))
    return found


def read_choice(text: str) -> tuple[Said, str]:
    """Which of two answers is better, and why.

    Raises:
        InputError: it is no JSON object that says A, B or tie.
    """
    document = _object(text)
    better = document.get("better")
    if better == "A" or better == "B" or better == "tie":  # noqa: PLR1714 - mypy narrows a literal by == alone
        return better, _reason(document)
    raise InputError(f"'better' must be 'A', 'B' or 'tie', not {shown(better)}")


def _object(text: str) -> dict[str, Any]:
    content = text.strip()
    block = _BLOCK.fullmatch(content)
    return instance(parse_json(block[1] if block else content), dict, "the answer", "a JSON object")


def _reason(said: dict[str, Any]) -> str:
    reason = said.get("reason", "")
    return one_line(reason)[:_LONGEST_REASON] if isinstance(reason, str) else ""
