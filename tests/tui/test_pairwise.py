"""Rating in pairs, by key press."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from driving import make_app, running, screen_text
from golden_text import looks_like
from recorded import record_run

WIDE = (120, 40)


@pytest.fixture(autouse=True)
def _rater(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")


def votes(run: Path) -> list[dict[str, Any]]:
    file = run / "ratings.json"
    return json.loads(file.read_text()).get("votes", []) if file.exists() else []


def said(run: Path, *better: str | None) -> bool:
    return [one["better"] for one in votes(run)] == list(better)


def saved(run: Path, count: int) -> bool:
    return len(votes(run)) == count


@pytest.mark.presses(PairwiseScreen="a x p")
async def test_names_come_at_the_end(tmp_path: Path, update_golden: bool) -> None:
    run = record_run(tmp_path / "runs", hostile=True)
    app = make_app(tmp_path)
    async with running(app, WIDE) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("p")
        for number, key in enumerate("ax", 1):
            await driver.shows(f"{number}/2", "A is better")
            if number == 1:
                await looks_like(driver, "pairs-120x40", update=update_golden)
            text = screen_text(app)
            assert "smollm2" not in text
            assert "phi-4" not in text
            assert not set("\x1b\x07\u202e") & set(text)
            await driver.press(key)
            await driver.until(partial(saved, run, number))
        await driver.shows("All 2 pairs are voted on", "wins 75 % against", "1 better", "1 both bad")
        await looks_like(driver, "pairs-end-120x40", update=update_golden)
        await driver.press("b")
        assert said(run, "left", "both_bad")
        await driver.press("p")
        await driver.shows("1/4", "rate this one")
        await driver.press("g", "c")
        await driver.shows("Votes: B wins", "2 prompts: ")
        await driver.press("g", "t")
        await driver.shows("TTFT", "phi-4-mini")
        await driver.press("enter")
        await driver.shows("round 1", "b all models")
        await driver.press("k")
        await driver.shows("votes: wins")
    assert {one["by"] for one in votes(run)} == {"ada"}
    assert {frozenset((one["left"], one["right"])) for one in votes(run)} == {frozenset(("smollm2-135m", "phi-4-mini"))}


@pytest.mark.presses(PairwiseScreen="b e 0 u n h l")
async def test_undo_notes_skipping_and_moving(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, WIDE) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("p")
        await driver.shows("1/2")
        await driver.press("u")
        await driver.shows("nothing to undo")
        await driver.press("n")
        await driver.shows("rate first")
        await driver.press("b", "n", *"too short", "enter")
        await driver.until(lambda: [one["note"] for one in votes(run)] == ["too short"])
        assert said(run, "right")
        await driver.press("h")
        await driver.shows("B is better, with a note")
        await driver.press("e")
        await driver.until(partial(said, run, "alike"))
        assert [one["note"] for one in votes(run)] == ["too short"]
        await driver.press("u")
        await driver.until(partial(said, run))
        await driver.press("l", "0")
        await driver.until(partial(said, run, None))


@pytest.mark.parametrize("size", [(60, 20), (80, 24)])
async def test_two_answers_have_room_on_narrow_terminals(
    tmp_path: Path, size: tuple[int, int], update_golden: bool
) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4", "p pairs")
        await driver.press("p")
        await driver.shows("1/2")
        await driver.press("a", "escape", "p")
        await driver.shows("2/2", "no vote", "A is better")
        await looks_like(driver, f"pairs-{size[0]}x{size[1]}", update=update_golden)
        left, right = app.screen.query_one("#left").region, app.screen.query_one("#right").region
        assert (left.y == right.y) == (size[0] == 80)
        await driver.press("b")
        await driver.until(partial(said, run, "left", "right"))


async def test_what_cannot_be_saved_outlives_the_screen_of_pairs(tmp_path: Path, full: list[bool]) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, WIDE) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("p")
        await driver.shows("1/2")
        await driver.press("a")
        await driver.shows("1 not saved", "2/2")
        await driver.press("p", "p")
        await driver.shows("2/2")
        full[0] = False
        await driver.press("e")
        await driver.until(partial(said, run, "left", "alike"))
