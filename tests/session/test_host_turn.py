"""One benchmark at a time on a host."""

import os
from pathlib import Path

import pytest

from foundry_bench.session import host_turn
from foundry_bench.session.host_turn import _taken
from foundry_bench.worker.processes import this_process


def test_a_turn_is_ones_alone_where_two_ask_at_the_same_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, others = tmp_path / "host.turn", list[bool]()

    def while_another_asks() -> dict[str, float]:
        monkeypatch.setattr(host_turn, "this_process", this_process)
        others.extend(_taken(file) for _ in range(2))
        return this_process()

    monkeypatch.setattr(host_turn, "this_process", while_another_asks)
    assert (_taken(file), others) == (True, [False, False])
    assert not _taken(file)


@pytest.mark.parametrize("content", [b"", b'{"pid": 1073741824, "started": 5.0}'])
def test_what_a_killed_process_left_holds_nobody_up(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "host.turn"
    file.write_bytes(content)
    os.utime(file, (5.0, 5.0))
    assert [_taken(file), _taken(file)] == [False, True]
