"""Which models are in memory: what processes note, and who believes it."""

import os
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from foundry_bench.worker.loaded_models import LoadedModel, loaded_models, note_loaded, note_unloaded


@pytest.fixture
def noted(tmp_path: Path) -> LoadedModel:
    note_loaded(tmp_path, id="smol:1", alias="smol", measured=False, url=None)
    (found,) = loaded_models(tmp_path)
    return found


def test_a_process_notes_what_it_holds_until_it_no_longer_does(tmp_path: Path, noted: LoadedModel) -> None:
    assert (noted.id, noted.pid) == ("smol:1", os.getpid())
    assert noted.rss_mb
    note_unloaded(tmp_path)
    assert loaded_models(tmp_path) == ()


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({"started": 5.0}, True),  # the system's clock was set meanwhile: starts are told by it
        ({"started": 3600.0}, False),  # another process by the same number
        ({"pid": 2**30}, False),
    ],
)
def test_a_process_is_known_again_by_its_number_and_start(
    tmp_path: Path, noted: LoadedModel, change: dict[str, float], known: bool
) -> None:
    other = replace(noted, pid=int(change.get("pid", noted.pid)), started=noted.started - change.get("started", 0))
    file = tmp_path / "loaded" / f"{os.getpid()}.json"
    file.write_bytes(msgspec.json.encode(other))
    assert bool(loaded_models(tmp_path)) is known
    assert file.exists() is known
