"""The benchmark that this application follows: started or found, steered, folded into a snapshot; it draws nothing."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from foundry_bench.session.settings import Settings
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Plan

if TYPE_CHECKING:  # numpy, msgspec and more, which the first paint does not wait for
    from foundry_bench.session.attaching import Attachment, Host
    from foundry_bench.session.beacons import Beacon
    from foundry_bench.session.channel import News, Order
    from foundry_bench.values.result import RunStatus
    from foundry_bench.values.snapshot import Snapshot

_CLOSE_S = 4.0


class RunControl:
    """At most one benchmark at a time, in a process of its own.

    Args:
        ended: is called, from the event loop, when the benchmark is over.
        make_room: is awaited before one begins.
    """

    def __init__(self, ended: Callable[[], None], make_room: Callable[[], Awaitable[None]]) -> None:
        self.clock = time.monotonic  # which all processes of this machine share
        self.plan: Plan | None = None
        self.snapshot: Snapshot | None = None
        self.status: RunStatus | None = None
        self.problem: str | None = None
        self.path: Path | None = None
        self.began_s = 0.0  # when it was asked for, or found
        self.left: Path | None = None  # the benchmark that went on when the application was left
        self._ended = ended
        self._make_room = make_room
        self._host: Host | None = None
        self._attachment: Attachment | None = None
        self._task: asyncio.Task[None] | None = None
        self._reached = asyncio.Event()
        self._stopping = False

    @property
    def running(self) -> bool:
        """Whether a benchmark is under way."""
        return self._task is not None and not self._task.done()

    @property
    def paused(self) -> bool:
        """Whether it waits."""
        return self.snapshot is not None and self.snapshot.paused_at_s is not None

    def start(self, plan: Plan, settings: Settings) -> None:
        """Measure ``plan``; does nothing while a benchmark is under way."""
        if not self.running:
            self._begin(plan, self._host_of(plan, settings))

    def attach(self, beacon: "Beacon") -> None:
        """Follow a benchmark that runs already; one that was followed before goes on by itself."""
        if self._task:
            self._task.cancel()
        self._begin(None, _at_once(beacon))

    def pause(self) -> None:
        """Let the requests in flight end and start no more; once more to go on."""
        from foundry_bench.worker.protocol import Pause, Resume

        self._send(Resume() if self.paused else Pause())

    def skip(self) -> None:
        """Give the model in hand up."""
        from foundry_bench.session.channel import Skip

        self._send(Skip())

    def stop(self) -> None:
        """Give the model in hand up and measure no more."""
        from foundry_bench.worker.protocol import Stop

        self._stopping = True
        self._send(Stop())

    async def close(self) -> None:
        """Let go of the benchmark, within five seconds: it goes on, unless it was stopped.

        One that was stopped but does not end that fast goes on ending by itself.
        """
        if self._task is None or self._task.done():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_S):
                await (asyncio.wait([self._task]) if self._stopping else self._reached.wait())
        if self._host and not self._reached.is_set():
            self._host.kill()
        elif not self._task.done() and not self._stopping:
            self.left = self.path
        self._task.cancel()
        await asyncio.wait([self._task])

    def _begin(self, plan: Plan | None, beacon: "Awaitable[Beacon]") -> None:
        self.plan, self.snapshot, self.began_s = plan, None, self.clock()
        self.status, self.problem, self.path = None, None, None
        self._host, self._stopping = None, False
        self._reached = asyncio.Event()
        self._task = asyncio.create_task(self._follow(beacon, self._reached))

    async def _host_of(self, plan: Plan, settings: Settings) -> "Beacon":
        await self._make_room()
        self._host = await asyncio.to_thread(_start_host, plan, settings)
        return await asyncio.to_thread(self._host.opened)

    async def _follow(self, opening: "Awaitable[Beacon]", reached: asyncio.Event) -> None:
        from foundry_bench.session.attaching import attach

        try:
            beacon = await opening
            self.path = Path(beacon.run)
            async with attach(beacon) as attachment, contextlib.aclosing(attachment.news()) as news:
                self._attachment, self.plan = attachment, attachment.opened.plan
                self.snapshot = attachment.opened.snapshot
                reached.set()
                if self._stopping:
                    self.stop()
                async for item in news:
                    self._take(item)
        except (OSError, InputError, ValueError) as error:
            self.problem = str(error)
        finally:
            self._attachment = None
            reached.set()
        with contextlib.suppress(RuntimeError):  # the application is gone already
            self._ended()

    def _take(self, news: "News") -> None:
        from foundry_bench.session.channel import RunEnded
        from foundry_bench.values.folding import fold
        from foundry_bench.values.snapshot import Snapshot

        match news:
            case Snapshot():
                self.snapshot = news
            case RunEnded():
                self.status, self.problem = news.status, news.problem
            case event if self.snapshot:
                self.snapshot = fold(self.snapshot, event, self.clock())

    def _send(self, order: "Order") -> None:
        if self._attachment:
            self._attachment.send(order)


async def _at_once(beacon: "Beacon") -> "Beacon":
    return beacon


def _start_host(plan: Plan, settings: Settings) -> "Host":
    """Imports much, so that it is not for the event loop."""
    from foundry_bench.session.attaching import Host
    from foundry_bench.session.channel import Job
    from foundry_bench.session.own_models import list_own
    from foundry_bench.session.paths import with_default_folders
    from foundry_bench.session.targets import find_targets

    for module in ("session.attaching", "values.eta", "values.folding"):
        importlib.import_module(f"foundry_bench.{module}")
    whole = replace(plan, runtime=with_default_folders(plan.runtime))
    targets = find_targets(whole, settings.endpoints, settings.adapters, list_own())
    return Host(Job(plan=whole, targets=targets, out=str(settings.out.absolute())))
