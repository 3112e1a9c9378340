"""Each action of the application has a test that presses its key and sees what that does."""

import signal
from pathlib import Path

import pytest
from textual.widgets import OptionList

from driving import FakeCatalog, fake_hold, make_app, running
from foundry_bench.session.ratings import load_ratings
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.keys import bindings_of, key_owners
from foundry_bench.tui.widgets.event_log import EventLog
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.tui.widgets.format_list import FormatList
from pressing import claimed_by_all
from recorded import record_run


def test_each_action_has_a_test_that_presses_its_key() -> None:
    pressed = claimed_by_all(Path(__file__).parent)
    lacking = [
        f"{owner.__name__} {binding.key}: {binding.description}"
        for owner in key_owners()
        for binding in bindings_of(owner)
        if not any((owner.__name__, key) in pressed for key in binding.key.split(","))
    ]
    assert lacking == []


LONG = "\n".join(f"line {number}" for number in range(60))


def top(app: FoundryBenchApp, selector: str) -> int:
    """Which line of a pane stands on top."""
    return app.screen.query_one(selector).scroll_offset.y


@pytest.mark.presses(FoundryBenchApp="ctrl+z ctrl+q", FrameScreen="tab shift+f6", ModelsScreen="R", ModelTable="k")
async def test_models(tmp_path: Path, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.shows("by name", "qwen2.5-0.5b")
        await driver.press("G")
        last = app.screen.copied()
        await driver.press("k")
        assert app.screen.copied() != last
        await driver.press("R")
        await driver.until(lambda: len(catalog.asked) == 2)
        await driver.press("shift+f6")
        await driver.shows("81.0 GB free on its disk")
        await driver.press("tab")
        await driver.shows("by name")
        signals: list[int] = []
        monkeypatch.setattr("os.kill", lambda _pid, number: signals.append(number))
        monkeypatch.setattr(type(app._driver), "can_suspend", True)
        await driver.press("ctrl+z")
        assert signals == [signal.SIGTSTP]
        await driver.press("ctrl+q")
        await driver.until(lambda: not app.is_running)


@pytest.mark.presses(ModelsScreen="l u")
async def test_a_model_is_loaded_and_unloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[str] = []

    monkeypatch.setattr("foundry_bench.session.model_actions.hold", fake_hold(held))
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("by name", "qwen2.5-0.5b")
        await driver.press("slash", *"qwen", "enter", "l")
        await driver.shows("loaded in 0.10 s")
        assert held == ["qwen2.5-0.5b"]
        await driver.press("u")
        await driver.shows("qwen2.5-0.5b: unloaded")
        assert held == []


@pytest.mark.presses(
    CompareScreen="j k",
    PickScreen="up escape",
    ReportScreen="j k",
    FormatList="k",
    HelpScreen="j k",
    FiguresTable="h k",
)
async def test_moving_and_scrolling(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "c")
        await driver.shows("B phi-4-mini", "worse")
        await driver.press("j")
        assert top(app, "#list") == 1
        await driver.press("k")
        assert top(app, "#list") == 0
        await driver.press("a", "down", "up")
        assert app.screen.query_one(OptionList).highlighted == 0
        await driver.press("escape", "g", "t")
        await driver.shows("phi-4-mini", "TTFT")
        table = app.screen.query_one("#figures", FiguresTable)
        before = table.row_in_hand, table.column_in_hand
        await driver.press("l", "j")
        assert before[0] != table.row_in_hand
        assert before[1] != table.column_in_hand
        await driver.press("h", "k")
        assert (table.row_in_hand, table.column_in_hand) == before
        await driver.press("question_mark", "j")
        assert top(app, "#scroll") == 1
        await driver.press("k")
        assert top(app, "#scroll") == 0
        await driver.press("escape", "g", "e")
        await driver.shows("run-000", "HTML")
        formats = app.screen.query_one(FormatList)
        await driver.press("j", "k")
        assert formats.highlighted == 0
        await driver.press("v")
        await driver.shows("# Benchmark report")
        await driver.press("j")
        assert top(app, "#preview-pane") == 1
        await driver.press("k")
        assert top(app, "#preview-pane") == 0


@pytest.mark.presses(RateScreen="1 2 3 4 5 0 u n p left right j k", NoteScreen="escape", PairwiseScreen="j k")
async def test_rating_one_by_one_and_in_pairs(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs", text=LONG)
    app = make_app(tmp_path)
    async with running(app, (120, 20)) as driver:
        await driver.press("g", "a")
        await driver.shows("1/4", "line 1")
        await driver.press("j")
        assert top(app, ".-in-hand") == 1
        await driver.press("k")
        assert top(app, ".-in-hand") == 0
        await driver.press("right")
        await driver.shows("B - rate this one")
        await driver.press("left")
        await driver.shows("A - rate this one")
        for count, key in enumerate("123"):
            await driver.press(key, "n", "escape")
            assert [one.score for one in load_ratings(run).hand] == [1, 2, 3][: count + 1]
        for key, score in (("4", 4), ("5", 5), ("0", None)):
            await driver.press(key)
            assert load_ratings(run).hand[-1].score == score
            await driver.press("u")
        assert [one.score for one in load_ratings(run).hand] == [1, 2, 3]
        await driver.press("p")
        await driver.shows("1/2", "A is better")
        await driver.press("j")
        assert (top(app, "#left"), top(app, "#right")) == (1, 1)
        await driver.press("k")
        assert (top(app, "#left"), top(app, "#right")) == (0, 0)


@pytest.mark.presses(RunScreen="r t", FormInput="down up", EventLog="k j pageup pagedown")
async def test_run(tmp_path: Path, reference_server: str) -> None:
    model = "reference?interval_ms=2&delay_ms=5"
    app = make_app(tmp_path, endpoint=reference_server, models=(model,), rounds=1, max_tokens=8, calibrate=False)
    async with running(app) as driver:
        await driver.press("g", "r")
        await driver.shows("Summary")
        await driver.press("tab", "tab", "down")
        below = app.focused
        await driver.press("up")
        assert app.focused is not below
        await driver.press("down")
        assert app.focused is below
        await driver.press("escape", "r")
        await driver.shows("the run is over: done")
        app.screen.query_one(EventLog).focus()
        log = app.screen.query_one(EventLog)
        newest = log._back
        for back, forth in (("k", "j"), ("pageup", "pagedown")):
            await driver.press(back)
            assert log._back > newest
            await driver.press(forth)
            assert log._back == newest
        await driver.press("r")
        await driver.shows("Summary")
        await driver.press("r")
        await driver.until(lambda: app.control.running)
        await driver.until(lambda: not app.control.running)
        await driver.press("t")
        await driver.mode_is("results")
