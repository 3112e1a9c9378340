"""The embedded Foundry Local runtime: the whole of it inside the worker, no service to install."""

import asyncio
import contextlib
import difflib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from foundry_bench.values.events import CatalogEntry, CatalogListed, ModelDescribed, StageProgressed, StageStarted
from foundry_bench.values.plan import Runtime, Target, Via
from foundry_bench.worker.answer import Answer, one_line
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.chat_session import ChatSessions
from foundry_bench.worker.model_cache import cached_models, folder_mb
from foundry_bench.worker.openai_http import OpenAIEndpoint

_UNLOAD_RETRY_S = 2.0
_IDLE_CPU_SHARE = 0.2
_SETTLE_LIMIT_S = 60.0
_PROGRESS_INTERVAL_S = 0.2


class FoundryRuntime:
    """The runtime of this process: started once, asked from threads since its calls block."""

    def __init__(self, runtime: Runtime) -> None:
        # The variable that build machines set: with it the runtime sends none of its telemetry.
        os.environ.setdefault("CI", "true")
        from foundry_local_sdk import Configuration, FoundryLocalManager, LogLevel

        FoundryLocalManager.initialize(
            Configuration(
                app_name="foundry-bench",
                app_data_dir=runtime.app_data_dir,
                model_cache_dir=runtime.model_cache_dir,
                catalog_urls=[(runtime.catalog_url, None)] if runtime.catalog_url else None,
                log_level=LogLevel.FATAL,
                disable_nonessential_telemetry=True,
                # Few threads, so that progress is told and a cancel is heard within a fraction of a second.
                additional_settings={"NumModelDownloadThreads": "4"},
            )
        )
        self.manager: Any = FoundryLocalManager.instance
        self.cache_dir = Path(runtime.model_cache_dir) if runtime.model_cache_dir else None

    def variants(self) -> list[Any]:
        """Every variant the catalog offers to this device; empty where it can't be reached and nothing is saved."""
        return [variant for model in self.manager.catalog.list_models() for variant in model.variants]

    def find(self, name: str) -> Any:
        """The variant that ``name`` (alias or id) means, or None: of an alias the cached one, else the default."""
        model = self.manager.catalog.get_model(name)
        if model is None:
            return self.manager.catalog.get_model_variant(name)
        cached = [variant for variant in model.variants if variant.is_cached]
        if cached:
            model.select_variant(cached[0])
        return model

    def register(self, path: Path, model_id: str) -> Any:
        """Make a folder of one's own known to the runtime."""
        from foundry_local_sdk import FoundryLocalException, ModelInfoBuilder
        from foundry_local_sdk.catalog import CatalogType

        local = self.manager.get_catalog(CatalogType.LOCAL)
        with contextlib.suppress(FoundryLocalException):
            local.unregister_model(model_id)  # registrations last, and this one's folder may have moved
        with ModelInfoBuilder() as info:
            info.set_string_property("task", "chat-completion")
            return local.register_model(path, model_id, info)


def describe_variant(variant: Any) -> CatalogEntry:
    """A catalog entry from the runtime's own description."""
    info = variant.info
    runtime = info.runtime
    return CatalogEntry(
        id=info.id,
        alias=info.alias,
        name=info.name,
        version=info.version,
        device=str(runtime.device_type) if runtime and runtime.device_type else None,
        execution_provider=(runtime.execution_provider if runtime else None) or None,
        size_mb=info.file_size_mb,
        license=info.license,
        task=info.task,
        publisher=info.publisher,
        context_length=info.context_length,
        capabilities=tuple(part for part in (info.capabilities or "").split(",") if part),
        cached=variant.is_cached,
        loaded=variant.is_loaded,
    )


