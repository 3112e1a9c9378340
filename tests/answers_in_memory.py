"""Answers on the wire, made of parts whose truth is known, and a client that reads them without a socket."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from factories import make_request
from foundry_bench.values.plan import Target
from foundry_bench.values.record import Sample
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.link import OnRead
from foundry_bench.worker.openai_http import OpenAIEndpoint

BROKEN = {
    "error event": b'event: error\ndata: {"message":"boom"}\n\n',
    "error line": b"error: boom\n\n",
    "error in a 200": b'data: {"error":{"message":"boom"}}\n\n',
    "malformed": b"data: {oops\n\n",
    "nested": b'data: {"x":' + b"[" * 3000 + b"\n\n",
    "gave up": b'data: {"choices":[{"delta":{},"finish_reason":"error"}]}\n\n',
}


@dataclass(frozen=True, kw_only=True)
class Wire:
    """An answer as a server sends it; what is left out is as most servers have it."""

    pieces: Sequence[str]
    newline: str = "\n"
    space: str = " "
    between: str = "\n"  # the blank line after each event; servers forget it
    comment: str = ""
    preamble: str = ""
    reasoning: Sequence[str] = ()
    role: bool = True
    spread: bool = False
    ascii: bool = False
    usage: str = "last"
    finish: bool = True
    done: bool = True
    last_newline: bool = True
    framing: str = "chunked"
    zipped: bool = False
    broken: str | None = None

    @property
    def text(self) -> str:
        """What the model said."""
        return "".join(self.pieces)

    @property
    def status(self) -> str:
        """What a record of the whole of it has to say."""
        if self.broken or not (self.text or any(self.reasoning)) or not (self.finish or self.done):
            return "error"
        return "ok" if self.finish else "unverified"

    def content(self) -> list[bytes]:
        """The events, one part each."""
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}] if self.role else []
        deltas += [{"reasoning_content": piece} for piece in self.reasoning]
        deltas += [{"content": piece} for piece in self.pieces]
        documents: list[dict[str, Any]] = [{"choices": [{"delta": delta, "finish_reason": None}]} for delta in deltas]
        if self.finish:
            documents.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        count = {"prompt_tokens": 3, "completion_tokens": len(self.pieces) + len(self.reasoning)}
        if self.usage == "every":
            documents = [document | {"usage": count} for document in documents]
        elif self.usage == "null":
            documents = [document | {"usage": None} for document in documents]
        elif self.usage == "last":
            documents.append({"choices": [], "usage": count})
        parts = [self._event(json.dumps({"id": "r", **one}, ensure_ascii=self.ascii)) for one in documents]
        if self.done:
            parts.append(self._event("[DONE]"))
        whole = [self.preamble.encode(), *(part.encode() for part in parts)]
        if self.broken:
            whole.insert(len(whole) // 2, BROKEN[self.broken])
        if not self.last_newline:
            whole[-1] = whole[-1].rstrip(b"\r\n")
        return [part for part in whole if part]

    def _event(self, document: str) -> str:
        lines = document.replace(", ", ",\n", 1).split("\n") if self.spread else [document]
        data = "".join(f"data:{self.space}{line}{self.newline}" for line in lines)
        return self.comment + data + self.between.replace("\n", self.newline)

    def whole(self) -> bytes:
        """Head and body."""
        head, parts = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n", self.content()
        if self.zipped:
            head += "content-encoding: gzip\r\n"
            parts = [gzip.compress(b"".join(parts), mtime=0)]
        if self.framing == "chunked":
            parts = [b"%x\r\n%s\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]
            head += "transfer-encoding: chunked\r\n"
        elif self.framing == "length":
            head += f"content-length: {sum(map(len, parts))}\r\n"
        else:
            head += "connection: close\r\n"
        return b"".join([f"{head}\r\n".encode(), *parts])


TWO = ("Hello", " wörld")
DIALECTS = {
    "plain": Wire(pieces=TWO),
    "crlf": Wire(pieces=TWO, newline="\r\n"),
    "cr": Wire(pieces=TWO, newline="\r"),
    "no space": Wire(pieces=TWO, space=""),
    "keep-alives": Wire(pieces=TWO, comment=": keep-alive\n\n"),
    "other fields": Wire(pieces=TWO, comment="id: 7\nretry: 5\n"),
    "byte order mark": Wire(pieces=TWO, preamble="\ufeff"),
    "spread over lines": Wire(pieces=TWO, spread=True),
    "single newlines": Wire(pieces=TWO, between=""),
    "unicode line ends": Wire(pieces=("a\u0085b", "\u2028c")),
    "four bytes a character": Wire(pieces=("\U0001f642", "日本")),
    "escaped": Wire(pieces=("\U0001f642", "日本"), ascii=True),
    "usage on every chunk": Wire(pieces=TWO, usage="every"),
    "usage null": Wire(pieces=TWO, usage="null"),
    "no usage": Wire(pieces=TWO, usage="none"),
    "reasoning": Wire(pieces=TWO, reasoning=("hm",)),
    "no role": Wire(pieces=TWO, role=False),
    "no done": Wire(pieces=TWO, done=False),
    "no finish": Wire(pieces=TWO, finish=False),
    "no last newline": Wire(pieces=TWO, last_newline=False),
    "length": Wire(pieces=TWO, framing="length"),
    "close": Wire(pieces=TWO, framing="close"),
    "zipped": Wire(pieces=TWO, zipped=True),
    "zipped, with a length": Wire(pieces=TWO, zipped=True, framing="length"),
    **{f"broken: {name}": Wire(pieces=TWO, broken=name) for name in BROKEN},
}


@dataclass
class Line:
    """A connection that hears a request and says what it was given, read by read, then hangs up."""

    on_read: OnRead
    reads: Sequence[bytes]
    kernel_stamps: bool = field(default=False, init=False)

    def write(self, _data: bytes) -> int:
        for stamp, data in enumerate([*self.reads, b""], 2):
            self.on_read(data, stamp)
        return 1

    def close(self) -> None:
        pass


async def read(*reads: bytes) -> Sample:
    """The record of an answer that arrives in these reads, within five seconds or with a TimeoutError."""

    async def open_link(_host: str, _port: int, on_read: OnRead, **_options: bool) -> Line:
        return Line(on_read, [data for data in reads if data])

    target = Target(name="m", backend="openai_http", model="m", url="http://server")
    with patch("foundry_bench.worker.http.open_link", open_link):
        backend = OpenAIEndpoint(target)
        async with asyncio.timeout(5):
            await backend.connect(1)
            await backend.answer(answer := Answer(make_request()), 0)
        await backend.release()
    return answer.sample("m")


def believes_wrongly(wire: Wire, sample: Sample) -> bool:
    """Whether an answer counts that was not whole, or holds what was not said."""
    return sample.counts and (wire.status == "error" or sample.text != wire.text)
