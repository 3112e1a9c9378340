import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from driving import make_app, running, screen_text
from foundry_bench.tui.screens.blind import read_answers
from foundry_bench.values.facets import Facet
from foundry_bench.values.plan import Prompt
from golden_text import looks_like
from recorded import record_run


@pytest.fixture(autouse=True)
def _rater(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ada")


def ratings(run: Path) -> list[dict[str, object]]:
    file = run / "ratings.json"
    return json.loads(file.read_text())["hand"] if file.exists() else []


def saved(run: Path, count: int) -> bool:
    return len(ratings(run)) == count


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("4")
        await driver.shows("2/4", "good")
        await looks_like(driver, f"rate-{size[0]}x{size[1]}", update=update_golden)


MINUTES = "\n".join(f"{number}. Somebody said something of some weight at the meeting." for number in range(1, 40))
MEETING = Prompt(
    id="benefits",
    prompt=f"Summarize the minutes.\n{MINUTES}",
    facets=(
        "tone",
        Facet(name="faithful", ask="Is everything in it said in the meeting?"),
        Facet(name="short", ask="Is it short?", max_words=50),
    ),
)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
@pytest.mark.presses(RateScreen="v", PairwiseScreen="v")
async def test_a_long_prompt_is_cut_with_a_mark_and_shown_whole_by_a_key(tmp_path: Path, size: tuple[int, int]) -> None:
    record_run(tmp_path / "runs", prompts=(MEETING, Prompt(id="explain", prompt="What is RAG?")))
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "a")
        for pairs in (False, True):
            await driver.shows(
                "Summarize the minutes.", "… v: the whole prompt", "rate: Is everything in it", "v prompt"
            )
            assert "Is it short?" not in screen_text(app)
            lines = screen_text(app).splitlines()
            shown = next(number for number, line in enumerate(lines) if "rate: " in line)
            assert shown == size[1] // 3
            assert "An answer to benefits." in screen_text(app)
            await driver.press("v")
            await driver.shows("\n 2. Somebody")
            await driver.hides("An answer to benefits.")
            await driver.press("j")
            assert app.screen.query_one("#question").scroll_offset.y == 1
            await driver.press("v")
            await driver.shows("An answer to benefits.", "… v: the whole prompt")
            await driver.press(*([] if pairs else ["p"]))
            await driver.shows("1/2" if not pairs else "1/")


async def test_names_come_at_the_end(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs", hostile=True)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "a")
        for count, key in enumerate("5501", 1):
            await driver.shows(f"{count}/4")
            text = screen_text(app)
            assert "smollm2" not in text
            assert "phi-4" not in text
            assert not set("\x1b\x07\u202e") & set(text)
            await driver.press(key)
            await driver.until(partial(saved, run, count))
        await driver.shows("All 4 answers are rated", "smollm2-135m", "phi-4-mini", "mean of")
        await driver.shows(f"foundry-bench rate {run.name} --rater NAME")
        await driver.press("3")
        assert len(ratings(run)) == 4
    assert sorted(str(one["score"]) for one in ratings(run)) == ["1", "5", "5", "None"]
    assert {one["by"] for one in ratings(run)} == {"ada"}


async def test_undo_notes_and_moving(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("u")
        await driver.shows("nothing to undo")
        await driver.press("2", "n", *"too short", "enter")
        await driver.until(lambda: [one["note"] for one in ratings(run)] == ["too short"])
        assert [one["score"] for one in ratings(run)] == [2]
        await driver.press("u")
        await driver.until(lambda: ratings(run) == [])
        await driver.shows("1/4")
        await driver.press("l", "5")
        await driver.until(lambda: [one["score"] for one in ratings(run)] == [5])


async def test_what_is_said_while_the_run_is_read_again_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = record_run(tmp_path / "runs")
    read, go_on = asyncio.Event(), asyncio.Event()
    go_on.set()
    to_thread = asyncio.to_thread

    async def hold_back(function: Any, *args: Any) -> Any:
        found = await to_thread(function, *args)
        if function is read_answers:
            read.set()
            await go_on.wait()
        return found

    monkeypatch.setattr("asyncio.to_thread", hold_back)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        rate = app.screen
        read.clear()
        go_on.clear()
        await driver.press("g", "h", "g", "a")
        await read.wait()
        await driver.press("4")
        await driver.until(partial(saved, run, 1))
        go_on.set()
        await driver.until(lambda: not rate.workers)
        await driver.shows("2/4")
        assert [one.score for one in rate.course.said] == [4]


async def test_it_goes_on_where_it_was_left(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    for count in (1, 2):
        app = make_app(tmp_path)
        async with running(app, (60, 20)) as driver:
            await driver.press("g", "a")
            await driver.shows(f"{count}/4")
            await driver.press("3")
            await driver.until(partial(saved, run, count))


async def test_what_cannot_be_saved_is_kept_and_tried_again(tmp_path: Path, full: list[bool]) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("4", "5")
        await driver.shows("2 not saved", "No space left")
        full[0] = False
        await driver.press("1")
        await driver.until(lambda: sorted(str(one["score"]) for one in ratings(run)) == ["1", "4", "5"])


async def test_a_damaged_file_is_left_alone(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    (run / "ratings.json").write_text('{"schema": ')
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "a")
        await driver.shows("mend it, or move it away")
        await driver.press("4")
    assert (run / "ratings.json").read_text() == '{"schema": '


async def test_what_waits_to_be_saved_outlives_a_look_at_another_run(tmp_path: Path, full: list[bool]) -> None:
    first = record_run(tmp_path / "runs")
    second = record_run(tmp_path / "runs", minutes=1)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4")
        await driver.press("4", "u")
        await driver.shows("not undone", "2/4")
        app.chosen_run = first
        await driver.press("g", "h", "g", "a")
        await driver.shows("1/4")
        full[0] = False
        await driver.press("5")
        await driver.until(partial(saved, first, 1))
    assert [one["score"] for one in ratings(second)] == [4]
    assert [one["score"] for one in ratings(first)] == [5]


async def test_it_opens_on_a_run_for_a_rater_and_leaves_the_facets_alone(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    record_run(tmp_path / "runs", minutes=1)
    answer = {"model": "phi-4-mini", "prompt_id": "benefits", "text_sha256": "phi-4-mini-benefits-1", "by": "bob"}
    facet = answer | {"facet": "tone", "score": 2, "at": "2026-11-22T15:00:00Z"}
    document = {"schema": "foundry-bench/ratings/1", "run": run.name, "hand": [facet]}
    (run / "ratings.json").write_text(json.dumps(document))
    app = make_app(tmp_path, start=run)
    app.rater = "bob"
    async with running(app) as driver:
        for count in range(1, 5):
            await driver.shows(f"{count}/4")
            await driver.press("4")
            await driver.until(partial(saved, run, count + 1))
        await driver.shows("All 4 answers are rated")
    assert {one["by"] for one in ratings(run)} == {"bob"}
    assert facet in ratings(run)
