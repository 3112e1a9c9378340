"""An OpenAI-compatible server of known cadence: what it sends is logged by the monotonic clock, to check a client by.

It runs in a process of its own (``python -m foundry_bench.worker.reference_server``), on 127.0.0.1 alone, prints its
base URL on standard output and ends when its standard input closes. The model's name says how to answer::

    reference?interval_ms=5&delay_ms=20          a token every 5 ms, the first after 20 ms, max_tokens of them
    ...&pack=4                                   four tokens an event
    ...&reasoning=10                             the first ten tokens are reasoning deltas
    ...&role=1                                   an empty role-only chunk at once, before the first token
    ...&usage=0                                  no usage, whatever the client asks for

``GET /log/<response id>`` tells when the request arrived and when each token-bearing event was sent, in ns;
``GET /logs`` tells it of every answer that no one has asked for yet, and forgets them. ``GET /v1/models`` lists one
model, for clients that ask before they measure.
"""

import heapq
import itertools
import json
import os
import selectors
import socket
import sys
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from foundry_bench.worker import clock

_LOGS_KEPT = 4096
# Stands for an event's words while what surrounds them is made.
_WORDS = "@words@"
_STREAM_HEADER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
    b"transfer-encoding: chunked\r\nconnection: keep-alive\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Cadence:
    """How one answer is sent; times in ns."""

    interval_ns: int = 5_000_000
    delay_ns: int = 5_000_000
    pack: int = 1
    reasoning: int = 0
    role: bool = False
    usage: bool = True

    @classmethod
    def parse(cls, model: str) -> "Cadence":
        """Read the model's name; unknown parts are passed over."""
        given = dict(parse_qsl(model.partition("?")[2]))
        return cls(
            interval_ns=int(float(given.get("interval_ms", 5)) * 1e6),
            delay_ns=int(float(given.get("delay_ms", 5)) * 1e6),
            pack=int(given.get("pack", 1)),
            reasoning=int(given.get("reasoning", 0)),
            role=given.get("role") == "1",
            usage=given.get("usage") != "0",
        )


@dataclass(slots=True)
class _Stream:
    """One answer under way: what its events are made of, and when each was sent.

    ``frames`` holds, for an event of reasoning and for one of the answer, what stands before and after its words.
    """

    connection: "_Connection"
    cadence: Cadence
    tokens: int
    frames: tuple[tuple[bytes, bytes], tuple[bytes, bytes]]
    tail: bytes
    start_ns: int
    sent_ns: list[int] = field(default_factory=list)

    def event(self) -> tuple[bytes, bool]:
        """The next event, and whether it is the last; made when it is due, so that no other waits for it."""
        first = len(self.sent_ns) * self.cadence.pack
        after = min(self.tokens, first + self.cadence.pack)
        before, behind = self.frames[first >= self.cadence.reasoning]
        words = b"".join(b" w%d" % number for number in range(first, after))
        return _frame(before + words + behind), after == self.tokens


