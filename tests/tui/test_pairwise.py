"""Rating in pairs, by key press."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from driving import make_app, screen_text, shows, until
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
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("g", "a")
        await shows(pilot, "1/4")
        await pilot.press("p")
        for number, key in enumerate("ax", 1):
            await shows(pilot, f"{number}/2", "A is better")
            if number == 1:
                await looks_like(pilot, "pairs-120x40", update=update_golden)
            text = screen_text(app)
            assert "smollm2" not in text
            assert "phi-4" not in text
            assert not set("\x1b\x07\u202e") & set(text)
            await pilot.press(key)
            await until(pilot, partial(saved, run, number))
        await shows(pilot, "All 2 pairs are voted on", "wins 75 % against", "1 better", "1 both bad")
        await looks_like(pilot, "pairs-end-120x40", update=update_golden)
        await pilot.press("b")
        assert said(run, "left", "both_bad")
        await pilot.press("p")
        await shows(pilot, "1/4", "rate this one")
        await pilot.press("g", "c")
        await shows(pilot, "Votes: B wins", "2 prompts: ")
        await pilot.press("g", "t")
        await shows(pilot, "TTFT", "phi-4-mini")
        await pilot.press("enter")
        await shows(pilot, "votes: wins")
    assert {one["by"] for one in votes(run)} == {"ada"}
    assert {frozenset((one["left"], one["right"])) for one in votes(run)} == {frozenset(("smollm2-135m", "phi-4-mini"))}


@pytest.mark.presses(PairwiseScreen="b e 0 u n h l")
async def test_undo_notes_skipping_and_moving(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("g", "a")
        await shows(pilot, "1/4")
        await pilot.press("p")
        await shows(pilot, "1/2")
        await pilot.press("u")
        await shows(pilot, "nothing to undo")
        await pilot.press("n")
        await shows(pilot, "rate first")
        await pilot.press("b", "n", *"too short", "enter")
        await until(pilot, lambda: [one["note"] for one in votes(run)] == ["too short"])
        assert said(run, "right")
        await pilot.press("h")
        await shows(pilot, "B is better, with a note")
        await pilot.press("e")
        await until(pilot, partial(said, run, "alike"))
        assert [one["note"] for one in votes(run)] == ["too short"]
        await pilot.press("u")
        await until(pilot, partial(said, run))
        await pilot.press("l", "0")
        await until(pilot, partial(said, run, None))


async def test_a_narrow_terminal_says_so_and_keeps_what_was_voted(tmp_path: Path, update_golden: bool) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("g", "a")
        await shows(pilot, "1/4")
        await pilot.press("p")
        await shows(pilot, "1/4", "needs 100 columns, this terminal has 60")
        await pilot.resize_terminal(*WIDE)
        await pilot.press("p")
        await shows(pilot, "1/2")
        await pilot.press("a", "escape", "p")
        await shows(pilot, "2/2")
        for width, height in ((60, 20), (80, 24)):
            await pilot.resize_terminal(width, height)
            await shows(pilot, f"this terminal has {width}")
            await looks_like(pilot, f"pairs-{width}x{height}", update=update_golden)
        await pilot.resize_terminal(99, 40)
        await shows(pilot, "needs 100 columns, this terminal has 99; p rates one by one")
        await pilot.press("a")
        await pilot.resize_terminal(100, 40)
        await shows(pilot, "2/2", "no vote")
        await pilot.press("b")
        await until(pilot, partial(said, run, "left", "right"))


async def test_what_cannot_be_saved_outlives_the_screen_of_pairs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    full = True

    def write(path: Path, content: bytes) -> None:
        if full:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr("foundry_bench.session.ratings.replace_atomically", write)
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("g", "a")
        await shows(pilot, "1/4")
        await pilot.press("p")
        await shows(pilot, "1/2")
        await pilot.press("a")
        await shows(pilot, "1 not saved", "2/2")
        await pilot.press("p", "p")
        await shows(pilot, "2/2")
        full = False
        await pilot.press("e")
        await until(pilot, partial(said, run, "left", "alike"))
