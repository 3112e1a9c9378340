"""The Foundry Local runtime of this process: started once, asked from threads since its calls block."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Any

from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.plan import Runtime
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.sdk_errors import explained


class FoundryRuntime:
    """The SDK's manager, configured as the settings say."""

    def __init__(self, runtime: Runtime) -> None:
        try:
            Path(runtime.app_data_dir or ".").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"the runtime's data folder {runtime.app_data_dir} can't be used: {error.strerror}"
            raise ModelUnavailableError("data_folder", message, "choose another with --data-dir") from error
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
        self.data_dir = Path(runtime.app_data_dir) if runtime.app_data_dir else None

    def variants(self) -> list[tuple[CatalogEntry, Any]]:
        """Every variant the catalog offers to this device; empty where it can't be reached and nothing is saved."""
        models = self.manager.catalog.list_models()
        return [(describe_variant(variant), variant) for model in models for variant in model.variants]

    def versions(self, alias: str, name: str) -> list[tuple[CatalogEntry, Any]]:
        """Every version of one variant, the latest first."""
        found = self.manager.catalog.get_model_versions(alias, name)
        return [(describe_variant(variant), variant) for variant in found]

    def register(self, path: Path, model_id: str) -> Any:
        """Make a folder of one's own known to the runtime."""
        from foundry_local_sdk import FoundryLocalException, ModelInfoBuilder
        from foundry_local_sdk.catalog import CatalogType

        local = self.manager.get_catalog(CatalogType.LOCAL)
        with contextlib.suppress(FoundryLocalException):
            local.unregister_model(model_id)  # registrations last, and this one's folder may have moved
        with ModelInfoBuilder() as info:
            info.set_string_property("task", "chat-completion")
            return local.register_model(path.resolve(), model_id, info)  # it refuses paths with ..

    async def close(self) -> None:
        """End it; whatever it still says, nothing is left to lose."""
        with contextlib.suppress(Exception):  # the SDK raises its own errors and native ones alike
            await asyncio.to_thread(self.manager.close)


async def start_runtime(settings: Runtime) -> FoundryRuntime:
    """The runtime of this process.

    Raises:
        ModelUnavailableError: it did not start, or there is no data folder to be had.
    """
    with explained("runtime_failed", "the Foundry Local runtime did not start"):
        return await asyncio.to_thread(FoundryRuntime, settings)


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
