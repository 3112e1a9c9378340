"""The worker's event loop against asyncio's own promises, and against its own: a read takes no turn."""

import asyncio
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest

if sys.platform != "linux":
    pytest.skip("it needs epoll", allow_module_level=True)

from foundry_bench.worker.arrival_loop import ArrivalLoop

Pair = tuple[socket.socket, socket.socket]


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    with asyncio.Runner(loop_factory=ArrivalLoop) as runner:
        runner.run(asyncio.wait_for(main(), 20))


@pytest.fixture
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours, theirs:
        yield ours, theirs


class Reader:
    """Reads what is there, and tells of it only when it ends."""

    def __init__(self, sock: socket.socket, at_end: Callable[[], None]) -> None:
        self.sock = sock
        self.at_end = at_end
        self.reads: list[bytes] = []

    def __call__(self) -> None:
        self.reads.append(self.sock.recv(3))
        if self.reads[-1] == b"end":
            self.at_end()


def test_reads_take_no_turn_of_the_loop(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = pair
    turns = 0
    once = ArrivalLoop._run_once  # type: ignore[attr-defined]  # of the base, untyped

    def counted(loop: ArrivalLoop) -> None:
        nonlocal turns
        turns += 1
        once(loop)

    monkeypatch.setattr(ArrivalLoop, "_run_once", counted)

    async def main() -> None:
        nonlocal turns
        done = asyncio.Event()
        reader = Reader(ours, done.set)
        asyncio.get_running_loop().add_reader(ours, reader)
        theirs.send(b"one" * 500 + b"end")
        turns = 0
        await done.wait()
        assert reader.reads == [b"one"] * 500 + [b"end"]
        assert turns <= 4

    run(main)


def test_timers_and_other_threads_are_heard_while_reads_never_cease(pair: Pair) -> None:
    ours, theirs = pair

    async def main() -> None:
        loop = asyncio.get_running_loop()
        theirs.send(b"x")
        reads = 0

        def again() -> None:
            nonlocal reads
            reads += len(ours.recv(1))
            theirs.send(b"x")

        loop.add_reader(ours, again)
        due = asyncio.Event()
        loop.call_later(0.01, due.set)
        await due.wait()
        assert await asyncio.to_thread(lambda: reads) > 1
        assert loop.remove_reader(ours)
        assert not loop.remove_reader(ours)
        before = reads
        for _ in range(3):
            await asyncio.sleep(0)
        assert reads == before

    run(main)


def test_one_file_has_a_reader_and_a_writer(pair: Pair) -> None:
    ours, theirs = pair

    async def main() -> None:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        reader = Reader(ours, done.set)
        loop.add_reader(ours, reader)
        many = b"m" * (1 << 22)  # more than fits at once: the rest waits for a writer
        sending = asyncio.create_task(loop.sock_sendall(ours, many))
        theirs.send(b"two" + b"end")
        await asyncio.to_thread(_receive, theirs, len(many))
        await asyncio.gather(sending, done.wait())
        assert reader.reads == [b"two", b"end"]

    run(main)


def test_a_connection_that_breaks_is_read_to_its_end(pair: Pair) -> None:
    ours, theirs = pair

    async def main() -> None:
        ended = asyncio.get_running_loop().create_future()

        def read() -> None:
            data = ours.recv(10)
            if not data:
                asyncio.get_running_loop().remove_reader(ours)
                ended.set_result(None)

        asyncio.get_running_loop().add_reader(ours, read)
        theirs.send(b"last words")
        theirs.close()
        await ended

    run(main)


def test_processes_pipes_and_servers_work_as_in_asyncio() -> None:
    async def main() -> None:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", "print(input())", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        assert (await process.communicate(b"there and back\n"))[0].strip() == b"there and back"

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(await reader.readline())
            writer.close()

        async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"hello\n")
            assert await reader.read() == b"hello\n"
            writer.close()

    run(main)


def _receive(sock: socket.socket, size: int) -> None:
    while size:
        size -= len(sock.recv(1 << 16))
