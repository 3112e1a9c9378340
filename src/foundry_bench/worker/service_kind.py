"""Tells which program a service is from what it answers on the paths that only one of them has."""

from collections.abc import Mapping
from typing import Any

from foundry_bench.values.service import ServiceKind

# Who says in /v1/models that it owns the models is known by that; its version stands elsewhere.
_OWNERS: Mapping[str, tuple[ServiceKind, tuple[str, ...]]] = {
    "llamacpp": ("llama.cpp", ("/props",)),
    "vllm": ("vllm", ("/version",)),
    "library": ("ollama", ("/api/version",)),
}
_ALL = ("/models/loaded", "/openai/status", "/api/v1/models", "/api/v0/models", "/props", "/api/version")


def probes(listed: Any) -> tuple[str, ...]:
    """The paths worth a look, after what ``/v1/models`` said (a decoded document, or None)."""
    kind_and_paths = _OWNERS.get(_owner(listed))
    return kind_and_paths[1] if kind_and_paths else _ALL


def classify(listed: Any, found: Mapping[str, Any]) -> tuple[ServiceKind, str | None]:
    """The kind of a service, and its version where it tells one.

    A status of 200 proves nothing: LM Studio answers every path with it, and others speak Ollama's dialect too. So
    what counts is the shape of an answer, the paths that nobody imitates first.

    Args:
        listed: the document of ``/v1/models``, or None.
        found: the documents of those ``probes`` that had one.
    """
    kind = _kind(listed, found)
    if kind == "llama.cpp":
        return kind, _text(found.get("/props"), "build_info")
    path = {"ollama": "/api/version", "vllm": "/version"}.get(kind)
    return kind, _text(found.get(path), "version") if path else None


def _kind(listed: Any, found: Mapping[str, Any]) -> ServiceKind:
    owner = _OWNERS.get(_owner(listed))
    status = found.get("/openai/status")
    kind: ServiceKind = "unknown"
    if owner:
        kind = owner[0]
    elif _has(status, "modelDirPath") or _has(status, "ModelDirPath"):
        kind = "foundry-legacy"
    elif isinstance(found.get("/models/loaded"), list):
        kind = "foundry"
    elif _has_items(found.get("/api/v1/models"), "models", "loaded_instances") or _has_items(
        found.get("/api/v0/models"), "data", "state"
    ):
        kind = "lm-studio"
    elif _has(found.get("/props"), "default_generation_settings"):
        kind = "llama.cpp"
    elif _text(found.get("/api/version"), "version"):
        kind = "ollama"
    return kind


def _owner(listed: Any) -> str:
    owners = [entry.get("owned_by") for entry in items(listed, "data")]
    return owners[0] if owners and isinstance(owners[0], str) else ""


def items(document: Any, key: str) -> list[dict[str, Any]]:
    """The documents in the list at a key; none where there is no such list."""
    listed = document.get(key) if isinstance(document, dict) else None
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _has(document: Any, key: str) -> bool:
    return isinstance(document, dict) and key in document


def _has_items(document: Any, key: str, item_key: str) -> bool:
    return any(item_key in item for item in items(document, key))


def _text(document: Any, key: str) -> str | None:
    value = document.get(key) if isinstance(document, dict) else None
    return value if isinstance(value, str) and value else None
