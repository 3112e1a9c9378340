"""Which program answers at an endpoint."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

ServiceKind = Literal["foundry", "foundry-legacy", "llama.cpp", "ollama", "vllm", "lm-studio", "unknown"]

_NAMES: Mapping[ServiceKind, str] = {
    "foundry": "Foundry Local 2.x service",
    "foundry-legacy": "Foundry Local service (0.x)",
    "llama.cpp": "llama.cpp",
    "ollama": "Ollama",
    "vllm": "vLLM",
    "lm-studio": "LM Studio",
    "unknown": "OpenAI-compatible service",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service's kind, the version it tells (None where it tells none), and its base URL."""

    kind: ServiceKind
    url: str
    version: str | None = None

    @property
    def label(self) -> str:
        """For people: what it is, without where."""
        return f"{_NAMES[self.kind]} {self.version}" if self.version else _NAMES[self.kind]
