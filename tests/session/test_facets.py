"""Facets of prompts: what is refused, what a check says of good and bad answers, and the sets that come along."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from chat_server import chatting
from factories import make_model, make_plan, make_sample
from foundry_bench.cli import main
from foundry_bench.session import facet_checks
from foundry_bench.session.facet_checks import Checker
from foundry_bench.session.facet_ratings import check_run
from foundry_bench.session.facets import facets
from foundry_bench.session.inputs import read_prompts
from foundry_bench.session.ratings import load_ratings
from foundry_bench.session.run_end import close_after
from foundry_bench.session.store import Run, load
from foundry_bench.values.errors import InputError
from foundry_bench.values.facets import Facet, asked, checked
from foundry_bench.values.plan import Prompt

SETS = Path(__file__).parents[2] / "sample_configs"
GOOD, BAD = 5.0, 1.0

# One answer that is as it should be and one that isn't, for each prompt of the sets with a check.
ANSWERS: dict[str, dict[str, tuple[str, str]]] = {
    "prompts-workshop.json": {
        "benefits": ("- private\n- works offline\n- no fee a request", "It is private. " * 60),
        "explain": (
            (
                "A retriever looks for documents that fit the question. A model then generates its answer from the "
                "question and these documents together."
            ),
            "It is a kind of search.",
        ),
        "compare": ("A small one fits the device. A large one knows more. Small.", "The first."),
        "routing": ("Delivery", "This is about billing, I think."),
    },
    "prompts-meeting-notes.json": {
        "decision": (
            (
                "The sensors come on 14 May, so the field test moves to the 21st. The budget of 3,200 euros is enough. "
                "Jon will tell the test site."
            ),
            "Das Treffen war gut und die Leute haben sich nicht auf ein Datum einigen können, " * 8,
        ),
        "tasks": (
            "Ana: repair the door (Monday)\nBen: collect the offers for the roof (until Wednesday)",
            "Ana repairs a door.",
        ),
        "headline": ("New library opens on Saturday", "After two long years the whole town is happy on Sunday again"),
    },
    "prompts-extraction.json": {
        "order": (
            '{"order": 4711, "items": [{"name": "lamp", "count": 2}, {"name": "chair", "count": 1}], "day": "Friday"}',
            '```json\n{"nothing": 1}\n```',
        ),
        "contact": ('{"name": "Lena Novak", "phone": "+386 1 555 0100", "email": null}', '{"name": "Lena"}'),
        "dates": ("2027-03-03\n2027-03-09", "From 3 March 2027 to 2027-03-09"),
    },
    "prompts-languages.json": {
        "sl-povzetek": (
            "Sestanek je zaradi zasedene dvorane prestavljen na torek, vsak pa naj prinese svoje poročilo.",
            "The meeting was moved since the room is not free, and all of you have to bring the papers. " * 3,
        ),
        "sl-nasvet": (
            (
                "Če se disk pokvari, so podatki brez kopije izgubljeni. Z njo jih lahko hitro dobimo nazaj, zato je "
                "pomembna tudi pri manjših podjetjih."
            ),
            "To je za sve koji ne žele da se nešto desi, jer prije ili kasnije to može biti kraj. " * 5,
        ),
        "de-antwort": (
            "Ihre Lampe kommt leider erst am Donnerstag. Für die Lieferung zahlen Sie nichts.",
            "The light is late and you will not have to pay for it. " * 6,
        ),
        "de-begriff": (
            "Ein Akku ist ein Speicher für Strom. Wenn er leer ist, kann man ihn an der Steckdose wieder füllen.",
            "Un akku es una pila que se puede cargar, y no hay que tirarla cuando se acaba. " * 6,
        ),
        "ja-yoyaku": (
            "会議室の都合で打ち合わせは火曜日に変わり、各自が資料を持参します。",
            "The meeting is on Monday now, and it has nothing to do with the room that you are in, I am told.",
        ),
        "ja-setsumei": (
            "通信がなくても使えます。また、入力した内容が外に出ません。",
            "It is fast and it is yours. " * 10,
        ),
    },
}


@pytest.mark.parametrize("name", ANSWERS)
def test_each_check_of_a_set_accepts_a_good_answer_and_refuses_a_bad_one(name: str) -> None:
    prompts = {prompt.id: prompt for prompt in read_prompts(SETS / name)}
    assert {key for key, prompt in prompts.items() if checked(prompt.facets)} == set(ANSWERS[name])
    with Checker() as checker:
        for key, (good, bad) in ANSWERS[name].items():
            for facet in checked(prompts[key].facets):
                assert checker.score(good, facet)[0] == GOOD, (key, facet.name, checker.score(good, facet))
                assert (checker.score(bad, facet)[0] or 0) < GOOD, (key, facet.name)
                assert checker.score(bad, facet)[0] is not None


@pytest.mark.parametrize(
    ("facet", "text", "score", "why"),
    [
        ({"contains": ["a", "B", "zz"]}, "A or b", 1 + 4 * 2 / 3, "lacks zz"),
        ({"contains": ["STRASSE"]}, "Die Straße", GOOD, "contains all"),
        ({"max_words": 2}, "one two three", BAD, "3 words, more than 2"),
        ({"min_words": 2, "max_words": 3}, " one \n two ", GOOD, "2 words"),
        ({"min_chars": 3}, "ab ", BAD, "2 characters, fewer than 3"),
        ({"contains": ["x"], "max_words": 1}, "y", 3.0, "lacks x; 1 words"),
        ({"language": "sl"}, "OK", None, "too little text to tell the language"),
        ({"language": "sl", "max_words": 1}, "OK", GOOD, "1 words; too little text to tell the language"),
        ({"regex": "(?i)^yes$"}, "YES", GOOD, "pattern found"),
        ({"regex": "^yes$"}, "no", BAD, "pattern not found"),
        ({"json_schema": {"type": "array"}}, "[1]", GOOD, "JSON by the schema"),
        ({"json_schema": {"type": "array"}}, "{}", BAD, "not by the schema: data must be array"),
        ({"json_schema": {}}, "[" * 100_000, BAD, "not JSON"),
        ({"json_schema": {}}, "sure: {}", BAD, "not JSON"),
        ({"regex": "a"}, "\ud800 \x00 \u2028a\n", GOOD, "pattern found"),
    ],
)
def test_checks(facet: dict[str, Any], text: str, score: float | None, why: str) -> None:
    (parsed,) = facets([{"name": "f", **facet}], "facets")
    assert isinstance(parsed, Facet)
    with Checker() as checker:
        found, said = checker.score(text, parsed)
    assert found == (score if score is None else pytest.approx(score))
    assert why in said


def test_a_pattern_that_never_ends_fails_and_the_next_check_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(facet_checks, "LIMIT_S", 0.3)
    with Checker() as checker:
        found, why = checker.score("a" * 50 + "b", Facet(name="f", regex="(a+)+$"))
        assert (found, "took more than 0.3 s" in why) == (BAD, True)
        schema = {"type": "string", "pattern": "^(a+)+$"}
        assert checker.score(json.dumps("a" * 50 + "b"), Facet(name="f", json_schema=schema))[0] == BAD
        assert checker.score("yes", Facet(name="f", regex="yes"))[0] == GOOD


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("x", "facets must be a list of names or objects, not 'x'"),
        ([1], "facets: item 1 must be a name of one line, not 1"),
        (["a", {"name": "a"}], "facets: 'a' is there twice; remove one"),
        ([{"max_words": 1}], "facets: item 1 has no 'name'; give it one"),
        ([{"name": "a", "max_word": 1}], "facets: item 1: key 'max_word' is not known; did you mean 'max_words'?"),
        ([{"name": "a", "max_words": 0}], "max_words must be a whole number of at least 1, not 0"),
        ([{"name": "a", "min_words": 3, "max_words": 2}], "min_words is above max_words, so nothing can pass"),
        ([{"name": "a", "contains": []}], "contains is an empty list"),
        ([{"name": "a", "regex": "("}], "regex is no regular expression: missing ), unterminated subpattern"),
        ([{"name": "a", "language": "xx"}], "language must be 'de' or"),
        ([{"name": "a", "json_schema": []}], "json_schema must be a JSON Schema"),
        ([{"name": "a", "json_schema": {"type": "strin"}}], "json_schema is no JSON Schema"),
        ([{"name": "a", "json_schema": {"$ref": "http://127.0.0.1:9/x"}}], "lies elsewhere"),
        ([{"name": "a", "json_schema": {"$ref": "file:///etc/passwd"}}], "lies elsewhere"),
        ([{"name": "a", "json_schema": {"$id": "http://h/", "items": {"$ref": "#/x"}}}], "leave out '$id'"),
        ([{"name": "a", "json_schema": {"items": {"prefixItems": []}}}], "'prefixItems' is newer than draft 7"),
        ([{"name": "a", "json_schema": {"$schema": "https://json-schema.org/draft/2020-12/schema"}}], "$schema must"),
    ],
)
def test_what_is_refused(given: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        facets(given, "facets")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_properties_may_bear_the_names_of_keywords() -> None:
    schema = {"properties": {"id": {"type": "integer"}, "$ref": {"type": "string"}, "prefixItems": {}}}
    (facet,) = facets([{"name": "a", "json_schema": schema}], "facets")
    with Checker() as checker:
        assert isinstance(facet, Facet)
        assert checker.score('{"id": "x"}', facet)[0] == BAD


def test_who_scores_what() -> None:
    found = facets(["tone", {"name": "true", "ask": "Is it true?"}, {"name": "short", "max_words": 9}], "facets")
    assert [one.name for one in asked(found)] == ["overall", "tone", "true"]
    assert [one.name for one in checked(found)] == ["short"]
    assert [one.name for one in asked(())] == ["overall"]


def test_a_run_ends_with_its_checks(tmp_path: Path) -> None:
    short = {"name": "short", "max_words": 2}
    (tmp_path / "asked.json").write_text(json.dumps([{"id": "hi", "prompt": "Greet me.", "facets": ["tone", short]}]))
    with chatting(lambda _: "Good day to you.") as (url, _):
        options = ["--prompts", str(tmp_path / "asked.json"), "--rounds", "2", "--warmup", "0", "--no-calibrate"]
        assert main(["run", "-e", url, "-m", "judge", *options, "--out", str(tmp_path / "runs")]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    (rating,) = load_ratings(run).check
    assert (rating.model, rating.prompt_id, rating.facet, rating.score) == ("judge", "hi", "short", BAD)
    assert rating.note == "4 words, more than 2"


async def test_a_run_that_is_interrupted_in_its_checks_is_done_and_its_checks_are_given_up(tmp_path: Path) -> None:
    prompt = Prompt(id="p", prompt="P", facets=(Facet(name="short", max_words=2),))
    run = Run.create(tmp_path, make_plan(models=("m",), prompts=(prompt,)), {})
    run.append(make_sample(model="m", prompt_id="p"))
    run.add_model(make_model(name="m"))

    async def measure() -> bool:
        asyncio.get_running_loop().call_soon(task.cancel)  # comes when the checks are waited for
        return True

    task = asyncio.create_task(close_after(measure(), run))
    assert await task == "done"
    assert load(run.path).status == "done"


def test_checks_that_are_given_up_record_nothing(tmp_path: Path) -> None:
    prompt = Prompt(id="p", prompt="P", facets=(Facet(name="short", max_words=2),))
    run = Run.create(tmp_path, make_plan(models=("m",), prompts=(prompt,)), {})
    run.append(make_sample(model="m", prompt_id="p"))
    run.close("done")
    assert check_run(run.path, lambda: True) == ()
    assert load_ratings(run.path).check == ()
    assert len(check_run(run.path)) == 1
