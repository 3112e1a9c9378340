"""The choice of a model for all hosts of a fleet, in words and as a document."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from foundry_bench.session.host_views import host_views
from foundry_bench.session.ranking_text import document
from foundry_bench.session.run_view import RunView
from foundry_bench.session.scoring import Ranking, rank
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.fleet_choice import FleetChoice, choose
from foundry_bench.values.format import one_line
from foundry_bench.values.preference import Preference
from foundry_bench.values.reasons import decision


def rank_hosts(view: RunView, preference: Preference, rules: Rules) -> dict[str, Ranking]:
    """Each host's ranking of the models, by itself."""
    return {host: rank(own, preference, rules) for host, own in host_views(view).items()}


def fleet_choice(rankings: Mapping[str, Ranking]) -> FleetChoice:
    """Which default holds on every host."""
    return choose({host: ranking.card for host, ranking in rankings.items()})


def fleet_decision(choice: FleetChoice) -> str:
    """The decision in a sentence, or why there is none."""
    if not choice.without:
        return _decision(choice, "every device")
    lacking = f"No default for every device: on {_list(choice.without)} no model can be chosen."
    return f"{lacking} {_decision(choice, 'all others')}" if choice.places else lacking


def fleet_lines(rankings: Mapping[str, Ranking]) -> Iterator[tuple[str, str]]:
    """What about, and what of it: the decision for all, that of each host, and who is out where."""
    yield "Every device", fleet_decision(fleet_choice(rankings))
    for host, ranking in rankings.items():
        yield one_line(host), decision(ranking.card) if ranking.card else "No decision: no model can be chosen."
        yield from (
            (one_line(host), f"out: {one_line(name)}: {one_line(reason)}") for name, reason in ranking.refused.items()
        )


def fleet_document(view: RunView, rankings: Mapping[str, Ranking], preference: Preference) -> dict[str, Any]:
    """The choice as plain JSON; ``hosts`` holds each host's own document."""
    choice, views = fleet_choice(rankings), host_views(view)
    return {
        "schema": "foundry-bench/rank/1",
        "run": view.record.id,
        "winner": choice.winner,
        "decision": fleet_decision(choice),
        "figures": dict(preference.figures),
        "places": choice.places,
        "hosts": {host: document(views[host], ranking, preference) for host, ranking in rankings.items()},
    }


def _decision(choice: FleetChoice, where: str) -> str:
    if choice.default:
        places = choice.places[choice.default]
        first = [host for host, place in places.items() if place.first]
        level = [host for host, place in places.items() if not place.first]
        parts = [f"first on {_list(first)}"] if first else []
        parts += [f"not told apart from the first on {_list(level)}"] if level else []
        return f"Choose {one_line(choice.default)} on {where}: it is {', '.join(parts)}."
    if choice.best_worst:
        model, host = choice.best_worst
        score = choice.places[model][host].score
        return (
            f"No default holds on {where}. {one_line(model)} loses least where it is worst: "
            f"a score of {score:.2f} on {one_line(host)}."
        )
    return f"No default for {where}: no model can be chosen on all of them."


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(one_line, names))
