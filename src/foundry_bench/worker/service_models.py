"""Reads what each kind of service says of its models into catalog entries."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.service import ServiceKind

Documents = Mapping[str, Any]

# What a kind says of its models besides /v1/models, and where.
SOURCES: Mapping[ServiceKind, tuple[str, ...]] = {
    "foundry": ("/models/loaded",),
    "foundry-legacy": ("/foundry/list", "/openai/models", "/openai/loadedmodels"),
    "llama.cpp": ("/props",),
    "ollama": ("/api/tags", "/api/ps"),
    "lm-studio": ("/api/v1/models", "/api/v0/models"),
}
_MB = 1e6


def read_entries(kind: ServiceKind, found: Documents) -> tuple[CatalogEntry, ...]:
    """The models of a service, each id once: gateways list one for each of the servers behind them.

    Args:
        kind: what the service is.
        found: documents by path: ``/v1/models`` and the kind's ``SOURCES``; one that is missing, or None, or not of the
            known shape says nothing.
    """
    reader = _READERS.get(kind)
    entries = tuple(reader(found)) if reader else ()
    return tuple({entry.id: entry for entry in entries or _plain(found)}.values())


def _plain(found: Documents) -> Iterator[CatalogEntry]:
    for model in _models(found.get("/v1/models"), "data", "id"):
        yield _entry(model["id"], publisher=_text(model, "owned_by"))


def _foundry(found: Documents) -> Iterator[CatalogEntry]:
    loaded = _names(found.get("/models/loaded"))
    for model in _models(found.get("/v1/models"), "data", "id"):
        held = model["id"] in loaded
        yield _entry(model["id"], publisher=_text(model, "owned_by"), loaded=held, cached=held)


def _legacy(found: Documents) -> Iterator[CatalogEntry]:
    """The catalog, and what is on the disk there without being in it."""
    cached, loaded = _names(found.get("/openai/models")), _names(found.get("/openai/loadedmodels"))
    listed = found.get("/foundry/list")
    known = set[str]()
    for model in _models(listed if isinstance(listed, dict) else {"models": listed}, "models", "name"):
        runtime = _table(model, "runtime")
        known.add(model["name"])
        yield _entry(
            model["name"],
            alias=_text(model, "alias"),
            device=_text(runtime, "deviceType"),
            execution_provider=_text(runtime, "executionProvider"),
            size_mb=_number(model, "fileSizeMb"),
            license=_text(model, "license"),
            task=_text(model, "task"),
            publisher=_text(model, "publisher"),
            cached=model["name"] in cached,
            loaded=model["name"] in loaded,
        )
    for name in sorted((cached | loaded) - known):
        yield _entry(name, cached=name in cached, loaded=name in loaded)


def _llama_cpp(found: Documents) -> Iterator[CatalogEntry]:
    """One model, or those of a router; the context is the one that the server runs with, where it says."""
    settings = _table(found.get("/props"), "default_generation_settings")
    models = list(_models(found.get("/v1/models"), "data", "id"))
    for model in models:
        meta, status = _table(model, "meta"), _table(model, "status")
        size = _number(meta, "size")
        running = _number(settings, "n_ctx") if len(models) == 1 else None
        yield _entry(
            model["id"],
            size_mb=size / _MB if size else None,
            context_length=_whole(running or _number(meta, "n_ctx_train")),
            loaded=status.get("value") == "loaded" if status else True,
            cached=True,
        )


def _ollama(found: Documents) -> Iterator[CatalogEntry]:
    loaded = {model["name"]: model for model in _models(found.get("/api/ps"), "models", "name")}
    for model in _models(found.get("/api/tags"), "models", "name"):
        size = _number(model, "size")
        yield _entry(
            model["name"],
            size_mb=size / _MB if size else None,
            quantization=_text(_table(model, "details"), "quantization_level"),
            context_length=_whole(_number(loaded.get(model["name"], {}), "context_length")),
            loaded=model["name"] in loaded,
            cached=True,
        )


def _vllm(found: Documents) -> Iterator[CatalogEntry]:
    for model in _models(found.get("/v1/models"), "data", "id"):
        yield _entry(model["id"], context_length=_whole(_number(model, "max_model_len")), loaded=True, cached=True)


def _lm_studio(found: Documents) -> Iterator[CatalogEntry]:
    """By the interface of 0.4 and later, which knows sizes, or by the one before."""
    for model in _models(found.get("/api/v1/models"), "models", "key"):
        size = _number(model, "size_bytes")
        yield _entry(
            model["key"],
            size_mb=size / _MB if size else None,
            quantization=_text(_table(model, "quantization"), "name"),
            context_length=_whole(_number(model, "max_context_length")),
            publisher=_text(model, "publisher"),
            task=_text(model, "type"),
            loaded=bool(model.get("loaded_instances")),
            cached=True,
        )
    if _table(found, "/api/v1/models").get("models"):
        return
    for model in _models(found.get("/api/v0/models"), "data", "id"):
        yield _entry(
            model["id"],
            quantization=_text(model, "quantization"),
            context_length=_whole(_number(model, "loaded_context_length") or _number(model, "max_context_length")),
            publisher=_text(model, "publisher"),
            task=_text(model, "type"),
            loaded=model.get("state") == "loaded",
            cached=True,
        )


_READERS: Mapping[ServiceKind, Callable[[Documents], Iterator[CatalogEntry]]] = {
    "foundry": _foundry,
    "foundry-legacy": _legacy,
    "llama.cpp": _llama_cpp,
    "ollama": _ollama,
    "vllm": _vllm,
    "lm-studio": _lm_studio,
}


def _entry(model_id: str, *, alias: str | None = None, **facts: Any) -> CatalogEntry:
    name = model_id.partition(":")[0]
    return CatalogEntry(id=model_id, alias=alias or name, name=name, source="endpoint", **facts)


def _models(document: Any, key: str, id_key: str) -> Iterator[dict[str, Any]]:
    """The entries of a list that have an id; some servers list bare ids."""
    listed = document.get(key) if isinstance(document, dict) else document
    for model in listed if isinstance(listed, list) else []:
        if isinstance(model, str):
            yield {id_key: model}
        elif isinstance(model, dict) and isinstance(model.get(id_key), str):
            yield model


def _names(document: Any) -> set[str]:
    return {name for name in document if isinstance(name, str)} if isinstance(document, list) else set()


def _table(document: Any, key: str) -> dict[str, Any]:
    value = document.get(key) if isinstance(document, Mapping) else None
    return value if isinstance(value, dict) else {}


def _text(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    return value if isinstance(value, str) and value else None


def _number(document: Mapping[str, Any], key: str) -> float | None:
    value = document.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
