"""Which model may be the default on every host."""

from collections.abc import Mapping
from dataclasses import dataclass

from foundry_bench.values.scorecard import DECISIVE, Scorecard


@dataclass(frozen=True, slots=True, kw_only=True)
class HostPlace:
    """A model's place on one host: its score, in how many resamples it leads, whether it may be the best one there."""

    score: float
    wins: float
    first: bool
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetChoice:
    """The choice over the hosts on which any model can be chosen.

    Attributes:
        default: the model that holds on each of them; of several the one with the best worst score. None without one.
        best_worst: of the models that can be chosen on each of them the one with the best worst score, and on which
            host that is; None without one.
        places: by model, then by host; a model that can't be chosen on a host isn't there.
        without: the other hosts.
    """

    default: str | None
    best_worst: tuple[str, str] | None
    places: Mapping[str, Mapping[str, HostPlace]]
    without: tuple[str, ...] = ()

    @property
    def winner(self) -> str | None:
        """The default on every host there is."""
        return None if self.without else self.default


def choose(cards: Mapping[str, Scorecard | None]) -> FleetChoice:
    """The choice from each host's scorecard.

    A model holds on a host where it is the first, or where the data don't tell it from the first: it leads in at least
    1 - ``DECISIVE`` of the resamples, and the first one is not decided. Scores are shares of the best on the same host,
    so that a slow host weighs as much as a fast one.
    """
    places: dict[str, dict[str, HostPlace]] = {}
    known = {host: card for host, card in cards.items() if card}
    for host, card in known.items():
        for number, one in enumerate(card.ranking):
            first = number == 0
            undecided = not card.decided and one.wins >= 1 - DECISIVE
            place = HostPlace(score=one.score, wins=one.wins, first=first, holds=first or undecided)
            places.setdefault(one.name, {})[host] = place
    everywhere = {model: where for model, where in places.items() if len(where) == len(known)}
    holding = [model for model, where in everywhere.items() if all(place.holds for place in where.values())]

    def least(model: str) -> float:
        return min(place.score for place in everywhere[model].values())

    best = max(everywhere, key=least, default=None)
    worst_at = min(everywhere[best], key=lambda host: everywhere[best][host].score) if best else None
    return FleetChoice(
        default=max(holding, key=least, default=None),
        best_worst=(best, worst_at) if best and worst_at else None,
        places=places,
        without=tuple(host for host, card in cards.items() if card is None),
    )
