"""What a host of a fleet says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from foundry_bench.values.calibration import Calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class HostModel:
    """A model on a host's disk; its id ends in its version."""

    id: str
    size_mb: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """The environment as ``run.json`` keeps it, the models on the disk, the machine's own timing error.

    ``problem`` says what could not be found out.
    """

    environment: Mapping[str, Any] = field(default_factory=dict)
    models: tuple[HostModel, ...] = ()
    calibration: Calibration | None = None
    problem: str | None = None
