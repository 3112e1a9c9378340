"""Connections that stamp every read before anything looks into it: by the kernel on Linux, on arrival elsewhere."""

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import Callable

from foundry_bench.worker import clock

# Takes the bytes of one read, none at the end of the stream, and when they arrived (ns, monotonic).
OnRead = Callable[[bytes, int], None]

# A larger buffer, such as asyncio's own, is taken from the system and given back for each read, which costs more than
# the read itself.
_READ_SIZE = 1 << 12
# As much as any loop of asyncio's reads at once: a read in pieces would have stamps that its bytes don't have.
_BUFFER_SIZE = 1 << 16


class StampedSocket:
    """A plain socket whose reads carry the kernel's own arrival stamps."""

    kernel_stamps = True

    def __init__(self, sock: socket.socket, on_read: OnRead) -> None:
        self._sock = sock
        self._on_read = on_read
        self._loop = asyncio.get_running_loop()
        self._offset_ns = clock.recent_offset_ns()
        self._last_ns = 0
        self._rest: asyncio.Task[None] | None = None  # of a request that did not fit at once
        self._loop.add_reader(sock.fileno(), self._readable)

    def write(self, data: bytes) -> int:
        """Send at once; returns the stamp taken just before."""
        self._offset_ns = clock.recent_offset_ns()
        self._last_ns = sent_ns = time.perf_counter_ns()
        try:
            written = self._sock.send(data)
        except BlockingIOError:
            written = 0
        except OSError:
            return sent_ns  # it is gone, which the next read tells
        if written < len(data):
            self._rest = self._loop.create_task(self._send_rest(data[written:]))
        return sent_ns

    async def _send_rest(self, data: bytes) -> None:
        with contextlib.suppress(OSError):  # as above
            await self._loop.sock_sendall(self._sock, data)

    def close(self) -> None:
        """Close at once."""
        if self._rest:
            self._rest.cancel()
        self._loop.remove_reader(self._sock.fileno())
        self._sock.close()

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._sock.recvmsg(_READ_SIZE, clock.ANCILLARY_SIZE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, ancillary = b"", []
        now = time.perf_counter_ns()
        stamp = clock.kernel_stamp_ns(ancillary, self._offset_ns)
        # A stamp from before the last one or from the future means that the real-time clock was set meanwhile.
        self._last_ns = stamp if stamp is not None and self._last_ns <= stamp <= now else now
        if not data:
            self._loop.remove_reader(self._sock.fileno())
        self._on_read(data, self._last_ns)


class StampedProtocol(asyncio.BufferedProtocol):
    """Any asyncio transport, TLS included; reads are stamped on arrival in ``buffer_updated``."""

    kernel_stamps = False

    def __init__(self, on_read: OnRead) -> None:
        self._on_read = on_read
        self._transport: asyncio.Transport | None = None
        # A view: under TLS asyncio slices the buffer and reads on into the slice, which of a bytearray is a copy.
        self._buffer = memoryview(bytearray(_BUFFER_SIZE))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport if isinstance(transport, asyncio.Transport) else None

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's signature
        """Where the next read goes."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Stamp first."""
        stamp_ns = time.perf_counter_ns()
        self._on_read(bytes(self._buffer[:nbytes]), stamp_ns)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The end of the stream, however it came."""
        self._on_read(b"", time.perf_counter_ns())

    def write(self, data: bytes) -> int:
        """Send at once; returns the stamp taken just before."""
        sent_ns = time.perf_counter_ns()
        if self._transport is not None:
            self._transport.write(data)
        return sent_ns

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()


async def open_link(
    host: str, port: int, on_read: OnRead, *, secure: bool, kernel_stamps: bool
) -> StampedSocket | StampedProtocol:
    """Connect; stamps are the kernel's where they are wanted and to be had.

    Raises:
        OSError: nothing listens there, the name is unknown, or TLS was refused.
    """
    loop = asyncio.get_running_loop()
    if kernel_stamps and clock.KERNEL_STAMPS and not secure:
        sock = await _connect(loop, host, port)
        if clock.ask_for_kernel_stamps(sock):
            return StampedSocket(sock, on_read)
        sock.close()
    context = ssl.create_default_context() if secure else None
    _, protocol = await loop.create_connection(lambda: StampedProtocol(on_read), host, port, ssl=context)
    return protocol


async def _connect(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    refused: OSError | None = None
    for family, kind, number, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, number)
        sock.setblocking(False)  # noqa: FBT003 - the socket module's signature
        try:
            await loop.sock_connect(sock, address)
        except BaseException as error:
            sock.close()
            if not isinstance(error, OSError):
                raise
            refused = error
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise refused or OSError(f"no address for {host}")
