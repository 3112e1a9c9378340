"""A host's line home, over Dask's queues: what waits is told in bundles, orders are fetched, silence is bounded."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial

from foundry_bench.session.fleet_messages import (
    HostJob,
    HostNews,
    HostOrder,
    decode_order,
    encode_line,
    go_topic,
    orders_topic,
)
from foundry_bench.session.threads import in_thread

# Home takes a host that says nothing for this long for lost; a host that can't reach home for this long stops.
SILENCE_S = 60.0
_EVERY_S = 0.5
_ALIVE_S = 5.0
_BUNDLES = 64
_BUNDLE_BYTES = 1 << 20


class HostLink:
    """To be made in the thread of the Dask task: by that Dask knows whose client it is.

    Args:
        job: names the queues.
        before: is called before each bundle, and may tell more.
    """

    def __init__(self, job: HostJob, before: Callable[[], None]) -> None:
        from distributed import Event, Queue, get_client

        client = get_client()
        self._job = job
        self._before = before
        self._news = Queue(job.topic, client=client, maxsize=_BUNDLES)
        self._orders = Queue(orders_topic(job.topic, job.host), client=client)
        self._gates = {
            target.name: Event(go_topic(job.topic, target.name), client=client) for target in job.targets if job.share
        }
        self._waiting: list[bytes] = []
        self._wake = asyncio.Event()
        self._told_s = 0.0
        self._over = False

    def tell(self, news: HostNews, *, at_once: bool = False) -> None:
        """Tell home something, with the next bundle."""
        self._waiting.append(encode_line(news))
        if at_once:
            self._wake.set()

    def end(self) -> None:
        """Have ``carry`` come to its end: to cancel it would tell twice what is under way."""
        self._over = True
        self._wake.set()

    async def opened(self, model: str) -> None:
        """Wait until all hosts are let go."""
        gate = self._gates[model]
        while not await in_thread(lambda: gate.wait(timeout=_ALIVE_S)):
            pass

    async def carry(self, obey: Callable[[HostOrder], None]) -> None:
        """Tell and obey, until the end or for as long as home is reached.

        Raises:
            TimeoutError: home was not reached for ``SILENCE_S``.
        """
        reached_s = time.monotonic()
        while not self._over:
            try:
                await self.flush()
                for line in await in_thread(lambda: self._orders.get(batch=True)):
                    obey(decode_order(line))
                reached_s = time.monotonic()
            except (OSError, RuntimeError, ValueError) as error:
                if time.monotonic() - reached_s > SILENCE_S:
                    raise TimeoutError(f"whoever asked is not reached any more: {error}") from error
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_EVERY_S):
                    await self._wake.wait()
            self._wake.clear()

    async def flush(self) -> None:
        """Tell all that waits, or that this host is alive; what home did not take stays.

        Raises:
            OSError: home, or the scheduler, is not reached.
        """
        self._before()
        while self._waiting or time.monotonic() - self._told_s > _ALIVE_S:
            count, size = 0, 0
            while count < len(self._waiting) and size < _BUNDLE_BYTES:
                size += len(self._waiting[count])
                count += 1
            bundle = [self._job.host, self._waiting[:count]]
            await in_thread(partial(self._news.put, bundle, timeout=SILENCE_S / 2))
            del self._waiting[:count]
            self._told_s = time.monotonic()
