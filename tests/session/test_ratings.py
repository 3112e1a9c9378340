import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from factories import make_failed_sample, make_sample, make_vote
from foundry_bench.session.ratings import (
    load_ratings,
    rater_name,
    remove_rating,
    remove_vote,
    save_rating,
    save_ratings,
    save_vote,
)
from foundry_bench.values.errors import InputError
from foundry_bench.values.ratings import Rating, blind, first_answers, label, means

AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
RATING = Rating(model="phi", prompt_id="benefits", text_sha256="ab", score=4, by="ada", at=AT)


def test_a_rating_is_on_the_disk(tmp_path: Path) -> None:
    save_rating(tmp_path, RATING)
    save_ratings(tmp_path, [replace(RATING, by="phi-judge", note="clear")], "judge")
    found = load_ratings(tmp_path)
    assert found.hand == (RATING,)
    assert found.judge == (replace(RATING, by="phi-judge", note="clear"),)
    document = json.loads((tmp_path / "ratings.json").read_text())
    assert document["schema"] == "foundry-bench/ratings/1"
    assert document["run"] == tmp_path.name
    assert document["hand"][0]["at"] == "2026-11-22T15:00:00Z"


def test_a_second_thought_replaces_the_first(tmp_path: Path) -> None:
    save_rating(tmp_path, RATING)
    save_rating(tmp_path, replace(RATING, score=1))
    save_rating(tmp_path, replace(RATING, by="bob"))
    assert [(one.by, one.score) for one in load_ratings(tmp_path).hand] == [("ada", 1), ("bob", 4)]


def test_taking_back(tmp_path: Path) -> None:
    save_rating(tmp_path, RATING)
    save_rating(tmp_path, replace(RATING, prompt_id="explain"))
    remove_rating(tmp_path, RATING)
    assert [one.prompt_id for one in load_ratings(tmp_path).hand] == ["explain"]


def test_votes_stand_beside_the_scores(tmp_path: Path) -> None:
    save_rating(tmp_path, RATING)
    first, second = make_vote(), make_vote(prompt_id="explain", better=None)
    for vote in (first, second, make_vote(by="bob")):
        save_vote(tmp_path, vote)
    # The same two answers with sides changed: a second thought, and not another pair.
    turned = make_vote(
        left="phi-4-mini", right="smollm2-135m", left_sha256="7c1e", right_sha256="5b9d", better="both_bad"
    )
    save_vote(tmp_path, turned)
    found = load_ratings(tmp_path)
    assert found.hand == (RATING,)
    assert found.votes == (second, make_vote(by="bob"), turned)
    remove_vote(tmp_path, second)
    assert load_ratings(tmp_path).votes == (make_vote(by="bob"), turned)
    assert json.loads((tmp_path / "ratings.json").read_text())["votes"][0]["better"] == "right"


def test_unknown_keys_stay(tmp_path: Path) -> None:
    save_rating(tmp_path, RATING)
    file = tmp_path / "ratings.json"
    document = json.loads(file.read_text())
    document["rubric"] = "short"
    document["hand"][0]["mood"] = "calm"
    file.write_text(json.dumps(document))
    save_rating(tmp_path, replace(RATING, by="bob"))
    kept = json.loads(file.read_text())
    assert (kept["rubric"], kept["hand"][0]["mood"]) == ("short", "calm")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"schema": "x/2"}',
        '{"schema": "foundry-bench/ratings/1", "run": "r", "hand": [1]}',
        '{"schema": "foundry-bench/ratings/1", "run": "r", "votes": [{"better": "up"}]}',
    ],
)
def test_a_damaged_file_is_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "ratings.json").write_text(content)
    with pytest.raises(InputError, match=r"ratings\.json"):
        save_rating(tmp_path, RATING)
    with pytest.raises(InputError, match=r"ratings\.json"):
        save_vote(tmp_path, make_vote())
    assert (tmp_path / "ratings.json").read_text() == content


def test_no_file_yet(tmp_path: Path) -> None:
    assert load_ratings(tmp_path).hand == ()


def test_somebody_rates() -> None:
    assert rater_name()


def test_the_first_measured_answer_counts() -> None:
    samples = [
        make_sample(phase="warmup", text="warm"),
        make_failed_sample(round=1),
        make_sample(round=3, text="third"),
        make_sample(round=2, text="second"),
        make_sample(round=1, path="openai", text="other way"),
        make_sample(prompt_id="explain", text=" \n"),
    ]
    assert [answer.text for answer in first_answers(samples)] == ["second"]


def test_the_order_is_shuffled_by_the_run_and_stays() -> None:
    samples = [
        make_sample(model=model, prompt_id=f"p{number}", text_sha256=f"{model}{number}")
        for model in ("one", "two", "three")
        for number in range(12)
    ]
    first = blind(first_answers(samples), "run-1")
    backwards = blind(first_answers(reversed(samples)), "run-1")
    assert sorted(first, key=lambda one: one.prompt_id) == sorted(backwards, key=lambda one: one.prompt_id)
    assert [one.model for one in first] != [one.model for one in blind(first_answers(samples), "run-2")]
    assert [one.label for one in first[:4]] == ["A", "B", "C", "A"]
    assert len({tuple(one.model for one in first[place : place + 3]) for place in range(0, 36, 3)}) > 2


def test_labels_and_means() -> None:
    assert [label(place) for place in (0, 25, 26)] == ["A", "Z", "A2"]
    ratings = [RATING, replace(RATING, score=None), replace(RATING, score=1), replace(RATING, model="best", score=5)]
    assert means(ratings) == {"best": (5.0, 1), "phi": (2.5, 2)}


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege there")
def test_a_link_in_a_strangers_run_leads_nothing_elsewhere(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    save_rating(elsewhere, RATING)
    before = (elsewhere / "ratings.json").read_bytes()
    run = tmp_path / "run"
    run.mkdir()
    (run / "ratings.json").symlink_to(elsewhere / "ratings.json")
    (run / "ratings.lock").symlink_to(elsewhere / "new")
    save_rating(run, replace(RATING, by="bob"))
    assert (elsewhere / "ratings.json").read_bytes() == before
    assert not (elsewhere / "new").exists()
    assert not (run / "ratings.json").is_symlink()
    assert len(load_ratings(run).hand) == 2


def test_of_two_who_rate_at_once_neither_loses_a_rating(tmp_path: Path) -> None:
    def rate(rater: str) -> None:
        for number in range(30):
            save_rating(tmp_path, replace(RATING, by=rater, prompt_id=f"p{number}"))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(rate, ("ada", "bob")))
    assert len(load_ratings(tmp_path).hand) == 60
    assert sorted(file.name for file in tmp_path.glob("ratings*")) == ["ratings.json", "ratings.lock"]
