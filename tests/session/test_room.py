"""Whether several models fit in memory at once."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

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


@pytest.mark.parametrize(
    ("weights", "problem"), [("weights.bin", None), (".", None), ("org/model", "the size of mine:w is not known")]
)
def test_weights_that_are_no_file_and_no_folder_have_no_known_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, weights: str, problem: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "weights.bin").write_bytes(bytes(1_000_000))
    target = Target(name="mine:w", backend="adapter", model="w", path=weights)
    assert asyncio.run(room.lack_of_room(Plan(models=("mine:w",)), [target])) == problem
