"""Downloads, loads and removals by key press, with a queue that does as the test says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from driving import make_app, running, screen_text
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan, Runtime, Target
from foundry_bench.values.transfer import Transfer, begun, found, progressed


class ScriptedQueue:
    """Stands where the real queue would start workers; moves on when it is told to."""

    last: "ScriptedQueue"

    def __init__(self, _runtime: Runtime, listener: Callable[[Transfer], None]) -> None:
        ScriptedQueue.last = self
        self.transfers: dict[str, Transfer] = {}
        self._listener = listener

    @property
    def running(self) -> bool:
        return any(transfer.open for transfer in self.transfers.values())

    def add(self, target: Target, size_mb: float | None = None) -> None:
        self.change(Transfer(name=target.name, size_mb=size_mb))

    def cancel(self, name: str) -> None:
        self.change(replace(self.transfers[name], state="cancelled"))

    async def close(self) -> None:
        self.transfers.clear()

    def reach(self, name: str, model_id: str, received_mb: float) -> None:
        """Two seconds after its beginning so much of it has arrived."""
        transfer = found(begun(self.transfers[name], 10.0), 10.0, model_id, None)
        self.change(progressed(progressed(transfer, 11.0, received_mb=0.0), 12.0, received_mb=received_mb))

    def finish(self, name: str) -> None:
        self.change(replace(self.transfers[name], state="done", fraction=1.0))

    def change(self, transfer: Transfer) -> None:
        self.transfers[transfer.name] = transfer
        self._listener(transfer)


@pytest.fixture(autouse=True)
def _scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundry_bench.session.downloads.Downloads", ScriptedQueue)


@pytest.mark.presses(ModelsScreen="d")
async def test_d_downloads_the_model_in_hand_and_d_again_gives_it_up(tmp_path: Path) -> None:
    async with running(make_app(tmp_path), (120, 40)) as driver:
        await driver.shows("gpt-oss-20b", "by name")
        await driver.press("slash", *"gpt", "enter", "d")
        ScriptedQueue.last.reach("gpt-oss-20b", "gpt-oss-20b:1", 3150.0)
        await driver.shows("25%", "3150.0 MB/s", "x cancel", "of 12.6 GB")
        await driver.press("d")
        await driver.shows("cancelled at 0%")
        await driver.hides("x cancel")


async def test_downloads_go_on_in_other_modes_and_end_on_the_disk(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("gpt-oss-20b", "by name", "3 on disk")
        await driver.press("slash", *"gpt", "enter", "d", "g", "h")
        await driver.mode_is("history")
        ScriptedQueue.last.reach("gpt-oss-20b", "gpt-oss-20b:1", 6300.0)
        ScriptedQueue.last.finish("gpt-oss-20b")
        await driver.shows("gpt-oss-20b: 12.6 GB on the disk")
        await driver.press("g", "m")
        await driver.shows("4 on disk")


async def test_a_registry_that_is_damaged_meanwhile_is_told_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_plan: Plan) -> None:
        raise InputError("registry.json: not a list")

    async with running(make_app(tmp_path)) as driver:
        await driver.shows("gpt-oss-20b", "by name", "3 on disk")
        await driver.press("slash", *"gpt", "enter", "d")
        monkeypatch.setattr("foundry_bench.tui.machine.look", damaged)
        ScriptedQueue.last.reach("gpt-oss-20b", "gpt-oss-20b:1", 6300.0)
        ScriptedQueue.last.finish("gpt-oss-20b")
        await driver.shows("registry.json: not a list")


@pytest.mark.presses(ModelsScreen="x")
async def test_all_marked_models_are_queued(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("gpt-oss-20b", "by name")
        await driver.press("j", "space", "j", "j", "space", "d")
        await driver.until(lambda: len(ScriptedQueue.last.transfers) == 2)
        assert set(ScriptedQueue.last.transfers) == {"gpt-oss-20b", "phi-4-mini-instruct-generic-cpu:5"}
        await driver.press("x")
        states = (transfer.state for transfer in ScriptedQueue.last.transfers.values())
        assert sorted(states) == ["cancelled", "waiting"]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)], ids="{0[0]}x{0[1]}".format)
async def test_where_all_marked_models_are_on_the_disk_none_is_downloaded(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = make_app(tmp_path)
    async with running(app, size) as driver:
        await driver.shows("gpt-oss-20b", "by name")
        await driver.press("slash", *"qwen", "enter", "space")
        await driver.shows("1 marked")
        await driver.press("slash", *["backspace"] * 4, *"gpt", "enter", "d")
        await driver.shows("all marked models are on the disk")
        assert app.keeper.transfers == ()


async def test_the_key_that_gives_a_download_up_has_room_where_it_is_narrow(tmp_path: Path) -> None:
    async with running(make_app(tmp_path), (60, 20)) as driver:
        await driver.shows("gpt-oss-20b", "by name")
        await driver.press("slash", *"gpt", "enter", "d")
        await driver.shows("x cancel", "g go to q quit ? help")


async def test_a_marked_model_that_no_list_has_is_named(tmp_path: Path) -> None:
    app = make_app(tmp_path, models=("nobodys", "qwen2.5-0.5b"))
    async with running(app) as driver:
        await driver.shows("gpt-oss-20b", "by name", "2 marked")
        await driver.press("d")
        await driver.shows("nobodys: not in the catalog; what else is marked is on the disk")
        assert app.keeper.transfers == ()


async def test_quitting_while_a_download_is_under_way_asks(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("gpt-oss-20b", "by name")
        await driver.press("slash", *"gpt", "enter", "d", "q")
        await driver.shows("A download is under way. What was fetched stays")
        await driver.press("n")
        await driver.hides("A download is under way")
        assert app.is_running


async def test_what_is_not_on_the_disk_is_neither_loaded_nor_removed(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("gpt-oss-20b", "by name")
        await driver.press("slash", *"gpt", "enter", "l")
        await driver.shows("gpt-oss-20b is not on the disk; d downloads it")
        await driver.press("D")
        await driver.shows("gpt-oss-20b is not on the disk")
        assert "Delete" not in screen_text(driver.app)


@pytest.mark.presses(ModelsScreen="D")
async def test_removing_asks(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("qwen2.5-0.5b", "by name")
        await driver.press("slash", *"qwen", "enter", "D")
        await driver.shows("Delete qwen2.5-0.5b from this disk?", "y remove", "n keep")
        await driver.press("n")
        await driver.hides("Delete qwen2.5-0.5b")
