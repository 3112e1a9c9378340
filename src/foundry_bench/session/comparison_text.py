"""A comparison as people read it on a terminal."""

from collections.abc import Iterator, Sequence
from typing import Any

from foundry_bench.session.comparing import Comparison, ModelComparison
from foundry_bench.session.tables import Column, Table, as_text
from foundry_bench.values.changes import Change, Reading
from foundry_bench.values.comparison import Difference
from foundry_bench.values.format import UNDEFINED, figure, megabytes, one_line, percent, seconds
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.sample_size import WANTED

_WIDEST = 48


def as_lines(comparison: Comparison) -> Iterator[str]:
    """What changed around the models first, then the models one by one."""
    yield f"BASE {one_line(comparison.base)}"
    yield f"NEW  {one_line(comparison.new)}"
    if comparison.base != comparison.new:
        yield from ("", _conditions(comparison.changes, "machine, versions and plan are the same"))
    for side, names in (("BASE", comparison.only_base), ("NEW", comparison.only_new)):
        if names and comparison.base != comparison.new:
            yield f"only in {side}: {', '.join(map(one_line, names))}"
    for model in comparison.models:
        yield from ("", *_model(model))
    yield from ("", *_notes(comparison))


def _conditions(changes: Sequence[Change], otherwise: str) -> str:
    if not changes:
        return otherwise
    columns = [Column(heading, figures=False) for heading in ("Changed", "BASE", "NEW")]
    return as_text(Table(columns, [(one_line(one.what), _value(one.base), _value(one.new)) for one in changes]))


def _model(model: ModelComparison) -> Iterator[str]:
    names = one_line(model.base) if model.base == model.new else f"{one_line(model.base)} -> {one_line(model.new)}"
    yield names
    if others := [one for one in model.changes if one.what not in {"name", "id"}]:
        yield from (_conditions(others, ""), "")
    headings = ("BASE", "NEW", "Change", "95 % interval")
    columns = (Column("Figure", figures=False), *map(Column, headings), Column("NEW is", figures=False), Column("Wins"))
    rows = [_difference(one) for one in model.differences] + [_reading(one) for one in model.readings]
    yield as_text(Table(columns, rows))
    if line := _answers(model):
        yield line
    if model.votes:
        yield f"votes: {one_line(model.new)} {model.votes.sentence}"
    yield from (one_line(caution) for caution in model.cautions)
    yield from _resolution(model.differences)


def _difference(one: Difference) -> tuple[str, ...]:
    unit = METRICS[one.metric].unit
    return (
        f"{METRICS[one.metric].label} {one.statistic}",
        figure(one.base, unit),
        figure(one.new, unit),
        percent(one.change, sign=True),
        _interval(one.ci95_change),
        one.verdict,
        percent(one.superiority),
    )


def _reading(one: Reading) -> tuple[str, ...]:
    unit = megabytes if one.name.endswith("_mb") else seconds if one.name.endswith("_s") else "{:.3g}".format
    interval = (one.ci95[0] / one.base, one.ci95[1] / one.base) if one.ci95 and one.base else None
    return (one.name, unit(one.base), unit(one.new), percent(one.change, sign=True), _interval(interval), "", "")


def _interval(ends: tuple[float, float] | None) -> str:
    return " to ".join(percent(end, sign=True) for end in ends) if ends else UNDEFINED


def _answers(model: ModelComparison) -> str:
    """Which prompts answer differently now."""
    if not model.answers:
        return ""
    found = {kind: [prompt for prompt, one in model.answers.items() if one == kind] for kind in ("changed", "varies")}
    if not any(found.values()):
        return f"answers: the same text for all {len(model.answers)} prompts"
    parts = []
    if found["changed"]:
        names = ", ".join(map(one_line, found["changed"]))
        parts.append(f"another text for {len(found['changed'])} of {len(model.answers)} prompts ({names})")
    if found["varies"]:
        parts.append(f"not deterministic for {', '.join(map(one_line, found['varies']))}")
    return f"answers: {'; '.join(parts)}"


def _resolution(differences: Sequence[Difference]) -> Iterator[str]:
    """What these rounds can show, where they leave something open."""
    unclear = [one for one in differences if one.verdict == "unclear" and one.statistic == "mean" and one.detectable]
    if unclear:
        worst = max(unclear, key=lambda one: one.detectable or 0)
        seen = f"a change of {percent(worst.detectable)} or more in {METRICS[worst.metric].label}"
        rounds = worst.rounds_for()
        more = f"about {rounds}" if rounds else "more than 2,000"
        yield f"{worst.rounds} rounds show {seen}; {more} rounds would show {percent(WANTED)}"


def _notes(comparison: Comparison) -> Iterator[str]:
    count = sum(len(model.differences) for model in comparison.models)
    yield "unclear: the interval holds 0, so the data can't tell; that is no proof of sameness."
    yield "Wins: how often the better of two answers to one prompt is NEW's; 50 % is no difference."
    if count > 1:
        yield f"{count} figures are compared at 95 % each: about one in 20 differs by chance alone."


def _value(value: Any) -> str:
    if value is None:
        return UNDEFINED
    text = one_line(str(value))
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
