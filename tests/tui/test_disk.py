"""What a key leads to is read from the disk in a thread: however slow the disk is, it holds up no other key."""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from driving import make_app, running
from recorded import record_run

_watched: list[str] = []
_opened: list[str] = []


def _hear(event: str, args: tuple[object, ...]) -> None:
    in_main_thread = threading.current_thread() is threading.main_thread()
    if _watched and event == "open" and in_main_thread and str(args[0]).startswith(_watched[0]):
        _opened.append(str(args[0]))


sys.addaudithook(_hear)  # for good: there is no way to take it away again


@contextlib.contextmanager
def opened_on_the_event_loop(folder: Path) -> Iterator[list[str]]:
    """The files in a folder that are opened in the main thread meanwhile."""
    _opened.clear()
    _watched.append(str(folder))
    yield _opened
    _watched.clear()


async def test_runs_and_prompts_are_read_in_threads(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    record_run(runs)
    record_run(runs, minutes=1)
    prompts = runs / "prompts.json"
    prompts.write_text('["Why local?"]')
    app = make_app(tmp_path, models=("phi-4-mini",))
    async with running(app, (120, 40)) as driver:
        with opened_on_the_event_loop(runs) as opened:
            await driver.press("g", "a")
            await driver.shows("1/4")
            await driver.press("g", "e")
            await driver.shows("Benchmark report")
            await driver.press("g", "h")
            await driver.shows("2 runs")
            await driver.press("space", "j", "c")
            await driver.shows("A smollm2-135m · run-000", "B smollm2-135m · run-001")
            await driver.press("g", "r", "tab", "down", "down", *str(prompts))
            await driver.shows("1 model x 1 prompt")
    assert opened == []
