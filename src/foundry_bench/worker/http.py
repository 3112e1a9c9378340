"""HTTP/1.1 under h11 over connections that stamp every read before anything parses it."""

import asyncio
import functools
import os
import re
import ssl
import zlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self
from urllib.parse import urlsplit

import h11

from foundry_bench.worker.chunked import ChunkedDecoder
from foundry_bench.worker.link import StampedProtocol, StampedSocket, open_link
from foundry_bench.worker.turns import ParseTurns

_HEADER_LIMIT = 1 << 16
# Of a body, unpacked: no answer is that long, and a stream without end must not fill the memory before its time is up.
_BODY_LIMIT = 1 << 26
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LAST_CHUNK = b"0\r\n\r\n"
# Parsing one read takes some 30 microseconds: a turn of the loop stays under a millisecond.
_READS_AT_ONCE = 24


class HttpError(Exception):
    """The exchange failed below or in HTTP; ``kind`` is a short type, the text one line."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Sink(Protocol):
    """Where a response goes while it arrives; stamps are of the monotonic clock, in ns."""

    def sent(self, stamp_ns: int, *, kernel_stamps: bool) -> None:
        """The request's first byte is about to leave."""

    def headers(self, status: int, headers: Mapping[str, str], stamp_ns: int) -> None:
        """The response's header arrived; names are lower case."""

    def body(self, data: bytes, stamp_ns: int) -> None:
        """Body bytes of one read arrived."""

    def ended(self, stamp_ns: int) -> None:
        """The body is whole."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host, port and path prefix of a base URL."""

    secure: bool
    host: str
    port: int
    prefix: str

    @classmethod
    def parse(cls, url: str) -> Self:
        """Take apart an ``http(s)://host[:port][/prefix]`` URL that has been validated before."""
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        return cls(secure, parts.hostname or "", parts.port or (443 if secure else 80), parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Host and port as the Host header wants them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


class HttpConnection:
    """One keep-alive connection: open it beforehand, then exchange requests one after another.

    A read is stamped and queued, and nothing more: its stamp is what counts. ``turns`` parses it later.
    """

    def __init__(self, origin: Origin, turns: ParseTurns, *, kernel_stamps: bool = True) -> None:
        self._origin = origin
        self._turns = turns
        self._kernel_stamps = kernel_stamps
        self._link: StampedSocket | StampedProtocol | None = None
        self._reads: deque[tuple[bytes, int]] = deque()
        self._patient = False
        self._head = b""
        self._in_body = False
        self._chunks: ChunkedDecoder | None = None
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADER_LIMIT)
        self._sink: Sink | None = None
        self._finished: asyncio.Future[None] | None = None
        self._inflate: zlib._Decompress | None = None
        self._body_left = _BODY_LIMIT
        self._ended = False
        self._generation = 0

    @property
    def usable(self) -> bool:
        """Whether a request can leave at once."""
        return self._link is not None and not self._ended and self._http.our_state is h11.IDLE

    async def open(self) -> None:
        """Connect, unless the connection is there already.

        Raises:
            HttpError: nothing listens there, the name is unknown, or TLS was refused.
        """
        if self.usable:
            return
        self.close()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADER_LIMIT)
        self._ended, self._patient = False, False
        self._reads.clear()
        self._generation += 1
        on_read = functools.partial(self._on_read, self._generation)
        try:
            self._link = await open_link(
                self._origin.host,
                self._origin.port,
                on_read,
                secure=self._origin.secure,
                kernel_stamps=self._kernel_stamps,
            )
        except OSError as error:
            raise HttpError("unreachable", f"{self._origin.authority}: {_reason(error)}") from error

    def close(self) -> None:
        """Close at once; an exchange under way ends with an error."""
        if self._link is not None:
            self._link.close()
            self._link = None
        self._fail("closed", "the connection was closed")

    async def exchange(
        self, method: str, path: str, sink: Sink, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> None:
        """Send one request and pass its response to ``sink`` until it is whole.

        Cancelling closes the connection, which tells the server to stop.

        Raises:
            HttpError: the connection or the protocol broke; what arrived before is with the sink.
        """
        if not self.usable:
            await self.open()
        if self._link is None:  # for the type checker: open() raised otherwise
            raise HttpError("unreachable", self._origin.authority)
        head = {
            "host": self._origin.authority,
            "accept-encoding": "identity",
            "content-length": str(len(body)),
            **(headers or {}),
        }
        try:
            request = h11.Request(method=method, target=self._origin.prefix + path, headers=list(head.items()))
        except (h11.LocalProtocolError, ValueError):  # whose words would quote the key
            text = "the request has a header that can't be sent; a key with a line break or another odd character?"
            raise HttpError("bad_header", text) from None
        data = self._http.send(request) or b""
        data += (self._http.send(h11.Data(data=body)) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        self._sink, self._inflate, self._chunks, self._in_body, self._head = sink, None, None, False, b""
        self._body_left = _BODY_LIMIT
        self._finished = asyncio.get_running_loop().create_future()
        sink.sent(self._link.write(data), kernel_stamps=self._link.kernel_stamps)
        try:
            await self._finished
        except BaseException:
            self._finished = None
            self.close()
            raise
        finally:
            self._sink = self._finished = None
        whole = self._http.our_state is h11.DONE and self._http.their_state is h11.DONE
        if whole and not self._http.trailing_data[0]:  # else a second answer would be taken for the next one's
            self._http.start_next_cycle()
        else:
            self.close()

    def _on_read(self, generation: int, data: bytes, stamp_ns: int) -> None:
        if generation != self._generation:
            return  # the last words of a link that was replaced
        waiting = bool(self._reads)
        self._reads.append((data, stamp_ns))
        urgent = not self._patient or not data or data.endswith(_LAST_CHUNK)
        if urgent or not waiting:  # else it is in the list of turns already
            self._turns.add(self, urgent=urgent)

    def parse_some(self) -> bool:
        """Parse the next few reads; whether more are waiting."""
        for _ in range(min(_READS_AT_ONCE, len(self._reads))):
            data, stamp_ns = self._reads.popleft()
            if not data:
                self._ended = True
            if self._sink is None or self._finished is None or self._finished.done():
                # Nothing was asked, or it is answered: the server closes the connection, or speaks out of turn.
                self._ended = True
                continue
            try:
                body = self._chunks.lone(data) if self._chunks else None
                if body is None:
                    self._take(data, self._sink, stamp_ns)
                else:
                    self._body(body, self._sink, stamp_ns)
            except (h11.RemoteProtocolError, ValueError) as error:
                kind, text = ("cut_off", "the server closed the connection before its answer was whole")
                if data:
                    kind, text = ("not_http", f"the server broke HTTP: {error}")
                self._fail(kind, text)
            except zlib.error as error:
                self._fail("not_http", f"the server's compressed answer is damaged: {error}")
            except HttpError as error:
                self._fail(error.kind, str(error))
            except Exception as error:  # noqa: BLE001 - whatever else a server brings about costs its answer alone
                self._fail("unreadable", f"the server's answer can't be read: {type(error).__name__}")
                context = {"message": "an answer could not be read", "exception": error}
                asyncio.get_running_loop().call_exception_handler(context)
        return bool(self._reads)

    def _take(self, data: bytes, sink: Sink, stamp_ns: int) -> None:
        """h11 gets the head and the end of an answer; the chunks between them, which are many, it never sees."""
        while data and not self._in_body:  # once for each interim answer, too
            self._head += data
            end = _HEAD_END.search(self._head)
            if end is None and len(self._head) <= _HEADER_LIMIT:
                return
            cut = end.end() if end else len(self._head)
            head, data, self._head = self._head[:cut], self._head[cut:], b""
            self._http.receive_data(head)
            self._events(sink, stamp_ns)
            if not data:
                return
        if data and self._chunks:
            body, data = self._chunks.feed(data)
            if body:
                self._body(body, sink, stamp_ns)
            if not self._chunks.ended:
                return
        self._chunks = None
        self._http.receive_data(data)
        self._events(sink, stamp_ns)

    def _body(self, data: bytes, sink: Sink, stamp_ns: int) -> None:
        if self._inflate:
            data = self._inflate.decompress(data, self._body_left + 1)
        self._body_left -= len(data)
        if self._body_left < 0:
            raise HttpError("too_long", f"the server's answer is longer than {_BODY_LIMIT >> 20} MB")
        sink.body(data, stamp_ns)

    def _events(self, sink: Sink, stamp_ns: int) -> None:
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA or event is h11.PAUSED:
                return
            if isinstance(event, h11.Response):
                names = {name.decode("ascii"): value.decode("latin-1") for name, value in event.headers}
                encoding = names.get("content-encoding", "identity").lower()
                if encoding in {"gzip", "deflate"}:
                    self._inflate = zlib.decompressobj(47)  # gzip and zlib headers alike
                elif encoding != "identity":
                    raise HttpError("not_http", f"the server's answer is packed as nobody asked for: {encoding}")
                sink.headers(event.status_code, names, stamp_ns)
                self._in_body = True
                self._patient = names.get("transfer-encoding", "").lower() == "chunked"
                self._chunks = ChunkedDecoder() if self._patient else None
            elif isinstance(event, h11.Data):
                self._body(bytes(event.data), sink, stamp_ns)
            elif isinstance(event, h11.EndOfMessage):
                sink.ended(stamp_ns)
                self._patient = False
                if self._finished is not None and not self._finished.done():
                    self._finished.set_result(None)
                return
            elif isinstance(event, h11.ConnectionClosed):
                self._fail("cut_off", "the server closed the connection without an answer")
                return

    def _fail(self, kind: str, message: str) -> None:
        if self._finished is not None and not self._finished.done():
            self._finished.set_exception(HttpError(kind, message))


def _reason(error: OSError) -> str:
    """Why a connection failed, in the system's words: asyncio's own repeat the address."""
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    return os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or str(error)
