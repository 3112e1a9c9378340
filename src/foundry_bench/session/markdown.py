"""A report in Markdown."""

import re
from collections.abc import Iterable, Iterator, Sequence

from foundry_bench.session.run_view import RunView
from foundry_bench.session.sections import Item, Section, definitions, run_sections, title_of, trend_sections
from foundry_bench.session.tables import Table
from foundry_bench.values.format import one_line

# What Markdown or HTML would take for a sign of its own; underscores only where a word begins or ends at them.
_SIGNS = re.compile(r"[\\`*\[\]<>|~&#]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def as_markdown(views: Sequence[RunView]) -> str:
    """One document with what the runs say together, a section a run, and the definitions of its figures at the end."""
    lines = ["# Benchmark report", ""]
    for section in trend_sections(views):
        lines += _section(section, "##")
    for view in views:
        lines += (f"## {_escape(title_of(view))}", "")
        for section in run_sections(view):
            lines += _section(section, "###")
    lines += _section(definitions(), "##")
    return "\n".join(lines).rstrip("\n") + "\n"


def _section(section: Section, level: str) -> Iterator[str]:
    content = section.content
    yield from (f"{level} {_escape(section.title)}", "")
    yield from _table(content) if isinstance(content, Table) else _list(content)
    yield ""


def _list(items: Iterable[Item]) -> Iterator[str]:
    return (f"- **{_escape(item.about)}**: {_escape(item.text)}" for item in items)


def _table(table: Table) -> Iterator[str]:
    yield _row([_escape(column.heading) for column in table.columns])
    yield _row(["---:" if column.figures else "---" for column in table.columns])
    yield from (_row([_escape(str(cell)) for cell in row]) for row in table.rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(text: str) -> str:
    """Text of others as plain words: one line, and no sign that Markdown or HTML would act on."""
    return _SIGNS.sub(r"\\\g<0>", one_line(text))
