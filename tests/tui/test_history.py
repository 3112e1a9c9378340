from pathlib import Path

import pytest

from driving import make_app, running, screen_text
from golden_text import looks_like
from recorded import record_run


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    for minutes in range(3):
        record_run(tmp_path / "runs", minutes=minutes)
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "h")
        await driver.shows("3 runs")
        await driver.press("space")
        await driver.shows("one marked")
        await looks_like(driver, f"history-{size[0]}x{size[1]}", update=update_golden)


async def test_models_names_of_wide_characters_are_cut_where_the_room_ends(tmp_path: Path) -> None:
    record_run(tmp_path / "runs", models=("\u6a21\u578b" * 20, "phi-4-mini"))
    async with running(make_app(tmp_path)) as driver:
        await driver.press("g", "h")
        await driver.shows("1 run", "\u6a21\u578b", "…")


@pytest.mark.presses(FiguresTable="j enter")
async def test_a_run_is_opened(tmp_path: Path) -> None:
    for minutes in range(2):
        record_run(tmp_path / "runs", minutes=minutes)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "h")
        await driver.shows("2 runs")
        await driver.press("j", "enter")
        await driver.shows("run-000", "Results")
        assert app.current_mode == "results"


@pytest.mark.presses(HistoryScreen="space c")
async def test_two_runs_are_compared(tmp_path: Path) -> None:
    for minutes in range(3):
        record_run(tmp_path / "runs", minutes=minutes)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "h")
        await driver.shows("3 runs")
        await driver.press("space", "j", "j", "space", "c")
        await driver.shows("A smollm2-135m · run-000", "B smollm2-135m · run-002")


@pytest.mark.presses(HistoryScreen="slash")
async def test_filter_and_damage(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    broken = tmp_path / "runs" / "zz-broken"
    broken.mkdir()
    (broken / "run.json").write_text("{")
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "h")
        await driver.shows("2 runs", "unreadable")
        await driver.press("enter")
        await driver.shows("can't be read")
        await driver.press("slash", *"smol", "enter")
        await driver.shows("1 run")
        assert "unreadable" not in screen_text(app)


@pytest.mark.presses(HistoryScreen="right_square_bracket left_square_bracket")
async def test_more_than_a_page(tmp_path: Path) -> None:
    for number in range(1002):
        folder = tmp_path / "runs" / f"run-{number:04}"
        folder.mkdir(parents=True)
        (folder / "run.json").write_text("{")
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "h")
        await driver.shows("1002 runs", "page 1/2")
        await driver.press("right_square_bracket")
        await driver.shows("page 2/2")
        record_run(tmp_path / "runs")
        await driver.press("g", "s", "g", "h")
        await driver.shows("1003 runs", "page 2/2")
        await driver.press("left_square_bracket")
        await driver.shows("page 1/2")


async def test_a_folder_that_can_not_be_listed(tmp_path: Path) -> None:
    app = make_app(tmp_path, out=str(tmp_path / ("x" * 300)))
    async with running(app) as driver:
        await driver.press("g", "h")
        await driver.shows("too long")
        await driver.press("g", "c")
        await driver.shows("press a to choose", "too long")


async def test_no_runs(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "h")
        await driver.shows("Nothing is recorded in")
        await driver.press("space", "c", "enter")
        await driver.until(lambda: app.current_mode == "history")
