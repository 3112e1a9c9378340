"""Loads and unloads models of a Foundry Local 2.x web service, which knows them by alias."""

import asyncio
from urllib.parse import quote

import msgspec

from foundry_bench.values.events import CatalogEntry
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.chat import error_message
from foundry_bench.worker.service_client import IN_MEMORY, LOAD_TIMEOUT_S, ServiceClient, Tell

_IN_USE_RETRIES = 20
_IN_USE_WAIT_S = 0.1


class FoundryService:
    """The ``/models`` paths of a 2.x service."""

    keeps = False

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def load(self, name: str, entry: CatalogEntry | None, *, keep_s: float | None = None) -> str:  # noqa: ARG002 - it can't be told
        """Load by alias; of an alias that the list of ids doesn't hold, the id is what is loaded then."""
        before = await self._loaded()
        await self._try_names("load", name, entry)
        if entry:
            return entry.id
        after = await self._loaded()
        # An alias that was loaded before adds nothing: its id then begins with it.
        fresh = [model for model in after if model not in before]
        meant = fresh or [model for model in after if model.lower().startswith(name.lower())]
        if len(meant) != 1:
            raise ModelUnavailableError(
                "ambiguous_model",
                f"the service loaded '{name}' and does not say which model that is",
                f"name it by its id, one of {', '.join(meant or after)}",
            )
        return meant[0]

    async def unload(self, name: str, entry: CatalogEntry | None) -> None:
        """Unload; a session that just ended may still hold the model for a moment."""
        for attempt in range(_IN_USE_RETRIES):
            try:
                return await self._try_names("unload", name, entry)
            except ModelUnavailableError as error:
                if "session" not in str(error) or attempt == _IN_USE_RETRIES - 1:
                    raise
            await asyncio.sleep(_IN_USE_WAIT_S)
        return None

    async def download(self, name: str, entry: CatalogEntry | None, tell: Tell) -> None:  # noqa: ARG002 - it can't be done
        """Not over HTTP."""
        raise ModelUnavailableError(
            "unsupported",
            "a Foundry Local 2.x service downloads nothing over HTTP",
            f"on its host, run `foundry-bench models download {name}` with its --model-cache",
            skipped=True,
        )

    async def _loaded(self) -> list[str]:
        _, body = await self._client.ask("/models/loaded")
        try:
            return msgspec.json.decode(body, type=list[str])
        except (ValueError, RecursionError):
            return []

    async def _try_names(self, verb: str, name: str, entry: CatalogEntry | None) -> None:
        """By the name as written, which may be an alias, and by the id's, without the version."""
        for candidate in dict.fromkeys((name, entry.name if entry else name)):
            path = f"/models/{verb}/{quote(candidate, safe='')}"
            status, body = await self._client.ask(path, timeout_s=LOAD_TIMEOUT_S)
            if status == 200:
                return
            if status != 404:
                raise ModelUnavailableError(
                    f"{verb}_failed",
                    f"the service could not {verb} {candidate}: {error_message(body)}",
                    IN_MEMORY,
                )
        raise ModelUnavailableError(
            "unknown_model",
            f"the service knows no alias '{name}'"
            if entry is None
            else f"the service {verb}s {entry.id} by alias only",
            "name the model by its alias",
            skipped=True,
        )
