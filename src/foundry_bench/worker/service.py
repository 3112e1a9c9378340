"""Finds out what answers at an endpoint, which models it has, and which of them a name means."""

import asyncio
import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.service import Service
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.chat import decode_json
from foundry_bench.worker.service_client import ServiceClient
from foundry_bench.worker.service_control import ServiceControl, control_of
from foundry_bench.worker.service_kind import classify, probes
from foundry_bench.worker.service_models import SOURCES, read_entries

_LIST = "/v1/models"
_PROBE_TIMEOUT_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundService:
    """A service, its models (None where it keeps no list), and its control plane, where it has one."""

    service: Service
    entries: tuple[CatalogEntry, ...] | None
    control: ServiceControl | None


async def find_service(client: ServiceClient) -> FoundService:
    """Ask for the list of models, then for what tells the service's kind, then for what that kind says besides.

    Raises:
        ModelUnavailableError: it can't be reached, refuses the key, or is no OpenAI-compatible service.
    """
    status, listed = await _listed(client)
    found = await _look(client, probes(listed), _PROBE_TIMEOUT_S)
    kind, version = classify(listed, found)
    if listed is None and status != 404 and kind == "unknown":
        raise ModelUnavailableError(
            "not_an_endpoint",
            f"{client.url}{_LIST} answered HTTP {status} and no list of models",
            "check the URL: it should be an OpenAI-compatible service",
        )
    missing = [path for path in SOURCES.get(kind, ()) if path not in found]
    found |= await _look(client, missing, None)
    entries = read_entries(kind, {**found, _LIST: listed})
    service = Service(kind=kind, version=version, url=client.url)
    no_list = listed is None and kind == "unknown"
    return FoundService(service=service, entries=None if no_list else entries, control=control_of(service, client))


def find_entry(name: str, entries: Sequence[CatalogEntry]) -> CatalogEntry | None:
    """The one entry that ``name`` means: by id, by id without version, or by alias.

    Of several variants under an alias one that is loaded or on the disk there comes first.
    """
    wanted = name.lower()
    tests: list[Callable[[CatalogEntry], bool]] = [
        lambda e: e.id == name,
        lambda e: e.id.lower() == wanted,
        lambda e: e.id.lower().rpartition(":")[0] == wanted,
        lambda e: e.alias.lower() == wanted and e.loaded,
        lambda e: e.alias.lower() == wanted and e.cached,
        lambda e: e.alias.lower() == wanted,
    ]
    for test in tests:
        found = [entry for entry in entries if test(entry)]
        if len(found) == 1:
            return found[0]
    return None


def unknown_model(name: str, entries: Sequence[CatalogEntry]) -> ModelUnavailableError:
    """Why a name means nothing, with names that are near; or several things."""
    ids = [entry.id for entry in entries]
    if variants := [entry.id for entry in entries if entry.alias.lower() == name.lower()]:
        message = f"'{name}' means {len(variants)} models of the endpoint"
        return ModelUnavailableError("ambiguous_model", message, f"name one by its id: {', '.join(variants)}")
    near = difflib.get_close_matches(name, ids, n=3, cutoff=0.4)
    return ModelUnavailableError(
        "unknown_model",
        f"the endpoint has no model '{name}'",
        f"it has, for example, {', '.join(near or ids[:3])}" if ids else "it has no models at all",
        skipped=True,
    )


async def _listed(client: ServiceClient) -> tuple[int, Any]:
    """The status of ``/v1/models``, and its document, where that is a list of models."""
    status, body = await client.ask(_LIST)
    if status in {401, 403}:
        raise ModelUnavailableError(
            f"http_{status}",
            f"{client.url} refused the request (HTTP {status})",
            "set FOUNDRY_BENCH_API_KEY to its key, or for an endpoint of config.toml the variable in its key_env",
        )
    try:
        document = decode_json(body) if status == 200 else None
    except ValueError:
        document = None
    listed = document.get("data") if isinstance(document, dict) else document
    return status, {"data": listed} if isinstance(listed, list) else None


async def _look(client: ServiceClient, paths: Sequence[str], timeout_s: float | None) -> dict[str, Any]:
    """The documents at the paths, asked for at once."""
    bound = {} if timeout_s is None else {"timeout_s": timeout_s}
    documents = await asyncio.gather(*(client.look(path, **bound) for path in paths))
    return dict(zip(paths, documents, strict=True))
