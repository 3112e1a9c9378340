"""The queue of downloads, with a real worker that asks a service which never answers."""

import asyncio
import gc
from collections.abc import AsyncIterator

import pytest

from foundry_bench.session.downloads import Downloads
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.values.transfer import Transfer
from service_stand_in import service


class Silent:
    """A service that takes connections and says nothing."""

    def __init__(self) -> None:
        self.url = ""
        self.asked = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.set()
        while await reader.read(1 << 16):
            pass
        writer.close()


@pytest.fixture
async def silent() -> AsyncIterator[Silent]:
    service = Silent()
    async with await asyncio.start_server(service.take, "127.0.0.1", 0) as server:
        service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield service


@pytest.mark.parametrize("given_up", [False, True])
async def test_an_attempt_that_is_broken_off_is_told_once_and_by_its_own_reason(
    silent: Silent, *, given_up: bool
) -> None:
    told: list[Transfer] = []
    complaints: list[object] = []
    now_s = 100.0
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    retrying = asyncio.Event()

    def tell(transfer: Transfer) -> None:
        told.append(transfer)
        if transfer.state == "retrying":
            retrying.set()

    downloads = Downloads(Runtime(), tell, lambda: now_s)
    downloads.add(Target(name="m", backend="openai_http", model="m", url=silent.url))
    await silent.asked.wait()
    if given_up:
        downloads.cancel("m")
        await downloads.finished()
    else:
        now_s += 1000
        await retrying.wait()
        await downloads.close()
    gc.collect()
    ends = [(one.state, one.error.type if one.error else None) for one in told if one.state != "downloading"]
    stalled = [] if given_up else [("retrying", "stalled")]
    assert ends == [("waiting", None), *stalled, ("cancelled", "stalled" if stalled else None)]
    assert complaints == []


async def test_a_model_that_is_queued_while_the_last_worker_ends_is_downloaded_too() -> None:
    loop = asyncio.get_running_loop()

    def add_once_the_worker_ends() -> None:
        if downloads._worker is None:
            downloads.add(Target(name="late", backend="openai_http", model="m", url=server.url))
        else:
            loop.call_soon(add_once_the_worker_ends)

    def tell(transfer: Transfer) -> None:
        if (transfer.name, transfer.state) == ("early", "failed"):
            loop.call_soon(add_once_the_worker_ends)

    with service({"GET /v1/models": {"data": [{"id": "m"}]}}) as server:  # nothing can be downloaded there
        downloads = Downloads(Runtime(), tell)
        downloads.add(Target(name="early", backend="openai_http", model="m", url=server.url))
        await downloads.finished()
    assert {one.name: one.state for one in downloads.transfers.values()} == {"early": "failed", "late": "failed"}
