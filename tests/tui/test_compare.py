from dataclasses import replace
from pathlib import Path

import pytest

from driving import make_app, shows
from factories import make_plan
from golden_text import looks_like
from recorded import record_run


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_what_it_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    record_run(tmp_path / "runs")
    app = make_app(tmp_path)
    async with app.run_test(size=size) as pilot:
        await pilot.press("g", "c")
        await shows(pilot, "worse", "TTFT p95")
        await looks_like(pilot, f"compare-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.presses(CompareScreen="a b v", PickScreen="down")
async def test_sides_are_chosen_and_swapped(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    record_run(tmp_path / "runs", minutes=1)
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g", "c")
        await shows(pilot, "A smollm2-135m · run-001", "B phi-4-mini · run-001", "worse")
        await pilot.press("v")
        await shows(pilot, "A phi-4-mini · run-001", "B smollm2-135m · run-001", "better")
        await pilot.press("a")
        await shows(pilot, "type to find")
        await pilot.press(*"smol 000", "enter")
        await shows(pilot, "A smollm2-135m · run-000", "unclear")
        await pilot.press("b", "down", "enter")
        await shows(pilot, "B phi-4-mini · run-001")


async def test_changed_prompts_are_told(tmp_path: Path) -> None:
    record_run(tmp_path / "runs")
    prompts = tuple(replace(prompt, prompt=f"{prompt.prompt}?") for prompt in make_plan().prompts)
    record_run(tmp_path / "runs", minutes=1, prompts=prompts)
    app = make_app(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("g", "h")
        await shows(pilot, "2 runs")
        await pilot.press("space", "j", "c")
        await shows(pilot, "benefits, explain differ in text")


async def test_nothing_to_compare(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.press("g", "c")
        await shows(pilot, "press a to choose", "Record a run with two models")
        await pilot.press("a", "b", "v", "j", "k")