class _Connection:
    """A client's connection: bytes in, requests out."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.buffer = bytearray()
        self.arrived_ns = 0
        self.stamped = clock.ask_for_kernel_stamps(sock)

    def receive(self) -> bool:
        """Take what has arrived; False where the client has gone."""
        try:
            if self.stamped:
                data, ancillary, _, _ = self.sock.recvmsg(1 << 16, clock.ANCILLARY_SIZE)
                stamp = clock.kernel_stamp_ns(ancillary, clock.recent_offset_ns())
            else:
                data, stamp = self.sock.recv(1 << 16), None
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.arrived_ns = stamp or time.perf_counter_ns()
        self.buffer += data
        return bool(data)

    def next_request(self) -> tuple[str, bytes] | None:
        """The path and body of a request that is whole."""
        head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        lines = head.decode("latin-1").split("\r\n")
        lengths = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
        length = int(lengths[0]) if lengths else 0
        if len(rest) < length:
            return None
        self.buffer = bytearray(rest[length:])
        return lines[0].split(" ")[1], rest[:length]


class ReferenceServer:
    """One thread, one selector, one heap of what is due."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)  # noqa: FBT003 - the socket module's signature
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._due: list[tuple[int, int, _Stream]] = []
        self._numbers = itertools.count(1)
        self._logs: OrderedDict[str, dict[str, object]] = OrderedDict()
        self._wake, waker = socket.socketpair()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self.stop = waker.close

    @property
    def url(self) -> str:
        """The base URL."""
        host, port = self._listener.getsockname()
        return f"http://{host}:{port}"

    def serve(self) -> None:
        """Serve until ``stop`` is called."""
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._wake:
                    return
                if key.fileobj is self._listener:
                    self._accept()
                else:
                    self._read(key.data)
            now = time.perf_counter_ns()
            while self._due and self._due[0][0] <= now:
                _, number, stream = heapq.heappop(self._due)
                self._send_next(stream, number)

    def _patience(self) -> float | None:
        return max(0, self._due[0][0] - time.perf_counter_ns()) / 1e9 if self._due else None

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setblocking(False)  # noqa: FBT003 - the socket module's signature
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ, _Connection(sock))

    def _read(self, connection: _Connection) -> None:
        if not connection.receive():
            self._drop(connection)
            return
        while request := connection.next_request():
            self._answer(connection, *request)

    def _drop(self, connection: _Connection) -> None:
        if connection.sock.fileno() >= 0:
            self._selector.unregister(connection.sock)
            connection.sock.close()

    def _answer(self, connection: _Connection, path: str, body: bytes) -> None:
        if path.startswith("/v1/chat/completions"):
            self._begin(connection, json.loads(body))
        elif path.startswith("/log/"):
            self._reply(connection, self._logs.get(path.removeprefix("/log/")))
        elif path == "/v1/models":
            self._reply(connection, {"object": "list", "data": [{"id": "reference", "object": "model"}]})
        elif path == "/logs":
            self._reply(connection, self._logs)
            self._logs = OrderedDict()
        else:
            self._reply(connection, None)

    def _reply(self, connection: _Connection, document: object) -> None:
        status = b"404 Not Found" if document is None else b"200 OK"
        body = json.dumps(document).encode()
        head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(body))
        connection.sock.setblocking(True)  # noqa: FBT003 - the socket module's signature
        connection.sock.sendall(head + body)
        connection.sock.setblocking(False)  # noqa: FBT003 - the socket module's signature

    def _begin(self, connection: _Connection, request: dict[str, object]) -> None:
        """Send the head of an answer at once, and plan its first token."""
        number = next(self._numbers)
        cadence = Cadence.parse(str(request["model"]))
        response_id = f"ref-{number}"
        tokens = int(str(request.get("max_completion_tokens") or request.get("max_tokens") or 16))
        start_ns = connection.arrived_ns
        base = {"id": response_id, "object": "chat.completion.chunk", "model": request["model"]}

        def data(delta: dict[str, str], finish: str | None = None) -> bytes:
            return _data({**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})

        def frame(key: str) -> tuple[bytes, bytes]:
            before, _, behind = data({key: _WORDS}).partition(_WORDS.encode())
            return before, behind

        tail = _frame(data({}, "length"))
        if cadence.usage and request.get("stream_options"):
            usage = {"prompt_tokens": 10, "completion_tokens": tokens, "total_tokens": tokens + 10}
            tail += _frame(_data({**base, "choices": [], "usage": usage}))
        tail += _frame(b"data: [DONE]\n\n") + b"0\r\n\r\n"
        frames = (frame("reasoning_content"), frame("content"))
        stream = _Stream(connection, cadence, tokens, frames, tail, start_ns)
        self._logs[response_id] = {"arrived_ns": start_ns, "sent_ns": stream.sent_ns}
        while len(self._logs) > _LOGS_KEPT:
            self._logs.popitem(last=False)
        role = _frame(data({"role": "assistant", "content": ""})) if cadence.role else b""
        self._send(connection, _STREAM_HEADER + role)
        heapq.heappush(self._due, (start_ns + cadence.delay_ns, number, stream))

    def _send_next(self, stream: _Stream, number: int) -> None:
        event, last = stream.event()
        stream.sent_ns.append(time.perf_counter_ns())
        if not self._send(stream.connection, event):
            return
        if last:
            self._send(stream.connection, stream.tail)
        else:
            due = stream.start_ns + stream.cadence.delay_ns + len(stream.sent_ns) * stream.cadence.interval_ns
            heapq.heappush(self._due, (due, number, stream))

    def _send(self, connection: _Connection, data: bytes) -> bool:
        """Send at once; a client that reads too slowly, or has gone, is dropped."""
        try:
            if connection.sock.send(data) == len(data):
                return True
        except OSError:
            pass
        self._drop(connection)
        return False


def _frame(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _data(document: dict[str, object]) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def _main() -> None:
    server = ReferenceServer()
    print(server.url, flush=True)  # noqa: T201 - how the parent learns the address

    def watch() -> None:
        while os.read(0, 1024):
            pass
        server.stop()

    threading.Thread(target=watch, daemon=True).start()
    server.serve()


if __name__ == "__main__":
    sys.setswitchinterval(0.0005)
    _main()