class FoundryBackend:
    """The ``foundry`` backend: catalog models through the runtime's web service, one's own through ChatSession."""

    in_process = True

    def __init__(self, target: Target | None, runtime: Runtime, via: Via) -> None:
        self._target = target or Target(name="", backend="foundry", model="")
        self._settings = runtime
        self._via = via
        self._runtime: FoundryRuntime | None = None
        self._model: Any = None
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
        runtime = await asyncio.to_thread(FoundryRuntime, self._settings)
        self._runtime = runtime
        entries = await asyncio.to_thread(lambda: [describe_variant(variant) for variant in runtime.variants()])
        known = {entry.id for entry in entries}
        disk = [model for model in cached_models(runtime.cache_dir) if model.id not in known]
        note = None if entries else "the catalog could not be reached; listed is what this disk holds"
        return CatalogListed(entries=(*entries, *disk), note=note)

    async def prepare(self, emit: Emit) -> ModelDescribed:
        """Start the runtime, find the model, download it where it is missing, load it."""
        name = self._target.name
        emit(StageStarted(model=name, stage="start"))
        with _explained("runtime_failed", "the Foundry Local runtime did not start"):
            self._runtime = runtime = await asyncio.to_thread(FoundryRuntime, self._settings)
        if self._target.path:
            entry, own = await self._register(runtime, Path(self._target.path)), True
        else:
            emit(StageStarted(model=name, stage="catalog"))
            entry, own = await self._find(runtime)
        if not own and not self._model.is_cached:
            emit(StageStarted(model=name, stage="download"))
            await self._download(emit)
        emit(StageStarted(model=name, stage="load"))
        with _explained("load_failed", "the runtime could not load the model"):
            started = time.perf_counter_ns()
            await asyncio.to_thread(self._model.load)
            self._load_s = (time.perf_counter_ns() - started) / 1e9
        if own or self._via == "session":
            if self._via == "web":
                raise ModelUnavailableError(
                    "not_served", "the web service serves catalog models only", "leave out --via, or choose session"
                )
            self._sessions = ChatSessions(self._model)
        else:
            await asyncio.to_thread(runtime.manager.start_web_service)
            self._endpoint = OpenAIEndpoint(
                Target(name=name, backend="openai_http", model=entry.id, url=runtime.manager.urls[0])
            )
        path = Path(await asyncio.to_thread(self._model.get_path))
        return ModelDescribed(
            model=name,
            id=entry.id,
            backend="foundry",
            device=entry.device,
            execution_provider=entry.execution_provider,
            disk_mb=folder_mb(path) or entry.size_mb,
            license=self._target.license or entry.license,
            capabilities=entry.capabilities,
            context_length=entry.context_length,
        )

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

    async def settle(self) -> None:
        """Wait until this process, which does the inference, has stopped computing."""
        deadline = time.monotonic() + _SETTLE_LIMIT_S
        while time.monotonic() < deadline:
            wall, cpu = time.monotonic(), time.process_time()
            await asyncio.sleep(0.2)
            if (time.process_time() - cpu) < _IDLE_CPU_SHARE * (time.monotonic() - wall):
                return

    async def release(self) -> None:
        """Unload, which the runtime refuses for some milliseconds after an answer, and close."""
        if self._endpoint:
            await self._endpoint.release()
        if self._sessions:
            self._sessions.close()
        deadline = time.monotonic() + _UNLOAD_RETRY_S
        while self._model is not None and time.monotonic() < deadline:
            try:
                await asyncio.to_thread(self._model.unload)
                break
            except Exception:  # noqa: BLE001 - the SDK raises its own and native errors; the process ends anyway
                await asyncio.sleep(0.05)
        if self._runtime:
            with contextlib.suppress(Exception):  # as above: nothing is left to lose
                await asyncio.to_thread(self._runtime.manager.close)

    async def _register(self, runtime: FoundryRuntime, path: Path) -> CatalogEntry:
        if not (path / "genai_config.json").is_file():
            raise ModelUnavailableError(
                "missing_files", f"{path} holds no genai_config.json", "import the model again", skipped=True
            )
        with _explained("register_failed", "the runtime refused the model's folder"):
            model_id = f"{self._target.model}:1"
            self._model = await asyncio.to_thread(runtime.register, path, model_id)
        return CatalogEntry(id=model_id, alias=self._target.model, name=self._target.model, device="CPU", source="own")

    async def _find(self, runtime: FoundryRuntime) -> tuple[CatalogEntry, bool]:
        """The catalog's entry, or one found on the disk alone, which then is registered like one's own (True)."""
        wanted = self._target.model
        with _explained("catalog_failed", "the runtime could not search its catalog"):
            self._model = await asyncio.to_thread(runtime.find, wanted)
        if self._model is not None:
            return describe_variant(self._model), False
        for entry in cached_models(runtime.cache_dir):
            if wanted.lower() in {entry.id.lower(), entry.name.lower(), entry.alias.lower()} and entry.path:
                with _explained("register_failed", "the runtime refused the model's folder"):
                    self._model = await asyncio.to_thread(runtime.register, Path(entry.path), entry.id)
                return entry, True
        variants = await asyncio.to_thread(runtime.variants)
        near = difflib.get_close_matches(wanted, sorted({v.alias for v in variants}), n=3, cutoff=0.4)
        advice = f"did you mean {' or '.join(near)}? " if near else ""
        where = "the catalog" if variants else "this disk (the catalog could not be reached)"
        raise ModelUnavailableError(
            "unknown_model",
            f"{where} has no model '{wanted}'",
            f"{advice}see `foundry-bench models` for what there is",
            skipped=True,
        )

    async def _download(self, emit: Emit) -> None:
        last = 0.0

        def tell(percent: float) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _PROGRESS_INTERVAL_S or percent >= 100:
                last = now
                emit(StageProgressed(model=self._target.name, stage="download", fraction=percent / 100))

        with _explained("download_failed", "the download failed", skipped=True):
            await asyncio.to_thread(self._model.download, tell)


@contextlib.contextmanager
def _explained(kind: str, what: str, *, skipped: bool = False) -> Iterator[None]:
    """Turns whatever the SDK raises into a reason with a mend."""
    try:
        yield
    except ModelUnavailableError:
        raise
    except Exception as error:  # the SDK raises FoundryLocalException, RuntimeError and native errors alike
        text = str(error)
        if any(sign in text.lower() for sign in ("bad_alloc", "bad allocation", "out of memory", "failed to allocate")):
            raise ModelUnavailableError(
                "out_of_memory", f"{what}: not enough memory", "close other programs or choose a smaller variant"
            ) from error
        raise ModelUnavailableError(
            kind, f"{what}: {_essence(text)}", _ADVICE.get(kind, ""), skipped=skipped
        ) from error


_ADVICE = {
    "load_failed": "the model's files may be damaged: remove the model and download or import it again",
    "register_failed": "the folder must be a complete ONNX Runtime GenAI model",
    "download_failed": "check the connection and the free disk space, then run again: a download resumes",
    "runtime_failed": "reinstall foundry-local-sdk, and check that the data folder can be written",
}


def _essence(text: str) -> str:
    """The last clause of a native error, without the C++ signatures and source lines before it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0] if lines else "no reason given"
    for mark in (">*) ", "(...) ", "() const ", "&) ", "*) "):
        line = line.rpartition(mark)[2]
    return one_line(line)
