import asyncio
from pathlib import Path

import pytest

from driving import CATALOG, FakeCatalog, make_app, running, screen_text
from foundry_bench.tui.widgets.model_table import ModelTable
from foundry_bench.values.events import CatalogListed
from foundry_bench.values.plan import Plan
from golden_text import looks_like


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.presses(ModelTable="j")
async def test_it_looks_like_this(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.shows("Models 6", "by name")
        await driver.press("j", "space")
        await driver.shows("1 marked")
        await looks_like(driver, f"models-{size[0]}x{size[1]}", update=update_golden)


async def test_what_is_on_the_disk_is_there_before_the_catalog(tmp_path: Path, catalog: FakeCatalog) -> None:
    catalog.answers.clear()
    catalog.disk = CATALOG[4:5]
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("mine", "reading the catalog")
        catalog.listed = CatalogListed(entries=CATALOG[:5], note="the catalog could not be reached")
        catalog.answers.set()
        await driver.shows("phi-4-mini", "! the catalog could not be reached")


@pytest.mark.presses(FoundryBenchApp="q")
async def test_reading_the_catalog_fails_while_the_screen_is_taken_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken_down = asyncio.Event()

    async def list_models(_plan: Plan) -> CatalogListed:
        try:
            await asyncio.Event().wait()
        finally:
            await taken_down.wait()
            raise OSError("the worker's end was not clean")

    monkeypatch.setattr("foundry_bench.session.catalog.list_models", list_models)
    monkeypatch.setattr(ModelTable, "on_unmount", lambda _table: taken_down.set(), raising=False)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("reading the catalog")
        await driver.press("q")
    assert taken_down.is_set()
    assert app.return_code == 0


async def test_filter_as_you_type(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("gpt-oss-20b")
        await driver.press("slash", *"cuda")
        await driver.hides("gpt-oss-20b")
        assert "phi-4-mini" in screen_text(app)
        await driver.shows("Models 1 of 6 · 3 on disk")
        await driver.press("escape")
        await driver.shows("gpt-oss-20b", "Models 6")


@pytest.mark.presses(ModelsScreen="s S", ModelTable="G")
async def test_sort_keeps_the_row_in_hand(tmp_path: Path) -> None:
    app = make_app(tmp_path)

    def order(*names: str) -> list[int]:
        lines = [line[:48] for line in screen_text(app).splitlines()]
        return [next(i for i, line in enumerate(lines) if name in line) for name in names]

    async with running(app) as driver:
        await driver.shows("qwen2.5-0.5b")
        await driver.press("G")
        in_hand = app.screen.copied()
        await driver.press("s")
        await driver.shows("by size")
        assert app.screen.copied() == in_hand
        assert (found := order("qwen2.5", "phi-4", "gpt-oss")) == sorted(found)
        await driver.press("S")
        await driver.shows("by size ↓")
        assert (found := order("gpt-oss", "phi-4", "qwen2.5")) == sorted(found)


@pytest.mark.presses(ModelsScreen="space r slash", FilterLine="enter escape")
async def test_marked_models_go_to_the_plan(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("qwen2.5-0.5b")
        await driver.press(
            "slash", *"qwen", "enter", "space", "slash", "escape", "slash", *"mine", "enter", "space", "r"
        )
        await driver.shows("Summary", "2 models x 4 prompts")
        assert app.marked == ("mine", "qwen2.5-0.5b")


@pytest.mark.presses(ModelsScreen="c")
async def test_only_what_is_on_the_disk(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("gpt-oss-20b")
        await driver.press("c")
        await driver.hides("gpt-oss-20b")


async def test_names_of_others_are_data(tmp_path: Path, catalog: FakeCatalog) -> None:
    said = "\x1b]52;c;AAAA\x07the \u202ecatalog\nis old"
    catalog.listed = CatalogListed(entries=CATALOG, note=said)
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("[red]evil[/]", "! the  catalog is old")
        app.notify(said)
        await driver.shows(" the  catalog is old")
        assert not set("\x1b\x07\u202e") & set(screen_text(app))


@pytest.mark.presses(FrameScreen="f6")
async def test_the_panes_take_turns_where_it_is_narrow(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app, (60, 20)) as driver:
        await driver.shows("Models 6", "phi-4-mini")
        await driver.press("j", "f6")
        await driver.shows("tight: close other programs")
        await driver.press("f6")
        await driver.shows("81.0 GB free on its disk", "━━━━━━━━")
        await driver.press("f6")
        await driver.shows("Device")
        await driver.press("space")
        await driver.shows("Models 6", "1 marked", "by name ↑")
