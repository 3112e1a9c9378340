import json
import re
from pathlib import Path

import pytest

from driving import make_app, running, screen_text
from foundry_bench.tui.drawn.caution_lines import caution_lines
from foundry_bench.tui.screens.model_detail import ModelDetailScreen
from foundry_bench.tui.screens.results import ResultsScreen
from foundry_bench.tui.widgets.chart import Chart
from foundry_bench.tui.widgets.figures_table import FiguresTable
from foundry_bench.values.plan import Prompt
from golden_text import looks_like
from recorded import record_run

SIZES = [(60, 20), (80, 24), (120, 40)]


@pytest.mark.parametrize("size", SIZES)
async def test_what_results_look_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2-135m", "broken")
        await driver.press("l")
        await driver.pilot.pause()
        await looks_like(driver, f"results-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.presses(ModelDetailScreen="o")
async def test_what_a_model_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs", rounds=6)
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2-135m")
        await driver.press("enter")
        await driver.shows("round 1")
        await driver.press("o", *(["f6"] if size[0] == 60 else []))
        await driver.shows("deviations")
        await looks_like(driver, f"model-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.parametrize(("size", "headings"), [((80, 24), ["p50"]), ((120, 40), ["p50", "p95", "max"])])
async def test_a_prompts_figures_keep_to_their_lines(
    tmp_path: Path, size: tuple[int, int], headings: list[str]
) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini")
        await driver.press("enter")
        await driver.shows("An answer to benefits.")
        await driver.press("k")
        await driver.shows("Prefill", "round 1")
        (line,) = (line for line in screen_text(app).splitlines() if " p50 " in line)
        assert [word for word in line.split() if word in {"p50", "p95", "max"}] == headings


async def test_the_best_is_marked_and_the_timing_error_told(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path, display={"ascii": True})
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "t")
        await driver.shows("0.140 ms", "* ")


@pytest.mark.parametrize(
    ("size", "error"), [((60, 20), "TTFT ± 0.140 ms"), ((80, 24), "TTFT ± 0.140 ms, ITL ± 0.020 ms")]
)
async def test_the_timing_error_says_whose_it_is(tmp_path: Path, size: tuple[int, int], error: str) -> None:
    record_run(tmp_path / "runs")
    async with running(make_app(tmp_path), size) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2-135m", error)
        assert ("ITL ±" in screen_text(driver.app)) == (size[0] == 80)


@pytest.mark.parametrize("size", SIZES)
async def test_answers_that_are_none_win_nothing_and_are_told_first(tmp_path: Path, size: tuple[int, int]) -> None:
    samples = record_run(tmp_path / "runs", rounds=6) / "samples.jsonl"
    lines = [json.loads(line) for line in samples.read_text("utf-8").splitlines()]
    changed = [line | ({"text": "..."} if line["model"] == "smollm2-135m" else {}) for line in lines]
    samples.write_text("".join(f"{json.dumps(line)}\n" for line in changed), "utf-8")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini", "! degenerate output: answers empty for 2 of 2", "! smollm2")
        assert "◆" not in screen_text(app)
        await driver.press("enter")
        await driver.shows("round 1")
        await driver.press("enter", "end")
        await driver.shows("! TTFT,")


@pytest.mark.parametrize(
    ("most", "lines"),
    [
        (4, ["! one two", "three", "! four", "+1 more: enter"]),
        (5, ["! one two", "three", "! four", "! five six", "seven"]),
        (1, ["! one two", "three", "+2 more: enter"]),
    ],
)
def test_cautions_that_do_not_fit_are_counted(most: int, lines: list[str]) -> None:
    texts = ["one two three", "four", "five six seven"]
    assert caution_lines(texts, "!", most, 10).plain.split("\n") == lines


@pytest.mark.presses(FiguresTable="l s S")
async def test_sorting_keeps_the_cursor_on_its_row(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini")
        table = app.screen.query_one("#figures", FiguresTable)
        await driver.press("l", "l", "j")
        assert (table.row_in_hand, table.column_in_hand) == ("phi-4-mini", "ttft_s.p50")
        await driver.press("s")
        assert [row.key.value for row in table.ordered_rows] == ["smollm2-135m", "phi-4-mini", "broken"]
        await driver.press("S")
        assert [row.key.value for row in table.ordered_rows] == ["phi-4-mini", "smollm2-135m", "broken"]
        assert (table.row_in_hand, table.column_in_hand) == ("phi-4-mini", "ttft_s.p50")
        await driver.shows("TTFT p50")


@pytest.mark.presses(ResultsScreen="slash w v")
async def test_filter_wide_and_charts(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini", "Latency per request")
        table = app.screen.query_one("#figures", FiguresTable)
        await driver.press("slash", *"phi", "enter")
        assert table.row_count == 1
        await driver.press("slash", "escape")
        await driver.until(lambda: table.row_count == 3)
        few = len(table.columns)
        await driver.press("w")
        assert len(table.columns) > few
        for title in ("Distribution of latency", "TTFT against tokens/s", "no answer is rated yet"):
            await driver.press("v")
            await driver.shows(title)


@pytest.mark.parametrize("size", SIZES)
async def test_the_filter_looks_for_models_and_devices_whatever_columns_there_are(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini", "TTFT")
        table = app.screen.query_one("#figures", FiguresTable)
        await driver.press("slash", *"cpu", "enter")
        assert [row.key.value for row in table.ordered_rows] == ["smollm2-135m", "phi-4-mini"]
        await driver.press("slash", "escape", "slash", *"mini phi cpu", "enter")
        assert [row.key.value for row in table.ordered_rows] == ["phi-4-mini"]


async def test_what_is_copied_is_whole_and_has_no_signs(tmp_path: Path) -> None:
    name = "a-model-with-a-name-that-no-column-has-room-for"
    record_run(tmp_path / "runs", models=(name, "phi-4-mini"))
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini", "◆")
        await driver.press("y")
        await driver.until(lambda: app.clipboard == name)
        await driver.press("l", "y")
        await driver.until(lambda: re.fullmatch(r"\d+\.?\d* ms", app.clipboard))
        await driver.press("h", "j", "j", "y")
        await driver.until(lambda: app.clipboard == "broken")


async def test_a_chart_is_a_key_away_on_small_screens(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "t")
        await driver.shows("phi-4-mini")
        await driver.press("v")
        await driver.shows("Latency per request")
        assert app.screen.query_one(Chart).plot is not None
        await driver.press("f6")
        await driver.hides("Latency per request")


async def test_why_a_model_failed(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "t")
        await driver.shows("broken")
        await driver.press("j", "j")
        await driver.shows("the file is [bold]truncated[/]", "download it again")


async def test_no_run_yet(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "t")
        await driver.shows("Nothing is recorded in")
        await driver.press("s", "w", "v", "enter", "y")


async def test_a_hostile_answer_stays_text(tmp_path: Path) -> None:
    record_run(tmp_path / "runs", hostile=True)
    app = make_app(tmp_path)
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2-135m")
        await driver.press("enter")
        await driver.shows("round 1")
        await driver.press("j")
        await driver.shows("red [red]not markup[/]", "bell")
        assert not set("\x1b\x07\u202e") & set(screen_text(app))
        await driver.press("b")
        await driver.until(lambda: not isinstance(app.screen, ModelDetailScreen))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.presses(ModelDetailScreen="b escape backspace j k")
async def test_an_answer_is_seen_at_once_and_scrolls(tmp_path: Path, size: tuple[int, int]) -> None:
    prompt = Prompt(id="benefits", prompt="Why are language models on the local device of use? " * 6)
    text = "\n".join(f"line {number}" for number in range(1, 61))
    record_run(tmp_path / "runs", rounds=6, text=text, prompts=(prompt,))
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        for leave in ("b", "escape", "backspace"):
            await driver.press("g", "t")
            await driver.shows("smollm2-135m")
            await driver.press("enter")
            await driver.shows("round 1", "b all models")
            assert app.screen.copied() == text
            if size[0] > 60:
                await driver.shows("line 1", f"line {size[1] // 2 - 5}")
            await driver.press("enter")
            await driver.shows("line 1", f"line {size[1] // 2 - 5}", "b to the list")
            await driver.press("j")
            assert app.screen.query_one("#answer-pane").scroll_offset.y == 1
            await driver.press("k")
            assert app.screen.query_one("#answer-pane").scroll_offset.y == 0
            await driver.press("end")
            await driver.shows("! answers to")
            await driver.press(leave)
            await driver.shows("b all models", "round 2")
            await driver.press(leave)
            await driver.until(lambda: isinstance(app.screen, ResultsScreen))


async def test_go_to_results_leaves_the_page_of_a_model(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2-135m")
        await driver.press("enter")
        await driver.shows("round 1")
        await driver.press("g", "t")
        await driver.until(lambda: isinstance(app.screen, ResultsScreen))
        await driver.press("g", "t")
        await driver.pilot.pause()
        assert isinstance(app.screen, ResultsScreen)


@pytest.mark.presses(ModelDetailScreen="right_square_bracket left_square_bracket")
async def test_ten_thousand_requests(tmp_path: Path) -> None:
    path = record_run(tmp_path / "runs", models=("smollm2-135m",))
    line = (path / "samples.jsonl").read_bytes().splitlines(keepends=True)[-1]
    with (path / "samples.jsonl").open("ab") as file:
        file.write(line * 10_000)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "t")
        await driver.shows("smollm2-135m")
        await driver.press("enter")
        await driver.shows("page 1/11")
        await driver.press("right_square_bracket")
        await driver.shows("page 2/11")
        await driver.press("left_square_bracket")
        await driver.shows("page 1/11")


async def test_a_chart_has_the_colors_of_the_terminal_itself(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path, display={"theme": "ansi-16"})
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "t")
        await driver.shows("Latency per request", "latency over request")
        styles = {str(span.style) for span in app.screen.query_one(Chart).render().spans}
        assert {"bright_cyan", "bright_yellow"} <= styles
