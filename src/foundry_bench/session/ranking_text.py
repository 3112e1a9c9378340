"""A ranking as people read it on a terminal, and as an application reads it."""

from collections.abc import Iterator
from typing import Any

from foundry_bench.session.quality_tables import preference_json
from foundry_bench.session.run_view import RunView
from foundry_bench.session.scoring import Ranking, rank
from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.format import UNDEFINED, one_line, percent
from foundry_bench.values.names import short_names
from foundry_bench.values.preference import Preference
from foundry_bench.values.reasons import decision, if_let_in, sentences, shown
from foundry_bench.values.scorecard import Ranked, Scorecard
from foundry_bench.values.stats import RESAMPLES
from foundry_bench.values.votes import win_rates


def as_lines(view: RunView, ranking: Ranking, preference: Preference) -> Iterator[str]:
    """The decision, the table, the reasons, and who is out."""
    card = ranking.card
    if card is None:
        yield "No decision: no model can be chosen."
    else:
        yield from (decision(card), "", as_text(_table(card, preference)), "")
        yield from sentences(card, preference.figures, ranking.quality, ranking.short)
    for one in win_rates(view.ratings.votes):
        yield f"Votes, in no score: {one_line(one.model)} {one.sentence}."
    for name, reason in ranking.refused.items():
        yield f"Out: {one_line(name)}: {one_line(reason)}."
    yield from if_let_in(ranking.accepting, ranking.refused, preference.figures)
    if card and len(card.ranking) > 1:
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in card.weights.items())
        yield ""
        yield f"Weights: {weights}. Score: product of (ratio to the best) ** weight; * is on the Pareto front."
        # A rule may have ended them long before the plan's most.
        rounds = {number for one in card.ranking if one.name in view.traces for number in view.traces[one.name].rounds}
        yield f"First: the share of {RESAMPLES:,} resamples of {len(rounds)} rounds in which it leads."


def routes(view: RunView, preference: Preference, rules: Rules) -> dict[str, Any]:
    """The document of ``routing.json``: by capability, and by default, the model to use, and the next best in order.

    ``decided`` says whether the data carry the choice.
    """
    capabilities = dict.fromkeys(one for model in view.record.models for one in model.capabilities)
    wanted = {name: (*rules.capabilities, name) for name in capabilities}
    found = {
        name: _route(
            view,
            rank(view, preference, Rules(licenses=rules.licenses, capabilities=some, degenerate=rules.degenerate)),
        )
        for name, some in {"": tuple(rules.capabilities), **wanted}.items()
    }
    return {
        "schema": "foundry-bench/routing/1",
        "run": view.record.id,
        "measured": view.record.created.isoformat(),
        "weights": dict(preference.weights),
        "figures": dict(preference.figures),
        "default": found.pop(""),
        "capabilities": found,
    }


def document(view: RunView, ranking: Ranking, preference: Preference) -> dict[str, Any]:
    """The ranking as plain JSON, sentences included."""
    card = ranking.card
    reasons = list(sentences(card, preference.figures, ranking.quality, ranking.short)) if card else []
    reasons += if_let_in(ranking.accepting, ranking.refused, preference.figures)
    return {
        "schema": "foundry-bench/rank/1",
        "run": view.record.id,
        "winner": card.ranking[0].name if card and card.decided else None,
        "decision": decision(card) if card else "No decision: no model can be chosen.",
        "reasons": reasons,
        "weights_file": preference.source,
        "figures": dict(preference.figures),
        "scorecard": card,
        "refused": dict(ranking.refused),
        "unrated": ranking.unrated,
        "quality_source": ranking.quality.source if ranking.quality else None,
        "votes": preference_json(view.ratings.votes),
    }


def _table(card: Scorecard, preference: Preference) -> Table:
    names = short_names(one.name for one in card.ranking)
    headings = ("Score", "95 % interval", "First", *(name.capitalize() for name in card.weights))
    return Table(
        (Column("Model", figures=False), *map(Column, headings)),
        [_row(one, names[one.name], card, preference) for one in card.ranking],
    )


def _row(one: Ranked, name: str, card: Scorecard, preference: Preference) -> tuple[str, ...]:
    return (
        f"{name}{' *' if one.pareto else ''}",
        f"{one.score:.2f}",
        f"{one.ci95[0]:.2f} to {one.ci95[1]:.2f}" if one.ci95 else UNDEFINED,
        percent(one.wins),
        *(shown(preference.figures[name], one.figures[name]) for name in card.weights),
    )


def _route(view: RunView, ranking: Ranking) -> dict[str, Any]:
    ids = {model.name: model.id for model in view.record.models}
    order = ranking.card.ranking if ranking.card else ()
    chain = [
        {"model": one.name, "id": ids[one.name], "score": one.score, "wins": one.wins, "figures": dict(one.figures)}
        for one in order
    ]
    return {
        "decided": bool(ranking.card and ranking.card.decided),
        "chosen": chain[0] if chain else None,
        "fallbacks": chain[1:],
        "refused": dict(ranking.refused),
    }
