"""What someone chooses a model by: the weight of each criterion, and the figure behind it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from foundry_bench.values.scorecard import CRITERIA


def default_weights() -> dict[str, float]:
    """The weight of each criterion where nothing else is said."""
    return {name: criterion.weight for name, criterion in CRITERIA.items()}


def default_figures() -> dict[str, str]:
    """The figure behind each criterion where nothing else is said."""
    return {name: criterion.figure for name, criterion in CRITERIA.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What someone chooses by; ``source`` is the file that says so, None for the defaults."""

    weights: Mapping[str, float] = field(default_factory=default_weights)
    figures: Mapping[str, str] = field(default_factory=default_figures)
    source: str | None = None
