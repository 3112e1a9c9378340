"""Facets: what an answer is rated by, and which of them a program can check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

# The answer as a whole, which people and judges rate beside any facet of its prompt.
OVERALL = "overall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One thing that an answer to a prompt is rated by; with any check it is scored by program, else by people.

    Attributes:
        name: what it is called; unique within its prompt.
        ask: what raters and judges are asked, where the name doesn't say it.
        contains: texts that should be in the answer, in upper or lower case.
        regex: pattern of Python's ``re`` that should be found in the answer.
        json_schema: JSON Schema (draft 4 to 7) of the answer, which has to be JSON and nothing else.
        min_words: fewest words; a word is what stands between spaces. ``max_words``: most of them.
        min_chars: fewest characters, for scripts without spaces. ``max_chars``: most of them.
        language: code of the language that the answer should be in.
    """

    name: str
    ask: str = ""
    contains: tuple[str, ...] = ()
    regex: str | None = None
    json_schema: Mapping[str, Any] | None = None
    min_words: int | None = None
    max_words: int | None = None
    min_chars: int | None = None
    max_chars: int | None = None
    language: str | None = None

    @property
    def checked(self) -> bool:
        """Whether a program scores it."""
        checks = (self.contains or None, self.regex, self.json_schema, self.language)
        bounds = (self.min_words, self.max_words, self.min_chars, self.max_chars)
        return any(one is not None for one in (*checks, *bounds))


def described(facets: Iterable[str | Facet]) -> tuple[Facet, ...]:
    """Facets as objects, those that are names alone as well."""
    return tuple(one if isinstance(one, Facet) else Facet(name=one) for one in facets)


def checked(facets: Iterable[str | Facet]) -> tuple[Facet, ...]:
    """Those that a program scores."""
    return tuple(one for one in described(facets) if one.checked)


def asked(facets: Iterable[str | Facet]) -> tuple[Facet, ...]:
    """Those that people and judges score: the answer as a whole first, then each that no program checks."""
    by_name = {one.name: one for one in described(facets) if not one.checked}
    return tuple({OVERALL: Facet(name=OVERALL), **by_name}.values())
