"""Checks of an answer that its text alone decides at once: wanted parts, length, language."""

from collections.abc import Iterator
from dataclasses import dataclass

from foundry_bench.values.facets import Facet
from foundry_bench.values.language import guess


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found: the share of what was asked that is met, from 0 to 1; None where it can't tell; and why."""

    share: float | None
    why: str


def quick_findings(text: str, facet: Facet) -> Iterator[Finding]:
    """The findings of the facet's checks but for ``regex`` and ``json_schema``."""
    if facet.contains:
        yield _contains(text, facet.contains)
    words, characters = len(text.split()), len(text.strip())
    yield from _size(words, "words", facet.min_words, facet.max_words)
    yield from _size(characters, "characters", facet.min_chars, facet.max_chars)
    if facet.language:
        yield _language(text, facet.language)


def score(findings: list[Finding]) -> float | None:
    """1 + 4 x the mean share: 1 where nothing is met, 5 where all is; None where no check can tell."""
    shares = [one.share for one in findings if one.share is not None]
    return 1 + 4 * sum(shares) / len(shares) if shares else None


def _contains(text: str, wanted: tuple[str, ...]) -> Finding:
    """The share of the wanted parts that are in the text, whatever their case."""
    folded = text.casefold()
    missing = [part for part in wanted if part.casefold() not in folded]
    why = f"lacks {', '.join(missing)}" if missing else "contains all"
    return Finding(share=1 - len(missing) / len(wanted), why=why)


def _size(found: int, unit: str, least: int | None, most: int | None) -> Iterator[Finding]:
    if least is None and most is None:
        return
    if least is not None and found < least:
        yield Finding(share=0, why=f"{found} {unit}, fewer than {least}")
    elif most is not None and found > most:
        yield Finding(share=0, why=f"{found} {unit}, more than {most}")
    else:
        yield Finding(share=1, why=f"{found} {unit}")


def _language(text: str, wanted: str) -> Finding:
    found = guess(text)
    if found is None:
        return Finding(share=None, why="too little text to tell the language")
    return Finding(share=float(found.language == wanted), why=f"language {found.language}, {found.sureness:.0%} sure")
