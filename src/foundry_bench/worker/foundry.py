"""The ``foundry`` backend: measures a model of the embedded Foundry Local runtime, no service to install."""

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

from foundry_bench.values.events import CatalogEntry, CatalogListed, ModelDescribed, StageStarted
from foundry_bench.values.fit import Demand
from foundry_bench.values.plan import Runtime, Target, Via
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.backend import Emit, ModelUnavailableError, described
from foundry_bench.worker.chat_session import ChatSessions
from foundry_bench.worker.foundry_model import FoundryModel
from foundry_bench.worker.foundry_runtime import FoundryRuntime, start_runtime
from foundry_bench.worker.model_cache import cached_models, folder_mb
from foundry_bench.worker.openai_http import OpenAIEndpoint
from foundry_bench.worker.rest import at_rest
from foundry_bench.worker.sdk_errors import explained

_SETTLE_LIMIT_S = 600.0  # what is being read to its end takes as long as its prompt is long


class FoundryBackend:
    """Catalog models through the runtime's web service, one's own through ChatSession."""

    in_process = True

    def __init__(self, target: Target | None, runtime: Runtime, via: Via, demand: Demand | None = None) -> None:
        self._target = target or Target(name="", backend="foundry", model="")
        self._settings = runtime
        self._via = via
        self._demand = demand or Demand()
        self._runtime: FoundryRuntime | None = None
        self._model: FoundryModel | None = None
        self._endpoint: OpenAIEndpoint | None = None
        self._sessions: ChatSessions | None = None
        self._load_s: float | None = None

    @property
    def load_s(self) -> float | None:
        """Seconds that loading the model took."""
        return self._load_s

    @property
    def openai_url(self) -> str | None:
        """The web service's base URL; None where the model is reached through ChatSession."""
        return self._endpoint.openai_url if self._endpoint else None

    async def catalog(self) -> CatalogListed:
        """The catalog's variants, and models on the disk that it doesn't know."""
        entries: list[CatalogEntry] = []
        note: str | None = "the catalog could not be reached"
        try:
            self._runtime = await start_runtime(self._settings)
            with explained("catalog_failed", "the runtime could not read its catalog"):
                entries = [entry for entry, _ in await asyncio.to_thread(self._runtime.variants)]
        except ModelUnavailableError as error:
            note = f"{error} ({error.advice})" if error.advice else str(error)
        known = {entry.id for entry in entries}
        cache = Path(self._settings.model_cache_dir) if self._settings.model_cache_dir else None
        disk = [model for model in cached_models(cache) if model.id not in known]
        note = None if entries else f"{note}; listed is what this disk holds"
        return CatalogListed(entries=(*entries, *disk), note=note)

    async def prepare(self, emit: Emit) -> ModelDescribed:
        """Start the runtime, find the model, download it where it is missing, load it."""
        name = self._target.name
        emit(StageStarted(model=name, stage="start"))
        self._runtime = await start_runtime(self._settings)
        self._model = model = FoundryModel(self._runtime, self._target, self._demand)
        if not self._target.path:
            emit(StageStarted(model=name, stage="catalog"))
        entry = await model.find()
        if model.own and self._via == "web":
            raise ModelUnavailableError(
                "not_served",
                "the web service serves catalog models only",
                "leave out --via, or choose session",
                skipped=True,
            )
        in_session = model.own or self._via == "session"
        if not model.own and not entry.cached:
            await model.check_fit(emit, whole_context=in_session)
            emit(StageStarted(model=name, stage="download", size_mb=entry.size_mb))
            await model.download(emit)
        await model.check_fit(emit, whole_context=in_session)
        emit(StageStarted(model=name, stage="load"))
        self._load_s = await model.load()
        model.note(measured=True)
        if in_session:
            self._sessions = ChatSessions(model.sdk)
        else:
            self._endpoint = OpenAIEndpoint(
                Target(name=name, backend="openai_http", model=entry.id, url=await model.serve())
            )
        return described(self._target, replace(entry, size_mb=folder_mb(await model.path()) or entry.size_mb))

    async def connect(self, slots: int) -> None:
        """Open the connections beforehand, or the threads."""
        if self._endpoint:
            await self._endpoint.connect(slots)
        elif self._sessions:
            self._sessions.open(slots)

    async def answer(self, answer: Answer, slot: int) -> None:
        """Send the request the model's way."""
        if self._endpoint:
            await self._endpoint.answer(answer, slot)
        elif self._sessions:
            await self._sessions.answer(answer)

    async def settle(self, timeout_s: float) -> bool:
        """Wait until this process, which does the inference, has stopped computing."""
        return await at_rest(max(timeout_s, _SETTLE_LIMIT_S))

    async def keep_warm(self, interval_s: float) -> None:
        """Nobody unloads it."""

    async def release(self) -> None:
        """Unload and close."""
        if self._endpoint:
            await self._endpoint.release()
        if self._sessions:
            self._sessions.close()
        if self._model:
            with contextlib.suppress(ModelUnavailableError):  # the process ends anyway
                await self._model.unload()
        if self._runtime:
            await self._runtime.close()
