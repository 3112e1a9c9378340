"""What can be done with a service's models besides asking them, and which kinds of service let one."""

from typing import Protocol

from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.service import Service
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.foundry_service import FoundryService
from foundry_bench.worker.legacy_service import LegacyService
from foundry_bench.worker.lm_studio_service import LMStudioService
from foundry_bench.worker.ollama_service import OllamaService
from foundry_bench.worker.service_client import ServiceClient, Tell


class ServiceControl(Protocol):
    """The control plane of one kind of service. Each verb raises ModelUnavailableError where it doesn't succeed.

    ``name`` is what the user wrote, ``entry`` the listed model that it means, or None where the list holds none.
    """

    keeps: bool  # whether a load can say how long the model is to stay

    async def load(self, name: str, entry: CatalogEntry | None, *, keep_s: float | None = None) -> str:
        """Bring the model into memory, for ``keep_s`` seconds after its last use; the id that it answers to."""

    async def unload(self, name: str, entry: CatalogEntry | None) -> None:
        """Take it out of memory."""

    async def download(self, name: str, entry: CatalogEntry | None, tell: Tell) -> None:
        """Fetch the whole model to the service's disk; ``tell`` gets the fraction done, and what is being done."""


def control_of(service: Service, client: ServiceClient) -> ServiceControl | None:
    """The control plane of a service; None where its kind has none."""
    match service.kind:
        case "foundry":
            return FoundryService(client)
        case "foundry-legacy":
            return LegacyService(client)
        case "ollama":
            return OllamaService(client)
        case "lm-studio":
            return LMStudioService(client)
        case _:
            return None


def no_control(service: Service) -> ModelUnavailableError:
    """Why nothing can be done with the models of a service."""
    return ModelUnavailableError(
        "unsupported",
        f"{service.label} at {service.url} has no interface to download, load or unload models",
        "do it on its host",
        skipped=True,
    )
