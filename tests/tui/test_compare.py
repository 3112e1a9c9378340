import json
from dataclasses import replace
from pathlib import Path

import pytest

from driving import make_app, running
from factories import make_plan
from golden_text import looks_like
from recorded import record_run


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.press("g", "c")
        await driver.shows("worse", "TTFT p95")
        await looks_like(driver, f"compare-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.presses(CompareScreen="a b v", PickScreen="down")
async def test_sides_are_chosen_and_swapped(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    record_run(tmp_path / "runs", minutes=1)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "c")
        await driver.shows("A smollm2-135m · run-001", "B phi-4-mini · run-001", "worse")
        await driver.press("v")
        await driver.shows("A phi-4-mini · run-001", "B smollm2-135m · run-001", "better")
        await driver.press("a")
        await driver.shows("type to find")
        await driver.press(*"smol 000", "enter")
        await driver.shows("A smollm2-135m · run-000", "unclear")
        await driver.press("b", "down", "enter")
        await driver.shows("B phi-4-mini · run-001")


async def test_changed_prompts_are_told(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    prompts = tuple(replace(prompt, prompt=f"{prompt.prompt}?") for prompt in make_plan().prompts)
    record_run(tmp_path / "runs", minutes=1, prompts=prompts)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "h")
        await driver.shows("2 runs")
        await driver.press("space", "j", "c")
        await driver.shows("benefits, explain differ in text")


async def test_a_run_that_is_damaged_after_its_head_hides_no_other(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    file = record_run(tmp_path / "runs", minutes=1) / "run.json"
    document = json.loads(file.read_text())
    document["models"][0]["counts"] = "x"
    file.write_text(json.dumps(document, indent=2))
    async with running(make_app(tmp_path)) as driver:
        await driver.press("g", "c")
        await driver.shows("A smollm2-135m · run-000", "B phi-4-mini · run-000")


async def test_what_is_chosen_is_what_the_list_said_when_it_was_opened(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.press("g", "c")
        await driver.shows("A smollm2-135m · run-000", "worse")
        screen = app.screen
        await driver.press("a")
        await driver.shows("type to find")
        record_run(tmp_path / "runs", minutes=1)
        await screen.load().wait()
        await driver.press("down", "enter")
        await driver.shows("A phi-4-mini · run-000")


async def test_nothing_to_compare(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.press("g", "c")
        await driver.shows("press a to choose", "Nothing is recorded in")
        await driver.press("a", "b", "v", "j", "k")
