"""Asks one service for JSON documents, with its key."""

from collections.abc import Callable
from typing import Any

import msgspec

from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.chat import decode_json, error_message
from foundry_bench.worker.fetch import fetch
from foundry_bench.worker.http import HttpError
from foundry_bench.worker.secret import Key

# Is told how far a download is, as a fraction where that is known, and what is being done.
Tell = Callable[[float | None, str], None]

IN_MEMORY = "see whether the model is downloaded there, and whether its memory suffices"  # what to do about a refusal
LOAD_TIMEOUT_S = 600.0
_LIST_TIMEOUT_S = 10.0


class ServiceClient:
    """One service at its base URL (without ``/v1``)."""

    def __init__(self, url: str, key: Key) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        self._key = key

    async def ask(
        self,
        path: str,
        document: object = None,
        *,
        timeout_s: float | None = _LIST_TIMEOUT_S,
        on_data: Callable[[bytes], None] | None = None,
    ) -> tuple[int, bytes]:
        """GET the path, or POST a document there: status and body, without the key where the body quotes it.

        Raises:
            ModelUnavailableError: the service can't be reached, or doesn't answer.
        """
        method, body = ("GET", b"") if document is None else ("POST", msgspec.json.encode(document))
        headers = {"content-type": "application/json", **self._key.headers}
        try:
            status, answer = await fetch(
                self.url, path, method=method, body=body, headers=headers, timeout_s=timeout_s, on_data=on_data
            )
        except HttpError as error:
            raise unreachable(error) from error
        return status, self._key.strike(answer)

    async def look(self, path: str, *, timeout_s: float = _LIST_TIMEOUT_S) -> Any:
        """The document at a path; None where there is none, whatever the reason."""
        try:
            status, body = await self.ask(path, timeout_s=timeout_s)
            return decode_json(body) if status == 200 else None
        except (ModelUnavailableError, ValueError):
            return None

    async def order(self, path: str, document: object, *, kind: str, what: str, advice: str) -> Any:
        """Have the service do something, which may take minutes; its answer, where that is a document.

        Raises:
            ModelUnavailableError: it can't be reached, or refused; ``kind``, ``what`` and ``advice`` say so.
        """
        status, body = await self.ask(path, document, timeout_s=LOAD_TIMEOUT_S)
        if not 200 <= status < 300:
            reason = error_message(body) or f"HTTP {status}"
            raise ModelUnavailableError(kind, f"the service could not {what}: {reason}", advice)
        try:
            return decode_json(body)
        except ValueError:
            return None


def unreachable(error: HttpError) -> ModelUnavailableError:
    """What a connection that can't be had means for a model."""
    return ModelUnavailableError(error.kind, str(error), "is the service running, and is this its address?")
