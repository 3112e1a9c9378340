"""A fleet's run seen from each of its hosts, and its load seen as one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from foundry_bench.session.run_view import RunView
from foundry_bench.values.quality import quality_of

T = TypeVar("T")


def is_fleet(view: RunView) -> bool:
    """Whether each host measured the models for itself; hosts that shared one load are none to choose a model for."""
    return bool(view.record.hosts) and not view.record.plan.spread


def row_view(view: RunView) -> RunView:
    """The run with what may be compared: of a shared load the merged figures alone."""
    return replace(view, record=replace(view.record, models=view.record.rows))


def host_views(view: RunView) -> dict[str, RunView]:
    """The run as each host alone would have recorded it: its rows, by the plan's names of the models."""
    return {host.name: _of_host(view, host.name) for host in view.record.hosts}


def _of_host(view: RunView, host: str) -> RunView:
    rows = [row for row in view.record.models if row.host == host]
    plain = {row.name: row.name.removesuffix(f"@{host}") for row in rows}
    models = tuple(replace(row, name=plain[row.name]) for row in rows)
    hand, judge, check = (
        tuple(replace(one, model=plain[one.model]) for one in some if one.model in plain)
        for some in (view.ratings.hand, view.ratings.judge, view.ratings.check)
    )
    votes, preferences = (
        tuple(
            replace(one, left=plain[one.left], right=plain[one.right])
            for one in some
            if one.left in plain and one.right in plain
        )
        for some in (view.ratings.votes, view.preferences)
    )
    ratings = replace(view.ratings, hand=hand, judge=judge, check=check, votes=votes)
    return replace(
        view,
        record=replace(view.record, models=models, hosts=()),
        traces=_kept(view.traces, plain),
        measured=_kept(view.measured, plain),
        outputs=_kept(view.outputs, plain),
        answers=tuple(replace(one, model=plain[one.model]) for one in view.answers if one.model in plain),
        ratings=ratings,
        preferences=preferences,
        quality=quality_of(ratings, [model.name for model in models if model.counts.answered]),
    )


def _kept(values: Mapping[str, T], plain: Mapping[str, str]) -> dict[str, T]:
    return {plain[name]: value for name, value in values.items() if name in plain}
