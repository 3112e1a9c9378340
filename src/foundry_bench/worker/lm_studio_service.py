"""Downloads, loads and unloads models of LM Studio, 0.4 or later."""

import asyncio
from typing import Any
from urllib.parse import quote

from foundry_bench.values.events import CatalogEntry
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.service_client import ServiceClient, Tell
from foundry_bench.worker.service_kind import items

_MODELS = "/api/v1/models"
_POLL_S = 1.0
_ADVICE = "its interface needs LM Studio 0.4 or later; see also whether the model is downloaded there"


class LMStudioService:
    """The ``/api/v1/models`` paths; a loaded model is an instance with an id of its own."""

    keeps = False

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def load(self, name: str, entry: CatalogEntry | None, *, keep_s: float | None = None) -> str:  # noqa: ARG002 - it can't be told
        """Load by key, which the model then answers to."""
        key = entry.id if entry else name
        await self._order("load", {"model": key}, key)
        return key

    async def unload(self, name: str, entry: CatalogEntry | None) -> None:
        """Unload all instances of the model."""
        key = entry.id if entry else name
        listed = await self._client.look(_MODELS)
        for model in items(listed, "models"):
            for instance in items(model, "loaded_instances") if model.get("key") == key else []:
                await self._order("unload", {"instance_id": instance.get("id")}, key)

    async def download(self, name: str, entry: CatalogEntry | None, tell: Tell) -> None:  # noqa: ARG002 - any name will do
        """Start a download there, and ask how far it is until it is over."""
        job = await self._order("download", {"model": name}, name)
        while _text(job, "status") not in {"completed", "already_downloaded"}:
            if _text(job, "status") not in {"downloading", "paused"} or not _text(job, "job_id"):
                reason = _text(job, "error") or _text(job, "status") or "it doesn't tell how far it is"
                raise ModelUnavailableError("download_failed", f"the service could not download {name}: {reason}", "")
            total, done = job.get("total_size_bytes"), job.get("downloaded_bytes")
            tell(done / total if isinstance(total, int) and isinstance(done, int) and total else None, job["status"])
            await asyncio.sleep(_POLL_S)
            path = f"{_MODELS}/download/status/{quote(job['job_id'], safe='')}"
            told = await self._client.look(path)
            job = {"job_id": job["job_id"], **(told if isinstance(told, dict) else {})}

    async def _order(self, verb: str, document: dict[str, Any], key: str) -> dict[str, Any]:
        """Have it done; its answer, which must be a document without an error, as it answers all else with 200 too."""
        answer = await self._client.order(
            f"{_MODELS}/{verb}", document, kind=f"{verb}_failed", what=f"{verb} {key}", advice=_ADVICE
        )
        if not isinstance(answer, dict) or answer.get("error"):
            reason = str(answer.get("error")) if isinstance(answer, dict) else "it answered no document"
            if "unexpected endpoint" in reason.lower():
                raise ModelUnavailableError("unsupported", f"this LM Studio can't be told to {verb} models", _ADVICE)
            raise ModelUnavailableError(f"{verb}_failed", f"the service could not {verb} {key}: {reason}", _ADVICE)
        return answer


def _text(document: dict[str, Any], key: str) -> str:
    value = document.get(key)
    return value if isinstance(value, str) else ""
