"""One benchmark at a time on a host."""

import asyncio
import sys
from pathlib import Path

import pytest

from foundry_bench.session import host_turn as module
from foundry_bench.session.host_turn import host_turn


async def test_turns_are_taken_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_S", 0.001)
    at_work, most, waited = 0, 0, list[str]()

    async def work(name: str) -> None:
        nonlocal at_work, most
        async with host_turn(tmp_path / "fleet" / "host.turn", lambda: waited.append(name)):
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0.005)
            at_work -= 1

    await asyncio.gather(*map(work, "abc"))
    assert (most, waited) == (1, ["b", "c"])


async def test_what_a_killed_process_left_holds_nobody_up(tmp_path: Path) -> None:
    file = tmp_path / "host.turn"
    hold = (
        "import os, sys; from pathlib import Path; from foundry_bench.session.file_lock import lock; "
        "file = Path(sys.argv[1]).open('ab'); lock(file); file.write(b'x'); file.flush(); os.kill(os.getpid(), 9)"
    )
    killed = await asyncio.create_subprocess_exec(sys.executable, "-c", hold, file)
    assert await killed.wait() != 0
    assert file.read_bytes() == b"x"
    waited = list[str]()
    async with host_turn(file, lambda: waited.append("waits")):
        assert waited == []
