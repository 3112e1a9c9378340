"""What every backend does, and how it says that a model can't be had."""

from collections.abc import Callable
from typing import Protocol

from foundry_bench.values.events import (
    CatalogEntry,
    CatalogListed,
    Event,
    ModelDescribed,
    ModelDownloaded,
    ModelLoaded,
    ModelRemoved,
    ModelUnloaded,
)
from foundry_bench.values.format import brief
from foundry_bench.values.plan import Target
from foundry_bench.worker.answer import Answer

Emit = Callable[[Event], None]


class ModelUnavailableError(Exception):
    """The model can't be measured: a short ``kind``, one line, and how to mend it.

    ``skipped`` tells a model that was never tried (unknown, not on this device) from one that failed.
    """

    def __init__(self, kind: str, message: str, advice: str, *, skipped: bool = False) -> None:
        super().__init__(brief(message))  # servers and files have their say in it
        self.kind = kind
        self.advice = brief(advice)
        self.skipped = skipped


def described(target: Target, entry: CatalogEntry) -> ModelDescribed:
    """What is known of a model by its entry; the license of one's own is known by its target."""
    return ModelDescribed(
        model=target.name,
        id=entry.id,
        backend=target.backend,
        device=entry.device,
        execution_provider=entry.execution_provider,
        disk_mb=entry.size_mb,
        license=target.license or entry.license,
        capabilities=entry.capabilities,
        context_length=entry.context_length,
    )


class Backend(Protocol):
    """One model's way from request to stamped arrivals."""

    in_process: bool  # whether the model lives in this process, so that its memory is the model's

    async def catalog(self) -> CatalogListed:
        """List what there is; what can't be reached is said in the note, never raised."""

    async def prepare(self, emit: Emit) -> ModelDescribed:
        """Find, fetch and load the model, and open what requests will travel on, telling each stage.

        Raises:
            ModelUnavailableError: it can't be had.
        """

    @property
    def load_s(self) -> float | None:
        """Seconds that loading took; None where it was loaded already."""

    @property
    def openai_url(self) -> str | None:
        """Base URL for an ``openai`` client, or None where the model isn't served over HTTP."""

    async def connect(self, slots: int) -> None:
        """Open the connections of ``slots`` concurrent requests beforehand."""

    async def answer(self, answer: Answer, slot: int) -> None:
        """Send ``answer.request`` and fill ``answer``. Failure is part of the answer; only cancellation is raised."""

    async def settle(self, timeout_s: float) -> bool:
        """Wait until the runtime is idle again after a request was broken off; returns whether it is, never raises.

        Nothing is in flight then. A server is waited for as long as for any answer, ``timeout_s``.
        """

    async def keep_warm(self, interval_s: float) -> None:
        """Keep a model that a service may unload in its memory until the next such call; never raises.

        Nothing is in flight then, and nothing is measured.
        """

    async def release(self) -> None:
        """Unload and close; never raises."""


class LifeCycle(Protocol):
    """A place that keeps models: what can be done with one besides measuring it.

    Each verb raises ModelUnavailableError where it doesn't succeed.
    """

    async def download(self, target: Target) -> ModelDownloaded:
        """Fetch the whole model, telling how far that is."""

    async def load(self, target: Target, *, fit_check: bool) -> ModelLoaded:
        """Bring a model that is on the disk into memory."""

    async def unload(self, target: Target) -> ModelUnloaded:
        """Take it out of memory."""

    async def remove(self, target: Target) -> ModelRemoved:
        """Delete it from the disk."""

    async def close(self) -> None:
        """Let go of everything; never raises."""
