"""Reports: a golden file a format, and strings that try to break out."""

import argparse
import csv
import io
import json
from difflib import unified_diff
from pathlib import Path
from typing import Any

import msgspec
import pytest

from factories import make_failed_model, make_model, make_plan, make_run, make_sample, make_view
from foundry_bench.commands import history, report
from foundry_bench.session.formats import FORMATS
from foundry_bench.session.reports import render, results_table
from foundry_bench.session.run_tables import cautions
from foundry_bench.session.run_view import open_run
from foundry_bench.values.cautions import Caution
from foundry_bench.values.errors import InputError
from foundry_bench.values.result import RunRecord
from recorded import recorded_view

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", FORMATS)
def test_golden(name: str, tmp_path: Path, update_golden: bool) -> None:
    document = render([recorded_view(tmp_path)], name)
    file = GOLDEN / f"report.{name}"
    if update_golden:
        file.write_bytes(document.encode())
    kept = file.read_bytes().decode()
    if document != kept:  # pytest's own comparison of two whole pages takes minutes
        difference = unified_diff(kept.split("\n"), document.split("\n"), "file", "report", lineterm="")
        pytest.fail("\n".join(["FOUNDRY_BENCH_GOLDEN=1 writes it anew", *difference]))


def test_golden_results_table() -> None:
    assert results_table(make_run()) + "\n" == (GOLDEN / "results.txt").read_text("utf-8")


def test_there_is_a_golden_file_for_each_format() -> None:
    assert {path.name.removeprefix("report.") for path in GOLDEN.glob("report.*")} == set(FORMATS)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InputError, match="no report format 'doc'; choose one of md, html, "):
        render([make_view()], "doc")


def test_markdown_has_a_section_for_each_run() -> None:
    text = render([make_view(make_run(id="one")), make_view(make_run(id="two", models=()))], "md")
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## Run one",
        "## Run two",
        "## Definitions",
    ]


def test_markdown_leaves_out_what_was_not_measured() -> None:
    run = make_run(calibration=None, models=(make_model(client_openai=None, warnings=()),))
    text = render([make_view(run)], "md")
    assert "Timing error" not in text
    assert "Calibration" not in text
    assert "Quality" not in text
    assert "Outliers\n" not in text
    assert "Trends" not in text
    assert "openai" not in text
    assert "Cautions" not in text
    assert "Not measured" not in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("phi_4_mini", "phi_4_mini"),
        ("a|b", r"a\|b"),
        ("`rm`", r"\`rm\`"),
        ("two\nlines", "two lines"),
        ("<script>", r"\<script\>"),
        ("[x](http://y)", r"\[x\](http://y)"),
        ("*bold* _it_", r"\*bold\* \_it\_"),
        (r"C:\a", r"C:\\a"),
        ("&lt;", r"\&lt;"),
        ("\x1b[31mred\x1b[0m\x07", "red"),
    ],
)
def test_markdown_takes_names_as_plain_words(name: str, shown: str) -> None:
    text = render([make_view(make_run(models=(make_model(name=name),)))], "md")
    rows = [line for line in text.splitlines() if line.startswith(f"| {shown} | ")]
    assert len(rows) == 4  # results, two prompts, the client's difference
    assert "\x1b" not in text


def test_markdown_tables_are_whole() -> None:
    width = None
    for line in render([make_view()], "md").splitlines():
        if line.startswith("|"):
            cells = line.replace(r"\|", "").count("|")
            assert width in {None, cells}
            width = cells
        else:
            width = None


def rows(runs: list[RunRecord]) -> list[dict[str, str]]:
    views = [make_view(run) for run in runs]
    return list(csv.DictReader(io.StringIO(render(views, "csv"), newline="")))


def test_csv_has_a_row_a_model() -> None:
    found = rows([make_run(id="one"), make_run(id="two")])
    assert [(row["run"], row["status"]) for row in found] == [
        *(("one", "ok"), ("one", "failed"), ("two", "ok"), ("two", "failed"))
    ]
    assert float(found[0]["ttft_s.p50"]) == 0.0851
    assert float(found[0]["ttft_s.ci95_low"]) == 0.0851 - 0.004
    assert found[0]["ttfa_s.p50"] == ""
    assert found[0]["deterministic"] == "True"


def test_csv_without_models_is_its_heading() -> None:
    assert rows([make_run(models=())]) == []
    assert render([], "csv").startswith("run,created,name,")


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1+1", "'=1+1"),
        ("\x1b[0m=1+1", "'=1+1"),
        ('say "a, b"', 'say "a, b"'),
        ("two\r\nlines", "two lines"),
        ("a=1", "a=1"),
    ],
)
def test_csv_text_is_no_formula(name: str, cell: str) -> None:
    (row,) = rows([make_run(models=(make_model(name=name),))])
    assert row["name"] == cell


def test_csv_figures_stay_figures() -> None:
    (row,) = rows([make_run(models=(make_model(load_s=-0.5),))])
    assert row["load_s"] == "-0.5"


