"""The limit: a bare socket client that sends, stamps and counts, and parses nothing until all is over.

    python benchmarks/bare_client.py URL MODEL STREAMS TOKENS ANSWERS [--prompt TEXT]

One thread, one selector, kernel stamps where the system has them. Prints one JSON document: for each answer its id,
``sent_ns`` and the arrival of each content-bearing event in ns, and the process's CPU seconds.
"""

import json
import re
import selectors
import socket
import sys
import time
from typing import Any
from urllib.parse import urlsplit

from foundry_bench.worker import clock

_CONTENT = re.compile(rb'"content": ?"[^"]')
_ID = re.compile(rb'"id": ?"([^"]+)"')


class _Stream:
    """One connection: its requests one after another, each a list of stamped reads."""

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self.sock = socket.create_connection(address)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.stamped = clock.ask_for_kernel_stamps(self.sock)
        self.request = request
        self.reads: list[tuple[bytes, int]] = []
        self.sent_ns = 0

    def send(self) -> None:
        self.reads = []
        self.sent_ns = time.perf_counter_ns()
        self.sock.sendall(self.request)

    def read(self, offset_ns: int) -> bool:
        """Take one read; whether the answer is whole.

        Raises:
            ConnectionError: the server hung up before it was.
        """
        data, ancillary, _, _ = self.sock.recvmsg(1 << 14, clock.ANCILLARY_SIZE)
        if not data:
            raise ConnectionError("the server hung up in the midst of an answer")
        stamp = clock.kernel_stamp_ns(ancillary, offset_ns) if self.stamped else None
        self.reads.append((data, stamp or time.perf_counter_ns()))
        return data.endswith(b"0\r\n\r\n")

    def answer(self) -> dict[str, Any]:
        times = [stamp for data, stamp in self.reads for _ in _CONTENT.findall(data)]
        found = _ID.search(b"".join(data for data, _ in self.reads[:4]))
        return {"id": found[1].decode() if found else None, "sent_ns": self.sent_ns, "times_ns": times}


def measure(url: str, model: str, streams: int, tokens: int, answers: int, prompt: str) -> dict[str, Any]:
    """Send so many requests over so many connections; what arrived, and the CPU seconds it took."""
    parts = urlsplit(url)
    body = json.dumps(
        {
            "model": model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": tokens,
            "temperature": 0,
            "seed": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
    request = head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body
    address = (parts.hostname or "", parts.port or 80)
    selector = selectors.DefaultSelector()
    waiting = answers
    found = []
    all_streams = [_Stream(address, request) for _ in range(min(streams, answers))]
    offset_ns = clock.monotonic_offset_ns()
    cpu_s = time.process_time()
    for stream in all_streams:
        selector.register(stream.sock, selectors.EVENT_READ, stream)
        stream.send()
        waiting -= 1
    try:
        while len(found) < answers:
            for key, _ in selector.select():
                stream = key.data
                if stream.read(offset_ns):
                    found.append((stream.reads, stream.sent_ns))
                    if waiting:
                        stream.send()
                        waiting -= 1
                    else:
                        selector.unregister(stream.sock)
    finally:
        for stream in all_streams:
            stream.sock.close()
    cpu_s = time.process_time() - cpu_s
    results = []
    for reads, sent_ns in found:
        all_streams[0].reads, all_streams[0].sent_ns = reads, sent_ns
        results.append(all_streams[0].answer())
    return {"answers": results, "cpu_s": cpu_s, "stamped": all_streams[0].stamped}


if __name__ == "__main__":
    given = sys.argv[1:]
    words = given[5] if len(given) > 5 else "Answer at your own pace."
    print(json.dumps(measure(given[0], given[1], int(given[2]), int(given[3]), int(given[4]), words)))
