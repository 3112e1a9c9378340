"""The models that an application holds: one at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import cast

import pytest

from foundry_bench.session.model_actions import HeldModel
from foundry_bench.session.settings import resolve
from foundry_bench.session.supervisor import Worker
from foundry_bench.tui.model_keeper import ModelKeeper
from foundry_bench.values.events import ModelLoaded
from foundry_bench.values.plan import Target
from foundry_bench.values.record import Memory


class EndlessWorker:
    """A process that says nothing and lives on."""

    async def events(self) -> AsyncIterator[object]:
        await asyncio.Event().wait()
        yield None


async def test_while_one_model_takes_the_place_of_another_no_third_one_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[str] = []
    reached = {name: asyncio.Event() for name in "abc"}
    gates = {name: asyncio.Event() for name in "abc"}

    @contextlib.asynccontextmanager
    async def hold(target: Target, *_: object) -> AsyncIterator[HeldModel]:
        held.append(target.name)
        reached[target.name].set()
        await gates[target.name].wait()
        loaded = ModelLoaded(model=target.name, load_s=0.1, memory=Memory(loaded_mb=1.0))
        yield HeldModel(cast("Worker", EndlessWorker()), loaded)
        held.remove(target.name)

    monkeypatch.setattr("foundry_bench.session.model_actions.hold", hold)
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
