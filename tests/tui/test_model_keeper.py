"""The models that an application holds: one at a time."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.notifications import SeverityLevel

from driving import fake_hold, make_app, running
from foundry_bench.session.own_models import OwnModel, register
from foundry_bench.session.paths import data_dir
from foundry_bench.session.settings import resolve
from foundry_bench.tui.model_keeper import ModelKeeper
from foundry_bench.values.events import ModelRemoved
from foundry_bench.values.plan import Target


async def test_while_one_model_takes_the_place_of_another_no_third_one_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[str] = []
    reached = {name: asyncio.Event() for name in "abc"}
    gates = {name: asyncio.Event() for name in "abc"}

    async def entered(name: str) -> None:
        reached[name].set()
        await gates[name].wait()

    monkeypatch.setattr("foundry_bench.session.model_actions.hold", fake_hold(held, entered))
    told = asyncio.Event()
    keeper = ModelKeeper(resolve({}, {}, models_needed=False), lambda *_: told.set())

    async def holds(name: str) -> bool:
        while keeper.loaded is None:
            told.clear()
            await told.wait()
        return keeper.loaded == name

    keeper.load("a")
    gates["a"].set()
    assert await holds("a")
    keeper.load("b")
    await reached["b"].wait()
    keeper.load("c")
    gates["b"].set()
    gates["c"].set()
    assert await holds("b")
    assert held == ["b"]
    await keeper.close()
    assert held == []


async def test_a_model_that_was_loaded_by_its_alias_is_unloaded_before_its_id_is_removed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[str] = []
    at_removal: list[list[str]] = []
    told = asyncio.Event()

    async def remove(target: Target, *_: object) -> ModelRemoved:
        at_removal.append(list(held))
        return ModelRemoved(model=target.name, id=target.name, freed_mb=1.0)

    monkeypatch.setattr("foundry_bench.session.model_actions.hold", fake_hold(held, ids={"phi": "phi-cpu:1"}))
    monkeypatch.setattr("foundry_bench.session.model_actions.remove", remove)
    keeper = ModelKeeper(resolve({}, {}, models_needed=False), lambda *_: told.set())

    async def until(reached: Callable[[], bool]) -> None:
        while not reached():
            told.clear()
            await told.wait()

    keeper.load("phi")
    await until(lambda: keeper.loaded == "phi")
    keeper.remove("other-cpu:1", "other-cpu:1")
    await until(lambda: len(keeper.disk_changes) == 1)
    keeper.remove("phi-cpu:1", "phi-cpu:1")
    await until(lambda: len(keeper.disk_changes) == 2)
    assert at_removal == [["phi"], []]
    await keeper.close()


async def test_a_list_of_own_models_that_can_not_be_written_is_told() -> None:
    register("mine", OwnModel(path="models/mine", source="models/mine"))
    said: list[str] = []
    told = asyncio.Event()

    def changed(line: str, _severity: SeverityLevel) -> None:
        said.append(line)
        told.set()

    keeper = ModelKeeper(resolve({}, {}, models_needed=False), changed)
    keeper.remove("mine", "mine")
    make_a_folder_of(data_dir() / "models" / "registry.json")
    async with asyncio.timeout(10):
        await told.wait()
    assert "Is a directory" in said[0]
    assert keeper.disk_changes == []


@pytest.mark.parametrize("keys", ["l", "d", "Dy"])
async def test_a_list_of_own_models_that_can_not_be_read_is_told(tmp_path: Path, keys: str) -> None:
    make_a_folder_of(data_dir() / "models" / "registry.json")
    async with running(make_app(tmp_path)) as driver:
        await driver.shows("by name", "qwen2.5-0.5b")
        await driver.press("slash", *("gpt" if keys == "d" else "qwen"), "enter", *keys)
        await driver.shows("Is a directory")


def make_a_folder_of(file: Path) -> None:
    file.unlink(missing_ok=True)
    file.mkdir(parents=True)