def test_csv_lines_end_as_the_rfc_says() -> None:
    text = render([make_view()], "csv")
    assert text.count("\r\n") == text.count("\n") == 3


def test_json_is_the_runs_own() -> None:
    document = json.loads(render([make_view(make_run(id="one")), make_view(make_run(id="two"))], "json"))
    sections = ("decisions", "hosts", "highlights", "quality", "votes", "agreements", "preferences", "trends")
    assert tuple(document) == ("schema", "runs", *sections)
    assert document["schema"] == "foundry-bench/report/1"
    assert [msgspec.convert(run, RunRecord) for run in document["runs"]] == [make_run(id="one"), make_run(id="two")]


def test_cautions_that_say_the_same_share_a_line() -> None:
    model = make_model(
        warnings=(
            Caution(kind="few", metric="ttft_s", message="few"),
            Caution(kind="drift", metric="latency_s", message="drifts"),
            Caution(kind="few", metric="itl_s", message="few"),
            Caution(kind="failed", metric=None, message="one failed"),
            Caution(kind="later", metric="later_s", message="unknown here"),
        )
    )
    assert cautions(model) == ["TTFT, ITL: few", "Latency: drifts", "one failed", "unknown here"]


def test_the_results_table_is_for_terminals() -> None:
    table = results_table(make_run(models=(make_model(name="a" * 30), make_failed_model())))
    assert max(map(len, table.splitlines())) <= 110
    assert "\x1b" not in table


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for run_id in ("20261121-a", "20261122-b"):
        (tmp_path / "runs" / run_id).mkdir(parents=True)
        (tmp_path / "runs" / run_id / "run.json").write_bytes(msgspec.json.encode(make_run(id=run_id)))
        (tmp_path / "runs" / run_id / "samples.jsonl").write_bytes(msgspec.json.encode(make_sample()) + b"\n")
    return tmp_path / "runs"


def arguments(**given: Any) -> argparse.Namespace:
    return argparse.Namespace(
        **{"format": "md", "samples": False, "output": None, "weights": None, "json": False} | given
    )


def test_report_goes_to_stdout_as_it_is(out: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert report.main(arguments(runs=["20261121", "last"], out=out, format="csv")) == 0
    views = [open_run(out, out / "20261121-a"), open_run(out, out / "20261122-b")]
    captured = capsysbinary.readouterr()
    assert captured.out == render(views, "csv").encode()
    assert captured.err == b""


@pytest.mark.parametrize(
    ("name", "given", "written"),
    [
        ("report.txt", {}, "report.txt"),
        (".", {}, "benchmark_report.md"),
        (".", {"format": "html"}, "benchmark_report.html"),
        (".", {"format": "csv", "samples": True}, "benchmark_report.samples.csv"),
    ],
)
def test_report_goes_to_a_file(
    out: Path, name: str, given: dict[str, Any], written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report.main(arguments(runs=["20261121-a"], out=out, output=out / name, **given)) == 0
    assert (out / written).read_text("utf-8").endswith("\n")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"wrote {out / written}\n"


def test_a_report_without_samples_says_so(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (out / "20261121-a" / "samples.jsonl").unlink()
    assert report.main(arguments(runs=["20261121-a"], out=out)) == 0
    captured = capsys.readouterr()
    assert "samples.jsonl: No such file" in captured.err
    assert "samples.jsonl: No such file" in captured.out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"runs": ["2025"]}, "no run '2025'"),
        ({"runs": ["last"], "samples": True}, "--samples is a table, not md; add --format csv"),
        ({"runs": ["last"], "output": Path("no") / "such" / "folder.md"}, "choose another file with -o"),
    ],
)
def test_report_refuses(out: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        report.main(arguments(out=out, **given))


def test_history(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (out / "20261123-c").mkdir()
    (out / "20261123-c" / "run.json").write_text("{")
    assert history.main(arguments(out=out)) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines() == [
        "Run         Recorded (UTC)    Status      Models",
        "20261123-c  \N{EN DASH}                 unreadable",
        "20261122-b  2026-11-22 14:15  done        smollm2-135m, phi-4-mini",
        "20261121-a  2026-11-22 14:15  done        smollm2-135m, phi-4-mini",
    ]


def test_history_as_json(out: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert history.main(arguments(out=out, json=True)) == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert document["schema"] == "foundry-bench/history/1"
    assert document["runs"][0] == {
        "path": str(out / "20261122-b"),
        "id": "20261122-b",
        "created": "2026-11-22T14:15:30Z",
        "status": "done",
        "models": list(make_plan().models),
    }


def test_the_folder_of_runs_is_a_setting(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(out.parent)
    assert history.main(arguments(out=None)) == 0
    assert report.main(arguments(out=None, runs=["last"])) == 0


def test_history_of_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert history.main(arguments(out=tmp_path)) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no runs in" in captured.err
