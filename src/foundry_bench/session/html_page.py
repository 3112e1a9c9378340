"""A report as one HTML page: nothing in it runs, and nothing is loaded from anywhere."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files

from foundry_bench.session import svg
from foundry_bench.session.charts import Chart, run_charts, trend_charts
from foundry_bench.session.run_view import RunView
from foundry_bench.session.sections import Item, Section, definitions, run_sections, title_of, trend_sections
from foundry_bench.session.sweep_charts import sweep_charts
from foundry_bench.session.tables import Cell, Column, Levels, Table
from foundry_bench.session.trends import trends
from foundry_bench.values.calibration import Calibration
from foundry_bench.values.format import one_line, printable, seconds
from foundry_bench.values.ratings import Answer

# Enough to judge by; samples.jsonl has them all, and whole.
_MOST_PROMPTS = 20
_LONGEST_ANSWER = 1_500


def as_html(views: Sequence[RunView]) -> str:
    """One page with what the runs say together, a section a run, and the definitions of its figures at the end.

    The page forbids itself everything but its own style sheet, which it names by its hash.
    """
    style = files("foundry_bench.session").joinpath("report.css").read_text("utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(_title(views))}</title>",
            f"<style>{style}</style>",
            "</head>",
            "<body>",
            *_body(views),
            "</body>",
            "</html>",
            "",
        ]
    )


def _title(views: Sequence[RunView]) -> str:
    return f"Benchmark report: {views[0].record.id}" if len(views) == 1 else f"Benchmark report of {len(views)} runs"


def _body(views: Sequence[RunView]) -> Iterator[str]:
    yield "<header><h1>Benchmark report</h1>"
    if len(views) > 1:
        links = (
            f'<li><a href="#run-{number}">{_text(title_of(view))}</a></li>' for number, view in enumerate(views, 1)
        )
        yield f"<nav><ul>{''.join(links)}</ul></nav>"
    yield "</header><main>"
    together = trend_sections(views)
    if together:
        yield '<article id="trends">'
        for section in together:
            yield from _section(section, "h2")
            if section.key == "trends":
                yield from _charts(trend_charts(trends(views)))
        yield "</article>"
    for number, view in enumerate(views, 1):
        yield f'<article id="run-{number}"><h2>{_text(title_of(view))}</h2>'
        for section in run_sections(view):
            yield from _section(section, "h3", _errors(view.record.calibration))
            if section.key == "results":
                yield from _charts(run_charts(view))
            if section.key == "sweep":
                yield from _charts(sweep_charts(view.record))
            if section.key == "prompts":
                yield from _answers(view)
        yield "</article>"
    yield "<article>"
    yield from _section(definitions(), "h2")
    yield "</article></main>"


def _errors(calibration: Calibration | None) -> Mapping[str | None, str]:
    """This machine's own error of each metric that was calibrated."""
    if calibration is None:
        return {}
    return {"ttft_s": f"± {seconds(calibration.ttft_p99_s)}", "itl_s": f"± {seconds(calibration.itl_p99_s)}"}


def _section(section: Section, level: str, errors: Mapping[str | None, str] | None = None) -> Iterator[str]:
    yield f'<section class="{section.key}"><{level}>{_text(section.title)}</{level}>'
    if isinstance(section.content, Table):
        yield from _table(section.content, section.title, errors or {})
    else:
        yield from _list(section.content)
    yield "</section>"


def _list(items: Iterable[Item]) -> Iterator[str]:
    yield "<dl>"
    yield from (f"<div><dt>{_text(item.about)}</dt><dd>{_text(item.text)}</dd></div>" for item in items)
    yield "</dl>"


def _table(table: Table, title: str, errors: Mapping[str | None, str]) -> Iterator[str]:
    """A table in a frame of its own, which scrolls where the page is narrower, also by keys."""
    yield f'<div class="scroll" role="region" tabindex="0" aria-label="{_text(title)}"><table>'
    yield "<thead><tr>"
    for column in table.columns:
        error = errors.get(column.metric) if column.metric else None
        note = f'<small title="timing error of this machine">{_text(error)}</small>' if error else ""
        yield f'<th scope="col"{_side(column)}>{_text(column.heading)}{note}</th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        first, *rest = zip(row, table.columns, strict=True)
        cells = "".join(f"<td{_side(column)}>{_cell(cell)}</td>" for cell, column in rest)
        yield f'<tr><th scope="row"{_side(first[1])}>{_cell(first[0])}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _side(column: Column) -> str:
    return ' class="n"' if column.figures else ""


def _cell(cell: Cell) -> str:
    if isinstance(cell, Levels):
        known = [value for value in cell.values if value is not None]
        if not known:
            return _text(str(cell))
        words = f"mean latency by round: first {seconds(known[0])}, last {seconds(known[-1])}"
        return svg.sparkline(cell.values, f"{words}, from {seconds(min(known))} to {seconds(max(known))}")
    return _text(cell)


def _charts(charts: Sequence[Chart]) -> Iterator[str]:
    if charts:
        yield '<div class="charts">'
        for chart in charts:
            yield f"<figure><figcaption><h4>{_text(chart.title)}</h4><p>{_text(chart.reading)}</p></figcaption>"
            if chart.legend:
                keys = (f"<li>{svg.key(series)}{_text(name)}</li>" for name, series in chart.legend.items())
                yield f'<ul class="legend">{"".join(keys)}</ul>'
            yield f"{chart.drawing}</figure>"
        yield "</div>"


def _answers(view: RunView) -> Iterator[str]:
    """The first answers to each prompt, folded: figures say nothing of what was said."""
    prompts: dict[str, list[Answer]] = {}
    for answer in view.answers:
        prompts.setdefault(answer.prompt_id, []).append(answer)
    for prompt_id, some in list(prompts.items())[:_MOST_PROMPTS]:
        yield f"<details><summary>First answers to {_text(prompt_id)}</summary><dl>"
        for answer in some:
            rest = len(answer.text) - _LONGEST_ANSWER
            words = escape(printable(answer.text[:_LONGEST_ANSWER]))
            more = f" … ({rest:,} more characters)" if rest > 0 else ""
            yield f'<div><dt>{_text(answer.model)}</dt><dd class="answer">{words}{more}</dd></div>'
        yield "</dl></details>"


def _text(words: str) -> str:
    """Text of others as words that can't act: one line, nothing that turns directions, no sign of HTML."""
    return escape(one_line(words), quote=True)
