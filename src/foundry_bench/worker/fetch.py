"""One request, whole, on a connection of its own: for lists of models and the like, where timing is of no interest."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from foundry_bench.worker.http import HttpConnection, HttpError, Origin
from foundry_bench.worker.turns import ParseTurns


class _Document:
    """A sink that keeps the whole response, and passes on its parts as they come."""

    def __init__(self, on_data: Callable[[bytes], None] | None) -> None:
        self.status = 0
        self.data = bytearray()
        self._on_data = on_data

    def sent(self, stamp_ns: int, *, kernel_stamps: bool) -> None:
        """Timing is of no interest here."""

    def headers(self, status: int, headers: Mapping[str, str], stamp_ns: int) -> None:  # noqa: ARG002 - a Sink's
        """Keep the status."""
        self.status = status

    def body(self, data: bytes, stamp_ns: int) -> None:  # noqa: ARG002 - a Sink's
        """Keep the body."""
        self.data += data
        if self._on_data:
            self._on_data(data)

    def ended(self, stamp_ns: int) -> None:
        """Timing is of no interest here."""


async def fetch(
    url: str,
    path: str,
    *,
    method: str = "GET",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout_s: float | None = 10.0,
    on_data: Callable[[bytes], None] | None = None,
) -> tuple[int, bytes]:
    """Ask for ``path`` under the base ``url``: status and body, whose parts ``on_data`` is told as they come.

    Raises:
        HttpError: unreachable, not HTTP, or no whole answer within ``timeout_s`` (None waits for ever); it names the
            address.
    """
    origin = Origin.parse(url)
    connection = HttpConnection(origin, ParseTurns(), kernel_stamps=False)
    document = _Document(on_data)
    try:
        async with asyncio.timeout(timeout_s):
            await connection.open()
            await connection.exchange(method, path, document, body=body, headers=headers)
    except TimeoutError as error:
        raise HttpError("timeout", f"no answer from {url} within {timeout_s:g} s") from error
    except HttpError as error:
        if origin.authority in str(error):
            raise
        raise HttpError(error.kind, f"{url}: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            connection.close()
    return document.status, bytes(document.data)
