"""Differences between two sides: a table where there is room, two lines a metric where there is not."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from foundry_bench.tui.drawn.signs import Signs
from foundry_bench.values.comparison import Difference
from foundry_bench.values.format import UNDEFINED, figure, percent
from foundry_bench.values.metrics import METRICS


def as_table(differences: Sequence[Difference], sign: Signs, *, counts: bool) -> RenderableType:
    """A line a metric; ``counts`` adds how many answers stand behind it."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Metric", no_wrap=True)
    for heading in ("A", "B", "Change", "95 % interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("B is", no_wrap=True)
    if counts:
        table.add_column("Answers", no_wrap=True)
    for one in differences:
        table.add_row(
            _name(one),
            figure(one.base, METRICS[one.metric].unit),
            figure(one.new, METRICS[one.metric].unit),
            percent(one.change, sign=True),
            interval(one),
            verdict(one, sign),
            *([f"{one.n_base} and {one.n_new}"] if counts else []),
        )
    return table


def as_stack(differences: Sequence[Difference], sign: Signs) -> Text:
    """Two lines a metric, for narrow terminals."""
    text = Text()
    for one in differences:
        unit = METRICS[one.metric].unit
        text.append(f"{_name(one):<14}", "bold")
        text.append_text(verdict(one, sign))
        text.append(f" {percent(one.change, sign=True)}\n")
        text.append(f"  A {figure(one.base, unit)}  B {figure(one.new, unit)}")
        text.append(f"  95 %: {interval(one)}\n")
    return text


def verdict(difference: Difference, sign: Signs) -> Text:
    """The word, and an arrow for where the figure went; unclear is no proof of sameness."""
    word = difference.verdict
    if word == "unclear":
        return Text(f"{sign.unclear} unclear")
    arrow = sign.down if difference.difference < 0 else sign.up
    return Text(f"{arrow} {word}", "bold" if word == "better" else "bold italic")


def interval(difference: Difference) -> str:
    """The interval of the change."""
    if difference.ci95_change is None:
        return UNDEFINED
    low, high = (percent(end, sign=True).removesuffix(" %") for end in difference.ci95_change)
    return f"{low} to {high} %"


def _name(difference: Difference) -> str:
    return f"{METRICS[difference.metric].label} {difference.statistic}"
