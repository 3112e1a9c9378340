from pathlib import Path

import pytest

from driving import make_app, running, screen_text
from foundry_bench.session.formats import FORMATS
from golden_text import looks_like
from recorded import record_run


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(
    tmp_path: Path, size: tuple[int, int], update_golden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    record_run(Path("runs"))
    app = make_app(Path())
    async with running(app, size) as driver:
        await driver.press("g", "e")
        await driver.shows("run-000", *(["Benchmark report"] if size[0] > 76 else []))
        await looks_like(driver, f"report-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.presses(ReportScreen="w y")
async def test_marked_formats_are_written_and_the_paths_copied(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "e")
        await driver.shows("Benchmark report")
        await driver.press("j")
        await driver.shows("Preview html", "kB for a browser")
        await driver.press("w")
        await driver.shows("wrote 2 of 2", "wrote in ", "benchmark_report.md", "benchmark_report.html")
        written = app.screen.query_one("#written")
        lines = [written.render_line(y).text.strip() for y in range(written.size.height)]
        assert "".join(lines).replace("wrote in", "").strip().startswith(f"{run.absolute()}:")
        await driver.press("y")
        await driver.until(lambda: app.clipboard)
    assert app.clipboard == f"{run / 'benchmark_report.md'}\n{run / 'benchmark_report.html'}"
    assert (run / "benchmark_report.md").read_text().startswith("# Benchmark report")
    assert (run / "benchmark_report.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.presses(FormatList="space j")
async def test_each_format_can_be_marked(tmp_path: Path) -> None:
    run = record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "e")
        await driver.shows("Benchmark report")
        await driver.press("j", "j", "space", "j", "space", "j", "space", "w")
        await driver.shows("wrote 5 of 5")
    assert {path.name for path in run.glob("benchmark_report.*")} == {f"benchmark_report.{form}" for form in FORMATS}


@pytest.mark.presses(ReportScreen="i v", FormInput="escape")
async def test_another_path(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "e")
        await driver.shows("run-000")
        await driver.press("i", "end", *"-2", "escape", "w")
        await driver.shows("wrote 2 of 2")
        await driver.press("v")
        await driver.shows("# Benchmark report")
    assert (tmp_path / "runs" / "run-000" / "benchmark_report-2.md").exists()


async def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "e")
        await driver.shows("Benchmark report")
        await driver.press("i", "home", *"/nowhere", "enter", "w")
        await driver.shows("wrote 0 of 2")


async def test_a_home_folder_that_is_not_there(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    async with running(make_app(tmp_path), (120, 40)) as driver:
        await driver.press("g", "e")
        await driver.shows("Benchmark report")
        await driver.press("i", "home", "ctrl+k", *"~nouser/x", "enter", "w")
        await driver.shows("wrote 0 of 2", "there is no such")


async def test_no_run(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "e")
        await driver.shows("Nothing is recorded in")
        await driver.press("w", "y", "v")
        assert "Preview" in screen_text(app)
