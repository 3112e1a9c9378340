"""A chat service whose answers are a function of what it is asked; it keeps all requests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]


def words(request: Request) -> str:
    """All that a request says to the model."""
    return "\n".join(message["content"] for message in request["messages"])


@contextmanager
def chatting(answer: Callable[[Request], str | int]) -> Iterator[tuple[str, list[Request]]]:
    """Serve until the end of the block; yields the base URL and the requests so far. A number is an HTTP status."""
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(200, "application/json", b'{"object": "list", "data": [{"id": "judge"}, {"id": "other"}]}')

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found: str | int = "Hello."
            if "Say hello." not in words(request):
                asked.append(request)
                found = answer(request)
            if isinstance(found, int):
                self._send(found, "application/json", b'{"error": {"message": "out of order"}}')
                return
            parts: list[dict[str, Any]] = [
                {"choices": [{"index": 0, "delta": {"content": found}, "finish_reason": None}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9}},
            ]
            lines = [f"data: {json.dumps(part)}\n\n".encode() for part in parts]
            self._send(200, "text/event-stream", b"".join([*lines, b"data: [DONE]\n\n"]))

        def _send(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
