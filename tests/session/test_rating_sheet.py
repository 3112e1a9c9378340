"""Rating by hand away from the screen: sheets out and in, checks, agreement, and what is refused."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from factories import CREATED, make_model, make_sample
from foundry_bench.cli import main
from foundry_bench.session.ratings import load_ratings, remove_rating, save_rating
from foundry_bench.session.store import Run
from foundry_bench.values.facets import Facet
from foundry_bench.values.plan import Plan, Prompt
from foundry_bench.values.ratings import Rating

HOSTILE = '=HYPERLINK("http://h")\n\x1b[31m"quoted", <b>;\t\u202eč日本'
PROMPTS = (
    Prompt(id="=sky", prompt="=Why?", facets=("tone", "-evil", Facet(name="short", max_words=4))),
    Prompt(id="sea", prompt="Why salty?"),
)
TEXTS = {
    "alpha": {"=sky": HOSTILE, "sea": "Rivers."},
    "beta": {"=sky": "Light\nis bent here now.", "sea": "Rivers."},
}
Rows = list[dict[str, str]]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    recorded = Run.create(tmp_path, Plan(models=tuple(TEXTS), prompts=PROMPTS), {}, created=CREATED, run_id="run-1")
    for model, said in TEXTS.items():
        for prompt, text in said.items():
            digest = sha256(text.encode()).hexdigest()
            recorded.append(make_sample(model=model, prompt_id=prompt, text=text, text_sha256=digest))
        recorded.add_model(make_model(name=model, warnings=(), outliers=()))
    recorded.close("done")
    return recorded.path


def exported(run: Path, file: Path, *more: str) -> Rows:
    assert main(["rate", str(run), "--export", str(file), *more]) == 0
    if file.suffix == ".json":
        rows: Rows = json.loads(file.read_text("utf-8"))["rows"]
        return rows
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


def filled(file: Path, rows: Rows, delimiter: str = ",") -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    file.write_text(text.getvalue(), "utf-8", newline="")
    return file


def test_a_sheet_is_blind_and_inert(run: Path, tmp_path: Path) -> None:
    for name in ("sheet.csv", "sheet.json"):
        rows = exported(run, tmp_path / name)
        content = (tmp_path / name).read_text("utf-8-sig")
        assert "alpha" not in content
        assert "beta" not in content
        assert "\x1b" not in content
        assert "\u202e" not in content
        # Two texts to the one prompt, by three facets; one text to the other, which both models gave.
        assert [row["facet"] for row in rows if "sea" in row["prompt_id"]] == ["overall"]
        assert len(rows) == 7
        assert {row["score"] for row in rows} <= {"", None}
    for row in exported(run, tmp_path / "sheet.csv"):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row.values())


@pytest.mark.parametrize("name", ["sheet.csv", "sheet.json"])
def test_a_sheet_with_scores_is_not_written_over(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = tmp_path / name
    rows = exported(run, file)
    assert main(["rate", str(run), "--export", str(file), "--seed", "7"]) == 0  # nothing is lost by that
    rows[2]["score"] = "4"
    if file.suffix == ".json":
        file.write_text(json.dumps({"rows": rows}))
    else:
        filled(file, rows)
    before = file.read_bytes()
    capsys.readouterr()
    assert main(["rate", str(run), "--export", str(file)]) == 2
    told = f"{file} is there already, and scores in it would be lost; import it first, or choose another name"
    assert capsys.readouterr().err == f"foundry-bench: {told}\n"
    assert file.read_bytes() == before


def test_what_is_no_sheet_is_not_written_over_by_one(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    assert main(["rate", str(run), "--export", str(tmp_path / "other.csv")]) == 2
    assert "is there already, and no sheet (has no column 'code'" in capsys.readouterr().err
    (tmp_path / "empty.csv").touch()
    assert main(["rate", str(run), "--export", str(tmp_path / "empty.csv")]) == 0


def test_the_seed_shuffles(run: Path, tmp_path: Path) -> None:
    orders = {tuple(row["code"] for row in exported(run, tmp_path / "s.csv", "--seed", str(seed))) for seed in range(6)}
    assert len(orders) > 1
    assert exported(run, tmp_path / "s.csv") == exported(run, tmp_path / "t.csv")


def test_an_import_keeps_notes_of_empty_cells_and_says_how_many_scores_it_replaces(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "sheet.csv"
    rows = [row | {"score": "4", "note": "clear"} for row in exported(run, file)]
    assert main(["rate", str(run), "--import", str(filled(file, rows)), "--rater", "ada"]) == 0
    assert "replaces" not in capsys.readouterr().err
    rows = [row | {"note": ""} for row in rows]
    rows[0]["score"] = "2"  # of a text that two models gave
    assert main(["rate", str(run), "--import", str(filled(file, rows)), "--rater", "ada"]) == 0
    assert capsys.readouterr().err.endswith("of them new or changed; replaces 2 scores of ada\n")
    assert {one.note for one in load_ratings(run).hand} == {"clear"}


@pytest.mark.parametrize(("name", "delimiter"), [("s.csv", ","), ("s.csv", ";"), ("s.json", "")])
def test_a_round_trip(run: Path, tmp_path: Path, name: str, delimiter: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / name
    rows: list[dict[str, Any]] = [*exported(run, file)]
    for number, row in enumerate(rows[:-1]):
        row |= {"score": number % 5 + 1 if name == "s.json" else f" {number % 5 + 1} ", "note": "=note\nof two lines"}
    if name == "s.json":
        file.write_text(json.dumps({"rows": rows}))
    else:
        filled(file, rows, delimiter)
    assert main(["rate", str(run), "--import", str(file), "--rater", "ada"]) == 0
    found = load_ratings(run).hand
    assert {one.by for one in found} == {"ada"}
    assert {one.facet for one in found} <= {"overall", "tone", "-evil"}
    assert {one.note for one in found} == {"=note of two lines"}
    twins = {one.score for one in found if one.prompt_id == "sea"}
    assert len(twins) <= 1
    before = (run / "ratings.json").read_bytes()
    assert main(["rate", str(run), "--import", str(file), "--rater", "ada"]) == 0
    assert (run / "ratings.json").read_bytes() == before
    assert "0 of them new or changed" in capsys.readouterr().err
    assert main(["rate", str(run), "--import", str(file), "--rater", "bob", "--json"]) == 0
    document = json.loads(capsys.readouterr().out.partition('{\n  "schema"')[2].join(['{\n  "schema"', ""]))
    assert {(one["first"], one["second"]) for one in document["agreement"]} <= {("ada", "bob")}
    assert len(load_ratings(run).hand) == 2 * len(found)


def change(number: int, **cells: str) -> Callable[[Rows], Rows]:
    return lambda rows: [row | cells if place == number else row for place, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (change(1, score="6"), "row 3: score must be a whole number from 1 to 5, or empty, not '6'"),
        (change(1, score="good"), "row 3: score must be a whole number from 1 to 5, or empty, not 'good'"),
        (change(2, score="3.5"), "row 4: score must be a whole number"),
        (change(0, code="zzz"), "row 2: code 'zzz' is no answer of run run-1; is the sheet of another run?"),
        (change(0, facet="mood"), "row 2: facet 'mood' is none of its prompt; known are overall"),
        (lambda rows: [*rows, rows[0]], "row 9: rates"),
        (lambda rows: [{name: row[name] for name in row if name != "score"} for row in rows], "has no column 'score'"),
        (lambda rows: [row | {"score": ""} for row in rows], "no row has a score"),
    ],
)
def test_a_spoilt_sheet_is_refused_whole(
    run: Path, tmp_path: Path, spoil: Callable[[Rows], Rows], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row | {"score": "3"} for row in exported(run, tmp_path / "s.csv")]
    capsys.readouterr()
    file = filled(tmp_path / "s.csv", spoil(rows))
    assert main(["rate", str(run), "--import", str(file)]) == 2
    out, error = capsys.readouterr()
    assert out == ""
    assert f"foundry-bench: {file}: {message}" in error
    assert error.count("\n") == 1
    assert not (run / "ratings.json").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no column 'code'"),
        (b'code,facet,score\n"x', "not valid CSV"),
        ("code,facet,score\nč".encode("cp1250"), "is not UTF-8 text"),
        (b"code,facet,score\n", "no row has a score"),
    ],
)
def test_what_is_no_sheet(
    run: Path, tmp_path: Path, content: bytes, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "s.csv").write_bytes(content)
    assert main(["rate", str(run), "--import", str(tmp_path / "s.csv")]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[]", "{}", '{"rows": {}}', '{"rows": [1]}', '{"rows": [{"code": 1}]}'])
def test_what_is_no_json_sheet(run: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "s.json").write_text(content)
    assert main(["rate", str(run), "--import", str(tmp_path / "s.json")]) == 2


def test_checks_are_recorded_once(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rate", str(run), "--check", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["scores"]["check"] == {"alpha": {"mean": 5.0, "n": 1}, "beta": {"mean": 1.0, "n": 1}}
    before = (run / "ratings.json").read_bytes()
    assert main(["rate", str(run), "--check"]) == 0
    assert (run / "ratings.json").read_bytes() == before
    (low, *_) = sorted(load_ratings(run).check, key=lambda one: one.score or 0)
    assert (low.by, low.facet, low.note) == ("check", "short", "5 words, more than 4")


def test_the_screen_needs_a_terminal(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rate", str(run)]) == 2
    error = "foundry-bench: the screen needs a terminal; without one use --export and --import\n"
    assert capsys.readouterr() == ("", error)


def test_nothing_rated_yet(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rate", str(run), "--agreement"]) == 0
    assert "nothing of run-1 is rated yet" in capsys.readouterr().err
    assert main(["rate", str(run), "--export", "sheet.txt"]) == 2


def test_facets_of_the_same_answer_are_kept_apart(run: Path) -> None:
    one = Rating(model="alpha", prompt_id="sea", text_sha256="x", score=3, by="ada", at=CREATED)
    save_rating(run, one)
    save_rating(run, replace(one, facet="tone", score=4))
    remove_rating(run, one)
    assert [(rating.facet, rating.score) for rating in load_ratings(run).hand] == [("tone", 4)]


def test_the_command_that_an_export_prints_works_where_one_stands(
    run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.parent.parent)
    folder = run.parent.name
    assert main(["rate", run.name, "--out", folder, "--export", "s.csv"]) == 0
    printed = capsys.readouterr().err.strip().partition("foundry-bench ")[2].split()
    assert printed == ["rate", str(Path(folder, run.name)), "--import", "s.csv", "--rater", "NAME"]
    assert main(printed) == 2
    assert "no row has a score" in capsys.readouterr().err
