"""A server that plays back bytes: whatever is asked, the next connection's script is sent and the connection closed."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


@contextmanager
def scripted(*answers: Sequence[bytes], read_first: bool = True) -> Iterator[str]:
    """Serve one answer a connection (the last one again and again); yields the base URL. A part is one send."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        number = 0
        while not stopping.is_set():
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with sock:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                try:
                    if read_first:
                        _read_request(sock)
                    for part in answers[min(number, len(answers) - 1)]:
                        sock.sendall(part)
                except OSError:
                    pass
            number += 1

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        host, port = listener.getsockname()
        yield f"http://{host}:{port}"
    finally:
        stopping.set()
        # A connection of our own gets a waiting accept() going.
        with socket.socket() as knock:
            knock.settimeout(1)
            knock.connect_ex(listener.getsockname())
        listener.close()
        thread.join()


def _read_request(sock: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (part := sock.recv(65536)):
            raise ConnectionError
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    missing = int(lengths[0]) - len(body) if lengths else 0
    while missing > 0:
        missing -= len(sock.recv(65536))


def stream(*events: bytes, chunked: bool = True, content_type: str = "text/event-stream") -> list[bytes]:
    """A 200 answer whose body parts are sent one by one."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n"
    if not chunked:
        return [f"{head}connection: close\r\n\r\n".encode(), *events]
    framed = [b"%x\r\n%s\r\n" % (len(event), event) for event in events]
    return [f"{head}transfer-encoding: chunked\r\n\r\n".encode(), *framed, b"0\r\n\r\n"]


def reply(status: str, body: bytes, *headers: str, content_type: str = "application/json") -> list[bytes]:
    """A whole document."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {content_type}", f"content-length: {len(body)}", *headers, "", ""]
    return ["\r\n".join(lines).encode() + body]
