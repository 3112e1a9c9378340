"""Catalogs for the embedded runtime: one that is empty, and the rig's server with faults."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

RIG = Path(__file__).resolve().parents[2] / "shared" / "rig"


class _Nothing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def empty_catalog() -> Iterator[str]:
    """Has nothing, and says so at once: where nobody answers, each process of the runtime tries for four seconds."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Nothing) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/models"
        server.shutdown()


@contextmanager
def catalog_server(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The rig's server with faults; its URL, and the variables that lead a worker to it."""
    serve = (
        f"import sys; sys.path.insert(0, {str(RIG)!r}); import catalog_server;"
        f"from pathlib import Path; s = catalog_server.serve(state=Path({str(folder / 'state')!r}));"
        "print(s.port, s.state.cert, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", serve], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port, certificate = server.stdout.readline().decode().split()
        url = f"http://127.0.0.1:{port}"
        yield (
            url,
            {
                "FOUNDRY_BENCH_CATALOG_URL": f"{url}/asset-gallery/v1.0/models",
                "FOUNDRY_BENCH_MODEL_CACHE": str(folder / "cache"),
                "HTTPS_PROXY": url,
                "SSL_CERT_FILE": certificate,
            },
        )
        server.communicate(timeout=10)
