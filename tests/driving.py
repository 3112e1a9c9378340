"""Drives the application by key press, and reads its screen as text."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import psutil
from textual.app import App
from textual.pilot import Pilot

from foundry_bench.session.beacons import Beacon
from foundry_bench.session.model_actions import HeldModel
from foundry_bench.session.settings import resolve
from foundry_bench.session.supervisor import Worker
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.display import Display
from foundry_bench.values.events import CatalogEntry, CatalogListed, Event, ModelDescribed, ModelLoaded
from foundry_bench.values.plan import Plan, Target
from foundry_bench.values.record import Memory

LIMIT_S = 30

CATALOG = (
    CatalogEntry(
        id="phi-4-mini-instruct-generic-cpu:5",
        alias="phi-4-mini",
        name="phi-4-mini-instruct-generic-cpu",
        device="CPU",
        execution_provider="CPUExecutionProvider",
        size_mb=3700.0,
        license="mit",
        task="chat-completion",
        publisher="Microsoft",
        context_length=131072,
        capabilities=("chat", "tools"),
    ),
    CatalogEntry(
        id="phi-4-mini-instruct-cuda-gpu:5",
        alias="phi-4-mini",
        name="phi-4-mini-instruct-cuda-gpu",
        device="GPU",
        execution_provider="CUDAExecutionProvider",
        size_mb=3600.0,
        license="mit",
        task="chat-completion",
        publisher="Microsoft",
        context_length=131072,
        cached=True,
    ),
    CatalogEntry(
        id="qwen2.5-0.5b-instruct-generic-cpu:4",
        alias="qwen2.5-0.5b",
        name="qwen2.5-0.5b-instruct-generic-cpu",
        device="CPU",
        size_mb=822.0,
        license="apache-2.0",
        task="chat-completion",
        context_length=32768,
        cached=True,
        loaded=True,
    ),
    CatalogEntry(id="gpt-oss-20b:1", alias="gpt-oss-20b", name="gpt-oss-20b", device="GPU", size_mb=12600.0),
    CatalogEntry(id="mine", alias="mine", name="mine", cached=True, path="models/mine", source="own"),
    CatalogEntry(id="[red]evil[/]\x1b]52;c;AAAA\x07:1", alias="[red]evil[/]\x1b[2J", name="evil", license="\u202egpl"),
)


class FakeCatalog:
    """What the catalog answers, once ``answers`` is set; ``disk`` is found at once."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.answers.set()
        self.listed = CatalogListed(entries=CATALOG)
        self.disk: tuple[CatalogEntry, ...] = ()
        self.asked: list[Plan] = []


class EndlessWorker:
    """A process that says nothing and lives on."""

    async def events(self) -> AsyncIterator[object]:
        await asyncio.Event().wait()
        yield None


def fake_hold(
    held: list[str],
    entered: Callable[[str], Awaitable[object]] | None = None,
    ids: Mapping[str, str] = MappingProxyType({}),
) -> Callable[..., contextlib.AbstractAsyncContextManager[HeldModel]]:
    """Stands for ``hold`` of the model actions: no model is loaded, and ``held`` has the names of those that would be.

    Args:
        held: filled and emptied meanwhile.
        entered: awaited, with a model's name, before it is loaded.
        ids: of the variants behind names.
    """

    @contextlib.asynccontextmanager
    async def hold(target: Target, _: object, listener: Callable[[Event], None]) -> AsyncIterator[HeldModel]:
        held.append(target.name)
        if target.name in ids:
            listener(ModelDescribed(model=target.name, id=ids[target.name], backend="foundry"))
        if entered:
            await entered(target.name)
        loaded = ModelLoaded(model=target.name, load_s=0.1, memory=Memory(loaded_mb=1.0))
        yield HeldModel(cast("Worker", EndlessWorker()), loaded)
        held.remove(target.name)

    return hold


def make_app(
    folder: Path, *, start: Plan | Beacon | Path | None = None, display: dict[str, Any] | None = None, **options: Any
) -> Any:
    """The application with settings as given; runs are kept in ``folder``."""
    settings = resolve({"out": str(folder / "runs"), **options}, {}, models_needed=False)
    return FoundryBenchApp(settings, options=Display(**display or {}), start=start)


def screen_text(app: App[Any]) -> str:
    """What stands on the screen, without colors."""
    strips = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def processes(module: str) -> list[psutil.Process]:
    """The processes that run a module and came from this one."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it ended meanwhile
            if module in child.cmdline():
                found.append(child)
    return found


def workers() -> list[psutil.Process]:
    """The workers that came from this process."""
    return processes("foundry_bench.worker")


@contextlib.asynccontextmanager
async def running(app: FoundryBenchApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator["Driver"]:
    """The application at a size, without a terminal."""
    changed = asyncio.Event()
    async with app.run_test(size=size, message_hook=lambda _message: changed.set()) as pilot:
        yield Driver(app, pilot, changed)


class Driver:
    """Presses keys, and waits for what they lead to; it looks again whenever the application was told something."""

    def __init__(self, app: FoundryBenchApp, pilot: Pilot[Any], changed: asyncio.Event) -> None:
        self.app = app
        self.pilot = pilot
        self._changed = changed

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def resize(self, width: int, height: int) -> None:
        await self.pilot.resize_terminal(width, height)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition; a TimeoutError where it doesn't come true."""
        async with asyncio.timeout(LIMIT_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()
                await self.pilot.pause()

    async def shows(self, *texts: str) -> None:
        """Wait until all of the texts stand on the screen."""
        try:
            await self.until(lambda: all(text in screen_text(self.app) for text in texts))
        except TimeoutError:
            raise AssertionError(f"{texts} not all in:\n{screen_text(self.app)}") from None

    async def mode_is(self, mode: str) -> None:
        """Wait until the application is in this mode."""
        await self.until(lambda: self.app.current_mode == mode)

    async def hides(self, text: str) -> None:
        """Wait until the text is gone from the screen."""
        await self.until(lambda: text not in screen_text(self.app))
