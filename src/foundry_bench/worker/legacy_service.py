"""Downloads, loads and unloads models of a Foundry Local 0.x service."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from foundry_bench.values.events import CatalogEntry
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.chat import decode_json, error_message
from foundry_bench.worker.service_client import IN_MEMORY, ServiceClient, Tell
from foundry_bench.worker.service_kind import items
from foundry_bench.worker.service_lines import Lines

_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_FRACTION = re.compile(r'\(\s*"[^"]*"\s*,\s*(\d+(?:\.\d+)?)\s*\)')


def read_fraction(line: str) -> float | None:
    """How far a download is by one line of its answer, ``... 12.5% ...`` or ``("file", 0.125)``; None by any other."""
    if found := _PERCENT.search(line):
        return min(1.0, float(found[1]) / 100)
    found = _FRACTION.search(line)
    return min(1.0, float(found[1])) if found else None


class LegacyService:
    """The ``/openai`` and ``/foundry`` paths of a 0.x service."""

    keeps = True

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def load(self, name: str, entry: CatalogEntry | None, *, keep_s: float | None = None) -> str:
        """Load by id."""
        model_id = _id(name, entry)
        lifetime = "" if keep_s is None else f"?ttl={keep_s:.0f}"
        await self._client.order(
            f"/openai/load/{quote(model_id, safe='')}{lifetime}",
            None,
            kind="load_failed",
            what=f"load {model_id}",
            advice=IN_MEMORY if entry is None or entry.cached else f"download it there first: {_DOWNLOAD} {name}",
        )
        return model_id

    async def unload(self, name: str, entry: CatalogEntry | None) -> None:
        """Unload by id, even before its time is over."""
        model_id = _id(name, entry)
        path = f"/openai/unload/{quote(model_id, safe='')}?force=true"
        await self._client.order(path, None, kind="unload_failed", what=f"unload {model_id}", advice=IN_MEMORY)

    async def download(self, name: str, entry: CatalogEntry | None, tell: Tell) -> None:
        """Fetch a model of the catalog, which the service wants to be handed back its own entry of."""
        listed = await self._client.look("/foundry/list")
        models = items(listed if isinstance(listed, dict) else {"models": listed}, "models")
        model = next((model for model in models if entry and model.get("name") == entry.id), None)
        if model is None:
            raise ModelUnavailableError(
                "unknown_model", f"the service's catalog has no model '{name}'", "see its list of models", skipped=True
            )
        lines = Lines(lambda line: tell(fraction, "") if (fraction := read_fraction(line)) is not None else None)
        document = {"model": _handed_back(model), "token": "", "IgnorePipeReport": True}
        status, body = await self._client.ask("/openai/download", document, timeout_s=None, on_data=lines.feed)
        result = read_result(body)
        if status != 200 or not result.get("success"):
            reason = result.get("errorMessage") or (error_message(body) if status != 200 else "it broke off")
            raise ModelUnavailableError("download_failed", f"the service could not download {name}: {reason}", "")


_DOWNLOAD = "foundry-bench models download -e URL"


def read_result(body: bytes) -> Mapping[str, Any]:
    """The JSON document that ends a download's answer, its names in lower camel case; empty where there is none."""
    text = body.decode("utf-8", "replace")
    for found in re.finditer(r"\{", text):
        try:
            document = decode_json(text[found.start() :])
        except ValueError:
            continue
        if isinstance(document, dict):
            return {key[:1].lower() + key[1:]: value for key, value in document.items()}
    return {}


def _handed_back(model: Mapping[str, Any]) -> dict[str, Any]:
    """A catalog entry as the download wants it: other names, and a provider that means the local runtime."""
    provider = model.get("providerType")
    return {
        "Name": model.get("name"),
        "Uri": model.get("uri"),
        "Publisher": model.get("publisher"),
        "ProviderType": "AzureFoundryLocal" if provider == "AzureFoundry" else provider,
        "PromptTemplate": model.get("promptTemplate"),
    }


def _id(name: str, entry: CatalogEntry | None) -> str:
    return entry.id if entry else name
