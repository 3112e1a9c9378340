"""Reports of recorded runs, one function per format."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from foundry_bench.session import run_tables
from foundry_bench.session.comma_separated import as_csv, samples_as_csv
from foundry_bench.session.energy_table import energy_words
from foundry_bench.session.fleet_ranking import fleet_document, rank_hosts
from foundry_bench.session.formats import FORMATS
from foundry_bench.session.highlights import highlights
from foundry_bench.session.host_views import is_fleet, row_view
from foundry_bench.session.html_page import as_html
from foundry_bench.session.json_text import json_bytes
from foundry_bench.session.markdown import as_markdown
from foundry_bench.session.quality_tables import agreement_of, preference_json
from foundry_bench.session.ranking_text import document
from foundry_bench.session.run_view import RunView
from foundry_bench.session.scoring import rank
from foundry_bench.session.tables import as_text
from foundry_bench.session.trends import trends, trends_json
from foundry_bench.values.calibration import timing_error
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.host_matrix import matrix, model_differences, version_differences
from foundry_bench.values.quality import SOURCES
from foundry_bench.values.ratings import means
from foundry_bench.values.result import RunRecord

REPORT_SCHEMA = "foundry-bench/report/1"
# What a report is called, before its format's ending, where nobody names it.
NAME = "benchmark_report"


def render(views: Sequence[RunView], report_format: str) -> str:
    """A report of some runs in one of ``FORMATS``: by their date, each once.

    Raises:
        InputError: there is no such format, or samples that it shows can't be read.
    """
    if report_format not in FORMATS:
        raise InputError(f"no report format {report_format!r}; choose one of {', '.join(FORMATS)}")
    once = {view.path.resolve(): view for view in views}
    return _RENDERERS[report_format](sorted(once.values(), key=lambda view: (view.record.created, view.record.id)))


def results_table(record: RunRecord) -> str:
    """The results of one run for a terminal: a line a model, then what calls for care."""
    lines = [as_text(run_tables.short_results(record))]
    if record.calibration:
        lines.append(f"Timing error of this machine: {timing_error(record.calibration)}")
    lines += [f"{one_line(model.name)}: {words}" for model in record.models if (words := energy_words(model))]
    lines += [f"{one_line(model.name)}: {line}" for model in record.models for line in run_tables.cautions(model)]
    return "\n".join(lines)


def as_json(views: Sequence[RunView]) -> str:
    """One document: ``schema``; ``runs``, each as in its ``run.json``; what else a report says, in full precision.

    ``decisions`` (each by its view's preference), ``hosts`` (figures by host, of fleets), ``highlights``, ``quality``,
    ``votes`` (by hand, in pairs), ``agreements`` (of raters) and ``preferences`` (of judges, in pairs) are of single
    runs, ``trends`` of models that several runs have.
    """
    found = {
        "schema": REPORT_SCHEMA,
        "runs": [view.record for view in views],
        "decisions": [_decision(view) for view in views],
        "hosts": [
            {"run": view.record.id, "matrix": matrix(view.record), "differences": differences}
            for view in views
            if view.record.hosts
            for differences in [(*version_differences(view.record.hosts), *model_differences(view.record))]
        ],
        "highlights": [
            {"run": view.record.id, "about": one.about, "best": one.lead.best, "next": one.lead.next, "text": one.text}
            for view in views
            if not is_fleet(view)
            for one in highlights(row_view(view))
        ],
        "quality": [
            {"run": view.record.id, "model": model, "by": kind, "mean": mean, "n": n}
            for view in views
            for kind in SOURCES
            for model, (mean, n) in means(getattr(view.ratings, kind)).items()
        ],
        "votes": [{"run": view.record.id, **one} for view in views for one in preference_json(view.ratings.votes)],
        "agreements": [
            {"run": view.record.id, **msgspec.to_builtins(one)} for view in views for one in agreement_of(view.ratings)
        ],
        "preferences": [{"run": view.record.id, **one} for view in views for one in preference_json(view.preferences)],
        "trends": trends_json(trends(views)),
    }
    return json_bytes(found).decode()


def _decision(view: RunView) -> dict[str, Any]:
    preference = view.preference
    if is_fleet(view):
        return fleet_document(view, rank_hosts(view, preference, Rules()), preference)
    rows = row_view(view)
    return document(rows, rank(rows, preference, Rules()), preference)


# For each of FORMATS.
_RENDERERS: Mapping[str, Callable[[Sequence[RunView]], str]] = {
    "md": as_markdown,
    "csv": as_csv,
    "samples.csv": samples_as_csv,
    "json": as_json,
    "html": as_html,
}
