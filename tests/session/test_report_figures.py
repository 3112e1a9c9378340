"""The formats of a report say the same: every headline figure, taken from each and compared."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import timedelta

import msgspec
import pytest

from factories import (
    CREATED,
    make_calibration,
    make_distribution,
    make_metrics,
    make_model,
    make_plan,
    make_run,
    make_view,
)
from foundry_bench.session.formats import FORMATS, NAMES
from foundry_bench.session.reports import render
from foundry_bench.session.run_tables import results
from foundry_bench.session.run_view import RunView
from foundry_bench.session.trends import TRENDS
from foundry_bench.values.format import UNDEFINED, figure, mean_with_interval, percent, score
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.stats import Distribution
from recorded import recorded_view
from report_reading import markdown_tables, page

# As the headings of tables name them.
# What the table of results shows, as its headings call it.
HEADLINES = [
    (column.heading, column.metric, column.heading.rpartition(" ")[2])
    for column in results(make_view(make_run())).columns
    if column.metric
]


def shown(distribution: Distribution | None, metric: str, statistic: str) -> str:
    if statistic == "mean":
        return mean_with_interval(distribution, METRICS[metric].unit)
    return figure(getattr(distribution, statistic, None), METRICS[metric].unit)


def from_row(row: Mapping[str, str], metric: str) -> Distribution | None:
    if not row[f"{metric}.n"]:
        return None
    numbers = {one.name: row.get(f"{metric}.{one.name}") for one in fields(Distribution)}
    low, high = (row[f"{metric}.ci95_{end}"] for end in ("low", "high"))
    return msgspec.convert(numbers | {"ci95_mean": (low, high) if low else None}, Distribution, strict=False)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    view = recorded_view(tmp_path_factory.mktemp("figures"))
    return {name: render([view], name) for name in FORMATS}


@pytest.mark.parametrize(("heading", "metric", "statistic"), HEADLINES)
def test_headlines_are_the_same(documents: Mapping[str, str], heading: str, metric: str, statistic: str) -> None:
    models = json.loads(documents["json"])["runs"][0]["models"]
    distributions = [msgspec.convert(model["metrics"][metric], Distribution | None) for model in models]
    from_json = [shown(one, metric, statistic) for one in distributions]
    rows = csv.DictReader(io.StringIO(documents["csv"], newline=""))
    from_csv = [shown(from_row(row, metric), metric, statistic) for row in rows]
    from_markdown = [row[heading] for row in markdown_tables(documents["md"])["Results"]]
    from_html = [row[heading] for row in page(documents["html"]).tables["Results"]]
    assert from_json == from_csv == from_markdown == from_html
    assert from_json[-1] == UNDEFINED
    assert from_json[0] != UNDEFINED


def test_quality_is_the_same(documents: Mapping[str, str]) -> None:
    said = {
        (one["model"], one["by"]): (score(one["mean"]), str(one["n"]))
        for one in json.loads(documents["json"])["quality"]
    }
    rows = list(csv.DictReader(io.StringIO(documents["csv"], newline="")))
    assert said == {
        (row["name"], by): (score(float(row[f"quality.{by}.mean"])), row[f"quality.{by}.n"])
        for row in rows
        for by in ("hand", "judge")
        if row[f"quality.{by}.n"]
    }
    title = "Quality, from 1 (bad) to 5 (best)"
    for tables in (markdown_tables(documents["md"]), page(documents["html"]).tables):
        assert said == {
            (row["Model"], by): (row[f"By {by} mean"], row[f"By {by} n"])
            for row in tables[title]
            for by in ("hand", "judge")
        }
    assert said["phi-4-mini", "hand"] == ("4.50", "2")
    assert said["phi-4-mini", "judge"] == ("3.50", "2")


def test_votes_are_the_same(documents: Mapping[str, str]) -> None:
    (told,) = json.loads(documents["json"])["votes"]
    assert (told["model"], told["against"]) == ("phi-4-mini", "smollm2-135m")
    assert (told["wins"], told["alike"], told["both_bad"], told["losses"]) == (1, 1, 1, 0)
    assert (told["prompts"], told["share"], told["verdict"]) == (2, (0.75 + 0.5) / 2, "too few prompts")
    rows = {row["name"]: row for row in csv.DictReader(io.StringIO(documents["csv"], newline=""))}
    of_model = rows["phi-4-mini"]
    for name in ("wins", "alike", "both_bad", "losses", "prompts", "share"):
        assert float(of_model[f"votes.{name}"]) == told[name]
    assert [float(of_model[f"votes.ci95_{end}"]) for end in ("low", "high")] == told["ci95"]
    assert float(rows["smollm2-135m"]["votes.share"]) == 1 - told["share"]
    for tables in (markdown_tables(documents["md"]), page(documents["html"]).tables):
        (row,) = tables["Preference between two answers, by hand"]
        assert list(row.values()) == [
            *("phi-4-mini", "smollm2-135m", "1", "2 (1 both bad)", "0", "0", "2"),
            *("62 %", " to ".join(map(percent, told["ci95"])), "too few prompts"),
        ]


def test_the_page_and_markdown_say_the_same(documents: Mapping[str, str]) -> None:
    found = page(documents["html"])
    said = [line for line in documents["md"].replace("\\", "").splitlines() if line.startswith("- **")]
    lists = (items for title, items in found.lists.items() if not title.startswith("First answers"))
    assert said == [f"- **{about}**: {text}" for items in lists for about, text in items]
    tables = markdown_tables(documents["md"])
    assert list(tables) == list(found.tables)
    drawn = "Latency by round"
    for title, rows in tables.items():
        plain = [{name: cell.replace("\\", "") for name, cell in row.items() if name != drawn} for row in rows]
        cells = [{name: cell for name, cell in row.items() if name != drawn} for row in found.tables[title]]
        # The machine's own error stands in the page's headings.
        assert plain == [{heading.split("±")[0]: cell for heading, cell in row.items()} for row in cells]


def test_highlights_are_in_the_json(documents: Mapping[str, str]) -> None:
    said = [(one["about"], one["text"]) for one in json.loads(documents["json"])["highlights"]]
    assert said == page(documents["html"]).lists["Highlights"]
    about, text = said[0]
    assert about == "TTFT mean"
    assert text == "smollm2-135m with 112 ± 44 ms; next phi-4-mini with 262 ± 103 ms (+134 %)"


def test_nobody_leads_by_gaps_that_nothing_told_apart() -> None:
    """A whole answer in one burst has gaps of 0, and told apart were none."""
    burst = make_model(name="burst", metrics={**make_metrics(), "itl_s": make_distribution(0.0, 0.0)})
    view = make_view(make_run(models=(burst, make_model(name="other"))))
    (line,) = (line for line in render([view], "md").splitlines() if line.startswith("- **ITL mean**"))
    assert line == "- **ITL mean**: other with 5.10 ± 0.30 ms"


def several() -> list[RunView]:
    runs = [
        make_run(id="later", created=CREATED + timedelta(days=2), plan=make_plan(rounds=9)),
        make_run(id="first", created=CREATED),
        make_run(id="between", created=CREATED + timedelta(days=1), models=(make_model(metrics=make_metrics()),)),
    ]
    return [make_view(run) for run in runs]


def test_trends_are_the_same_by_date() -> None:
    documents = {name: render(several(), name) for name in FORMATS if name != "samples.csv"}
    told = json.loads(documents["json"])["trends"]
    assert [(one["model"], one["metric"]) for one in told] == [("smollm2-135m", name) for name in TRENDS]
    assert [one["run"] for one in told[0]["runs"]] == ["first", "between", "later"]
    means = {one["metric"]: [run["mean"] for run in one["runs"]] for one in told}
    rows = [row for row in csv.DictReader(io.StringIO(documents["csv"], newline="")) if row["status"] == "ok"]
    assert means == {name: [float(row[f"{name}.mean"]) for row in rows] for name in TRENDS}
    for tables in (markdown_tables(documents["md"]), page(documents["html"]).tables):
        assert [row["Run"] for row in tables["Trends"]] == ["first", "between", "later"]
        for name in TRENDS:
            cells = [row[f"{METRICS[name].label} mean"] for row in tables["Trends"]]
            assert cells == [shown(from_row(row, name), name, "mean") for row in rows]
    assert documents["html"].count("over the runs</h4>") == len(TRENDS)


def test_what_differs_between_runs_is_told() -> None:
    assert "- **Differs between the runs**: rounds: 3, 9" in render(several(), "md")
    assert "Not the same in all runs" not in render(several()[1:], "md")


def test_a_run_named_twice_counts_once() -> None:
    assert render(several()[:1] * 2, "md") == render(several()[:1], "md")


@pytest.mark.parametrize("name", NAMES)
def test_the_order_of_the_arguments_does_not_matter(name: str) -> None:
    assert render(several(), name) == render(several()[::-1], name)


def test_each_request_has_a_row(documents: Mapping[str, str]) -> None:
    rows = list(csv.DictReader(io.StringIO(documents["samples.csv"], newline="")))
    assert len(rows) == 24
    assert rows[0]["model"] == "smollm2-135m"
    assert float(rows[0]["itl_s.p50"]) == pytest.approx(0.005, rel=0.2)
    assert rows[0]["completion_tokens"] == "12"
    ttft = sorted(float(row["ttft_s"]) for row in rows if row["model"] == "phi-4-mini")
    model = json.loads(documents["json"])["runs"][0]["models"][1]
    assert ttft[-1] == pytest.approx(model["metrics"]["ttft_s"]["max"], rel=1e-11)  # run.json has 12 digits


def test_the_machines_error_stands_in_the_heading() -> None:
    text = render([make_view(make_run(calibration=make_calibration(ttft_p99_s=0.00077)))], "html")
    assert '<small title="timing error of this machine">± 0.770 ms</small>' in text
