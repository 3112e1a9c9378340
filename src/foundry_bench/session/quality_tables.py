"""A run's quality as tables and as plain data: mean scores, scores by facet, preference in pairs, agreement."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.agreement import Agreement, agreements
from foundry_bench.values.facets import OVERALL
from foundry_bench.values.format import UNDEFINED, one_line, percent, score
from foundry_bench.values.quality import SOURCES
from foundry_bench.values.ratings import Ratings, means
from foundry_bench.values.votes import Vote, win_rates

_MODEL = Column("Model", figures=False)


def quality(ratings: Ratings) -> Table:
    """The mean score of each model that was rated, by hand, by judge or by check: 1 is bad, 5 the best."""
    sources = {"By hand": ratings.hand, "By judge": ratings.judge, "By check": ratings.check}
    kinds = {kind: means(some) for kind, some in sources.items() if some or kind != "By check"}
    columns = [Column(f"{kind} {what}") for kind in kinds for what in ("mean", "n")]
    rows = []
    for model in dict.fromkeys(name for scores in kinds.values() for name in scores):
        found = [scores.get(model) for scores in kinds.values()]
        cells = [part for one in found for part in ((score(one[0]), str(one[1])) if one else (UNDEFINED, "0"))]
        rows.append((one_line(model), *cells))
    return Table((_MODEL, *columns), rows)


def facets(ratings: Ratings) -> Table:
    """The mean score of each model by facet and source, of the facets that prompts name."""
    scores: dict[tuple[str, str, str], list[float]] = {}
    for source in SOURCES:
        for one in getattr(ratings, source):
            if one.facet != OVERALL and one.score is not None:
                scores.setdefault((one.model, one.facet, source), []).append(one.score)
    rows = [(*map(one_line, key), score(sum(some) / len(some)), str(len(some))) for key, some in sorted(scores.items())]
    words = (Column(name, figures=False) for name in ("Facet", "By"))
    return Table((_MODEL, *words, Column("mean"), Column("n")), rows)


def preference(votes: Sequence[Vote]) -> Table:
    """How often one model's answers are preferred to another's, a row a pair of models."""
    rows = [
        (
            *map(one_line, (one.model, one.against or "all others")),
            str(one.wins),
            f"{one.alike + one.both_bad}{f' ({one.both_bad} both bad)' if one.both_bad else ''}",
            *map(str, (one.losses, one.undecided, one.prompts)),
            percent(one.share),
            " to ".join(map(percent, one.ci95)) if one.ci95 else UNDEFINED,
            one.verdict,
        )
        for one in win_rates(votes)
    ]
    counts = ("Won", "Tied", "Lost", "Undecided", "Prompts", "Win rate", "95 % interval")
    words = (_MODEL, Column("Against", figures=False))
    return Table((*words, *map(Column, counts), Column("It is", figures=False)), rows)


def preference_json(votes: Sequence[Vote]) -> list[dict[str, Any]]:
    """The same as plain data, in full precision."""
    return [{**msgspec.to_builtins(one), "verdict": one.verdict} for one in win_rates(votes)]


def agreement(ratings: Ratings) -> Table:
    """How far each two raters agree, judges among them."""
    rows = [
        (
            one_line(one.facet),
            one_line(one.first),
            one_line(one.second),
            str(one.n),
            UNDEFINED if one.kappa is None else f"{one.kappa:.2f}",
            UNDEFINED if one.ci95 is None else f"{one.ci95[0]:.2f} to {one.ci95[1]:.2f}",
            percent(one.same),
        )
        for one in agreement_of(ratings)
    ]
    words = (Column(name, figures=False) for name in ("Facet", "Rater", "Rater"))
    return Table((*words, Column("n"), Column("kappa"), Column("95 % interval"), Column("Same score")), rows)


def agreement_of(ratings: Ratings) -> tuple[Agreement, ...]:
    """The agreement of people and judges, who may bear one name."""
    return agreements((*ratings.hand, *(replace(one, by=f"{one.by} (judge)") for one in ratings.judge)))


def quality_text(ratings: Ratings) -> str:
    """All these tables that have rows, for a terminal."""
    tables = (quality(ratings), facets(ratings), preference(ratings.votes), agreement(ratings))
    return "\n\n".join(as_text(table) for table in tables if table.rows)


def quality_document(ratings: Ratings) -> dict[str, Any]:
    """The scores, the votes and the agreement as plain data."""
    scores = {
        kind: {model: {"mean": mean, "n": n} for model, (mean, n) in means(getattr(ratings, kind)).items()}
        for kind in SOURCES
    }
    return {"scores": scores, "votes": preference_json(ratings.votes), "agreement": agreement_of(ratings)}
