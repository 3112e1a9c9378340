"""One GET, whole: for lists of models and the like, where timing is of no interest."""

import asyncio
import contextlib
from collections.abc import Mapping

from foundry_bench.worker.http import HttpConnection, HttpError, Origin
from foundry_bench.worker.turns import ParseTurns


class _Document:
    """A sink that keeps the whole response."""

    def __init__(self) -> None:
        self.status = 0
        self.data = bytearray()

    def sent(self, stamp_ns: int, *, kernel_stamps: bool) -> None:
        """Timing is of no interest here."""

    def headers(self, status: int, headers: Mapping[str, str], stamp_ns: int) -> None:  # noqa: ARG002 - a Sink's
        """Keep the status."""
        self.status = status

    def body(self, data: bytes, stamp_ns: int) -> None:  # noqa: ARG002 - a Sink's
        """Keep the body."""
        self.data += data

    def ended(self, stamp_ns: int) -> None:
        """Timing is of no interest here."""


async def fetch(
    url: str, path: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 10.0
) -> tuple[int, bytes]:
    """GET ``path`` under the base ``url`` on a connection of its own: status and body.

    Raises:
        HttpError: unreachable, not HTTP, or no whole answer within ``timeout_s``.
    """
    connection = HttpConnection(Origin.parse(url), ParseTurns(), kernel_stamps=False)
    document = _Document()
    try:
        async with asyncio.timeout(timeout_s):
            await connection.open()
            await connection.exchange("GET", path, document, headers=headers)
    except TimeoutError as error:
        raise HttpError("timeout", f"no answer from {url} within {timeout_s:g} s") from error
    finally:
        with contextlib.suppress(OSError):
            connection.close()
    return document.status, bytes(document.data)
