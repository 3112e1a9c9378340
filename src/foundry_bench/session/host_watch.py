"""What a run of many hosts knows of each: its task, the queue of its orders, when it was last heard, what ended it."""

import asyncio
from collections.abc import Awaitable, Collection
from typing import Any, TypeVar

from foundry_bench.session.host_link import SILENCE_S
from foundry_bench.values.format import brief
from foundry_bench.values.record import Failure, HostStatus

T = TypeVar("T")

_GONE_LOOKS = 2  # a worker that is missing so often in a row is lost; what it told before is read meanwhile


class SchedulerLostError(Exception):
    """The scheduler does not answer any more."""


async def asked(answer: Awaitable[T]) -> T:
    """What the scheduler answers.

    Raises:
        SchedulerLostError: it doesn't.
    """
    try:
        return await answer
    except (OSError, RuntimeError, ValueError) as error:
        raise SchedulerLostError(brief(str(error)) or type(error).__name__) from error


class HostWatch:
    """One host, as its run sees it.

    Attributes:
        future: of its task; orders: the queue of its orders. None before it has them.
        heard_s: when it last told anything, by the event loop's clock; None before it began.
        over: whether its part has ended.
        lost_at: the address of a worker that is gone.
    """

    def __init__(self) -> None:
        self.future: Any = None
        self.orders: Any = None
        self.heard_s: float | None = None
        self.over = False
        self.lost_at: str | None = None
        self._missed = 0

    async def ending(self, address: str, workers: Collection[str]) -> tuple[HostStatus, Failure] | None:
        """Why its part is over, where it is; ``workers`` are the addresses that the scheduler has now.

        Raises:
            SchedulerLostError: the scheduler doesn't answer.
        """
        self._missed = 0 if address in workers else self._missed + 1
        if self._missed >= _GONE_LOOKS:
            return "lost", Failure(type="host_lost", message="its Dask worker ended or can't be reached")
        if self.heard_s is not None and asyncio.get_running_loop().time() - self.heard_s > SILENCE_S:
            return "lost", Failure(type="host_lost", message=f"it said nothing for {SILENCE_S:g} s")
        if self.future is not None and self.future.status == "error":
            error = await asked(self.future.exception())
            message = f"{type(error).__name__}: {brief(str(error))}"
            if isinstance(error, ModuleNotFoundError):
                message += "; install the same foundry-bench there"
            return "failed", Failure(type="broken", message=message)
        return None
