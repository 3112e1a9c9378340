"""Downloads, loads and unloads models of Ollama."""

from typing import Any

from foundry_bench.values.events import CatalogEntry
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.chat import decode_json, error_message
from foundry_bench.worker.service_client import IN_MEMORY, ServiceClient, Tell
from foundry_bench.worker.service_lines import Lines


class OllamaService:
    """Ollama's own interface: a request to generate without a prompt only loads, or with no time to stay unloads."""

    keeps = True

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def load(self, name: str, entry: CatalogEntry | None, *, keep_s: float | None = None) -> str:
        """Load, for as long as the server is set to keep models where ``keep_s`` doesn't say."""
        model_id = entry.id if entry else name
        stay = {} if keep_s is None else {"keep_alive": f"{keep_s:.0f}s"}
        await self._generate({"model": model_id, "stream": False, **stay}, "load", model_id)
        return model_id

    async def unload(self, name: str, entry: CatalogEntry | None) -> None:
        """Unload."""
        model_id = entry.id if entry else name
        await self._generate({"model": model_id, "stream": False, "keep_alive": 0}, "unload", model_id)

    async def download(self, name: str, entry: CatalogEntry | None, tell: Tell) -> None:  # noqa: ARG002 - any name will do
        """Pull; the parts that have been announced so far are taken for the whole."""
        pull = _Pull(tell)
        status, body = await self._client.ask(
            "/api/pull", {"model": name, "stream": True}, timeout_s=None, on_data=Lines(pull.line).feed
        )
        if status != 200 or pull.error or not pull.succeeded:
            reason = pull.error or (error_message(body) if status != 200 else "it broke off")
            raise ModelUnavailableError("download_failed", f"the service could not download {name}: {reason}", "")

    async def _generate(self, document: dict[str, Any], verb: str, model_id: str) -> None:
        await self._client.order(
            "/api/generate", document, kind=f"{verb}_failed", what=f"{verb} {model_id}", advice=IN_MEMORY
        )


class _Pull:
    """Follows the lines of a pull, each a JSON document."""

    def __init__(self, tell: Tell) -> None:
        self.error: str | None = None
        self.succeeded = False
        self._tell = tell
        self._parts: dict[str, tuple[int, int]] = {}

    def line(self, text: str) -> None:
        try:
            document = decode_json(text)
        except ValueError:
            return
        if not isinstance(document, dict):
            return
        if document.get("error"):
            self.error = str(document["error"])
        self.succeeded = document.get("status") == "success"
        total, completed = document.get("total"), document.get("completed", 0)
        if isinstance(total, int) and isinstance(completed, int) and total > 0:
            self._parts[str(document.get("digest"))] = (completed, total)
        whole = sum(total for _, total in self._parts.values())
        done = sum(completed for completed, _ in self._parts.values())
        self._tell(min(1.0, done / whole) if whole else None, str(document.get("status", "")))
