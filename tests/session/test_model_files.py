"""Damage of a model's files, seen at once or against their first sight."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from foundry_bench.session import model_files
from foundry_bench.session.model_files import Damage, examine

WEIGHTS = bytes(range(1, 256)) * 8000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "cache" / "maker" / "small-1"
    folder.mkdir(parents=True)
    (folder / "genai_config.json").write_text(json.dumps({"model": {"decoder": {"filename": "model.onnx"}}}))
    (folder / "inference_model.json").write_text('{"Name": "small:1"}')
    (folder / "model.onnx").write_bytes(WEIGHTS)
    return folder


def keep_time(path: Path, change: Callable[[Path], object]) -> None:
    """Change a file without its time telling, as a failing disk does."""
    stat = path.stat()
    change(path)
    if path.exists():
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def damages(folder: Path) -> list[tuple[str, bool]]:
    return [(damage.what, damage.certain) for damage in examine([folder], 5.0).damages]


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_whole_model_is_well_again_and_again(folder: Path) -> None:
    found = [examine([folder], 5.0) for _ in range(2)]
    assert [(one.damages, one.compared, one.files) for one in found] == [((), 3, 3), ((), 3, 3)]


@pytest.mark.parametrize(
    ("name", "change", "what", "certain"),
    [
        ("model.onnx", flip, "model.onnx is not what it was at first sight", True),
        ("model.onnx", lambda path: path.write_bytes(WEIGHTS[:-5]), "model.onnx was 2,040,000 bytes and is", True),
        ("genai_config.json", lambda path: path.write_text(path.read_text() + " "), "genai_config.json was ", False),
    ],
)  # fmt: skip
def test_what_changed_since_the_first_sight_is_named_every_time(
    folder: Path, name: str, change: Callable[[Path], object], what: str, certain: bool
) -> None:
    assert damages(folder) == []
    keep_time(folder / name, change)
    for _ in range(2):
        ((found, sure),) = damages(folder)
        assert found.startswith(what)
        assert sure is certain


def test_a_file_that_is_gone_is_named(folder: Path) -> None:
    examine([folder], 5.0)
    (folder / "model.onnx").unlink()
    assert damages(folder) == [("model.onnx is missing", True), ("model.onnx is gone", True)]


def test_zeros_in_place_of_weights_are_seen_at_first_sight(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(WEIGHTS[:600_000] + bytes(len(WEIGHTS) - 600_000))
    assert damages(folder) == [("model.onnx holds mostly zeros", True)]


def test_a_model_that_was_fetched_again_begins_anew(folder: Path) -> None:
    examine([folder], 5.0)
    flip(folder / "model.onnx")
    stat = (folder / "inference_model.json").stat()
    os.utime(folder / "inference_model.json", ns=(stat.st_atime_ns, stat.st_mtime_ns + 10**9))
    assert damages(folder) == []


@pytest.mark.parametrize("content", ["{", "[" * 100_000, '{"model": 1}'])
def test_an_unreadable_configuration_is_damage(folder: Path, content: str) -> None:
    (folder / "genai_config.json").write_text(content)
    assert examine([folder], 5.0).damages == (Damage(folder=folder, what="genai_config.json can't be read"),)


def test_without_time_nothing_is_hashed_and_the_oldest_comes_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert examine([folder], -1.0).compared == 0
    ticks = iter(range(100))
    monkeypatch.setattr("foundry_bench.session.model_files.time.monotonic", lambda: next(ticks))
    assert examine([folder], 1.0).compared == 1  # the smallest of those never compared
    seen = model_files._read_index()[str(folder)].files
    assert [name for name, file in seen.items() if file.sha256] == ["inference_model.json"]


def test_large_files_are_hashed_in_pieces(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "_CHUNK", 1000)
    monkeypatch.setattr(model_files, "_PIECES", 10)
    whole = model_files._sha256(folder / "model.onnx", len(WEIGHTS))
    content = bytearray(WEIGHTS)
    content[1500] ^= 1  # between the first piece and the second
    (folder / "model.onnx").write_bytes(content)
    assert model_files._sha256(folder / "model.onnx", len(WEIGHTS)) == whole
    content[500] ^= 1
    (folder / "model.onnx").write_bytes(content)
    assert model_files._sha256(folder / "model.onnx", len(WEIGHTS)) != whole
