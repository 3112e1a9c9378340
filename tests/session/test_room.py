"""Whether several models fit in memory at once."""

import asyncio
from collections.abc import Sequence

import pytest

from foundry_bench.session import room
from foundry_bench.values.events import CatalogEntry, CatalogListed
from foundry_bench.values.plan import Plan, Target

SMALL = CatalogEntry(id="smol-cpu:1", alias="smol", name="smol-cpu", device="CPU", size_mb=1)
ON_A_CARD = CatalogEntry(id="smol-gpu:1", alias="smol", name="smol-gpu", device="GPU", size_mb=1e9)
UNKNOWN = CatalogEntry(id="phi:1", alias="phi", name="phi", device="CPU")


@pytest.mark.parametrize(
    ("names", "device", "problem"),
    [
        (["smol-cpu", "SMOL-CPU:1"], None, None),  # a name means the same in any case, as it does where it is loaded
        (["smol"], "cpu", None),
        (["smol"], None, "together they need"),
        (["smol-cpu", "phi"], None, "the size of phi is not known"),
        (["nothing"], None, "the size of nothing is not known"),
    ],
)
def test_the_models_that_names_mean_are_held_against_the_memory(
    monkeypatch: pytest.MonkeyPatch, names: Sequence[str], device: str | None, problem: str | None
) -> None:
    async def listed(_plan: Plan) -> CatalogListed:
        return CatalogListed(entries=(SMALL, ON_A_CARD, UNKNOWN))

    monkeypatch.setattr(room, "list_models", listed)
    targets = [Target(name=name, backend="foundry", model=name, device=device) for name in names]
    found = asyncio.run(room.lack_of_room(Plan(models=tuple(names)), targets))
    assert found is None if problem is None else (found or "").startswith(problem)
