"""How much memory there is, in a container too."""

from pathlib import Path

import pytest

from foundry_bench.worker.room import read_room

MB = 1_000_000


@pytest.mark.parametrize(
    ("limit", "used_mb", "remembered_mb", "available_mb"),
    [
        (str(100 * MB), 30, (0, 0), 70),
        (str(100 * MB), 99, (60, 20), 81),  # a model's files, just downloaded, are given up where memory is wanted
        (str(100 * MB), 10, (20, 0), 100),
    ],
)
def test_a_containers_room_is_its_limit_but_for_what_programs_hold(
    tmp_path: Path, limit: str, used_mb: int, remembered_mb: tuple[int, int], available_mb: float
) -> None:
    inactive_mb, active_mb = remembered_mb
    (tmp_path / "memory.max").write_text(f"{limit}\n")
    (tmp_path / "memory.current").write_text(f"{used_mb * MB}\n")
    (tmp_path / "memory.stat").write_text(f"anon 1\ninactive_file {inactive_mb * MB}\nactive_file {active_mb * MB}\n")
    room = read_room(tmp_path)
    assert (room.total_mb, room.available_mb) == (100, available_mb)


def test_without_a_limit_there_is_what_the_machine_has(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("max\n")
    assert read_room(tmp_path).total_mb == read_room(tmp_path / "nothing").total_mb > 100
