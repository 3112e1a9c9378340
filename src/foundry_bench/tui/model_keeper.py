"""The models that this application downloads, holds in memory and removes; it draws nothing."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from textual.notifications import SeverityLevel

from foundry_bench.session.settings import Settings
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Target

if TYPE_CHECKING:  # msgspec and more, which the first paint does not wait for
    from foundry_bench.session.downloads import Downloads
    from foundry_bench.values.events import Event
    from foundry_bench.values.transfer import Transfer

_CLOSE_S = 6.0


class ModelKeeper:
    """Any number of downloads in a queue, and at most one model in memory.

    Args:
        settings: as resolved.
        changed: is called, from the event loop, when what stands on the screen may no longer be true: with a line
            worth saying, or an empty one, and how grave that is.
    """

    def __init__(self, settings: Settings, changed: Callable[[str, SeverityLevel], None]) -> None:
        self.loaded: str | None = None  # name of the model in memory
        self.loading: str | None = None
        self._loaded_id: str | None = None  # of the variant that stands behind the name
        self.disk_changes: list[tuple[str, bool]] = []  # ids of models that came to the disk (True) or left it
        self._settings = settings
        self._changed = changed
        self._downloads: Downloads | None = None
        self._states: dict[str, tuple[str, int]] = {}
        self._holding: asyncio.Task[None] | None = None
        self._unloading = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def transfers(self) -> "tuple[Transfer, ...]":
        """All downloads of this session, in order."""
        return tuple(self._downloads.transfers.values()) if self._downloads else ()

    @property
    def fraction(self) -> float | None:
        """How far the download under way is; None where there is none."""
        return next((transfer.arrived for transfer in self.transfers if transfer.open), None)

    @property
    def downloading(self) -> bool:
        """Whether any is under way or waits."""
        return self._downloads is not None and self._downloads.running

    def download(self, name: str, size_mb: float | None) -> None:
        """Queue a model."""
        if target := self._target(name):
            if target.path:
                self._changed(f"{name} is your own and on the disk already", "information")
                return
            self._queue().add(target, size_mb)

    def cancel(self, name: str) -> bool:
        """Give a download up; whether there was one."""
        open_ = any(transfer.name == name and transfer.open for transfer in self.transfers)
        if open_ and self._downloads:
            self._downloads.cancel(name)
        return open_

    def load(self, name: str) -> None:
        """Hold a model in memory, in place of the one that is."""
        if self.loading is None and (target := self._target(name)):
            self.loading = name
            self._start(self._load(target))

    def remove(self, name: str, model_id: str) -> None:
        """Delete a model from the disk, or forget one of one's own."""
        if target := self._target(name):
            self._start(self._remove(target, model_id))

    async def unload(self) -> str | None:
        """Give the model in memory up; returns its name."""
        name, task = self.loaded or self.loading, self._holding
        if task and not task.done():
            self._unloading.set()
            await asyncio.wait([task], timeout=_CLOSE_S)
        return name

    async def close(self) -> None:
        """Leave no worker behind; what was fetched stays for the next time."""
        await self.unload()
        if self._downloads:
            await self._downloads.close()

    def _target(self, name: str) -> Target | None:
        from foundry_bench.session.own_models import list_own
        from foundry_bench.session.targets import find_target

        try:
            settings = self._settings
            url = settings.plan.endpoint
            target = find_target(name, url, settings.endpoints, settings.adapters, list_own())
        except (InputError, OSError) as error:
            self._changed(str(error), "error")
            return None
        if target.backend != "foundry":
            self._changed("a service, or an adapter, keeps its models itself; act on them there", "error")
            return None
        return target

    def _queue(self) -> "Downloads":
        if self._downloads is None:
            from foundry_bench.session.downloads import Downloads

            self._downloads = Downloads(self._settings.plan.runtime, self._transfer_changed)
        return self._downloads

    def _transfer_changed(self, transfer: "Transfer") -> None:
        from foundry_bench.values.transfer_lines import outcome

        state, line = (transfer.state, transfer.attempt), ""
        if self._states.get(transfer.name) != state:
            self._states[transfer.name] = state
            line = outcome(transfer)
        if transfer.state == "done" and transfer.id:
            self.disk_changes.append((transfer.id, True))
        self._changed(
            f"{transfer.name}: {line}" if line else "", "error" if transfer.state == "failed" else "information"
        )

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(self._failures_told(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _failures_told(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except (InputError, OSError) as error:
            self._changed(str(error), "error")

    async def _load(self, target: Target) -> None:
        before = await self.unload() if self.loaded else None
        self.loading = target.name  # its own predecessor says that it is no longer
        self._unloading.clear()
        self._holding = asyncio.current_task()
        self._changed(f"loading {target.name}{f', {before} is unloaded' if before else ''}", "information")
        try:
            await self._hold(target)
        finally:
            self.loaded = None
            if self.loading == target.name:
                self.loading = None
            self._changed("", "information")

    async def _hold(self, target: Target) -> None:
        from foundry_bench.session.model_actions import HeldModel, hold
        from foundry_bench.values.events import ModelDescribed
        from foundry_bench.values.format import megabytes

        def hear(event: "Event") -> None:
            if isinstance(event, ModelDescribed):
                self._loaded_id = event.id

        self._loaded_id = None
        async with hold(target, self._settings.plan.runtime, hear) as held:
            self.loading = None
            if not isinstance(held, HeldModel):
                advice = f" ({held.advice})" if held.advice else ""
                self._changed(f"{target.name}: {held.error.message}{advice}", "error")
                return
            self.loaded = target.name
            loaded = held.loaded
            took = f"loaded in {loaded.load_s:.2f} s, {megabytes(loaded.memory.loaded_mb)}"
            self._changed(
                f"{target.name}: {took}{f', {loaded.url}' if loaded.url else ''}; u unloads it", "information"
            )
            ended = asyncio.ensure_future(held.ended())
            given_up = asyncio.ensure_future(self._unloading.wait())
            await asyncio.wait([ended, given_up], return_when=asyncio.FIRST_COMPLETED)
            for task in (ended, given_up):
                task.cancel()
        self._changed(f"{target.name}: unloaded", "information")

    async def _remove(self, target: Target, model_id: str) -> None:
        from foundry_bench.session.model_actions import remove
        from foundry_bench.session.own_models import unregister
        from foundry_bench.values.events import ActionFailed
        from foundry_bench.values.format import megabytes

        if self.loaded and (self.loaded == target.name or self._loaded_id == model_id):
            await self.unload()
        if target.path:
            kept = await asyncio.to_thread(unregister, target.name)
            self.disk_changes.append((model_id, False))
            self._changed(f"{target.name}: no longer registered{'; its folder stays' if kept else ''}", "information")
            return
        ended = await remove(target, self._settings.plan.runtime, lambda _event: None)
        if isinstance(ended, ActionFailed):
            self._changed(f"{target.name}: {ended.error.message}", "error")
            return
        self.disk_changes.append((ended.id, False))
        self._changed(f"{target.name}: removed, {megabytes(ended.freed_mb)} free again", "information")
