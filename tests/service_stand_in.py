"""A service that answers by path, and remembers what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# A JSON document, the bytes of a body, a status with either, or what makes one of these from the request's document.
Reply = Any


class StandIn:
    """Where it is, and what it was asked: ``GET /path?query`` or ``POST /path``, each with its document."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, Any]] = []
        self.headers: list[Mapping[str, str]] = []

    def asked_for(self, path: str) -> list[Any]:
        """The documents of the requests to one path, by method and path."""
        return [document for line, document in self.asked if line == path]


@contextmanager
def service(routes: Mapping[str, Reply | Callable[[Any], Reply]]) -> Iterator[StandIn]:
    """Serve the routes, by method and path; a query is passed over where no route has it. All else is a 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            """Silent."""

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            document = json.loads(body) if body else None
            line = f"{self.command} {self.path}"
            stand_in.asked.append((line, document))
            stand_in.headers.append(dict(self.headers))
            reply = routes.get(line, routes.get(line.partition("?")[0], (404, b"no such path")))
            reply = reply(document) if callable(reply) else reply
            status, content = reply if isinstance(reply, tuple) else (200, reply)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            stream = data.startswith(b"data:")
            self.send_response(status)
            self.send_header("content-type", "text/event-stream" if stream else "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in = StandIn(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=[0.02])
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(text: str = "Hello") -> bytes:
    """The stream of a whole answer."""
    chunks = [
        {"id": "r1", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]},
        {"id": "r1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "r1", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}},
    ]
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"


def listing(*ids: str, **facts: Any) -> dict[str, Any]:
    """A list of models, as ``/v1/models`` has it."""
    return {"object": "list", "data": [{"id": one, "object": "model", **facts} for one in ids]}
