"""Which variant a name stands for."""

from dataclasses import replace

import pytest

from foundry_bench.values.choice import choose, missing_variant, named, of_device, smaller
from foundry_bench.values.events import CatalogEntry
from foundry_bench.values.fit import Room

GPU = CatalogEntry(
    id="phi-gpu:5", alias="phi", name="phi-gpu", device="GPU", execution_provider="CUDAExecutionProvider", size_mb=3600
)
CPU = CatalogEntry(
    id="phi-cpu:5", alias="phi", name="phi-cpu", device="CPU", execution_provider="CPUExecutionProvider", size_mb=4900
)
SMALL = CatalogEntry(id="smol:1", alias="smol", name="smol", device="CPU", size_mb=86)
AUDIO = CatalogEntry(id="whisper:1", alias="whisper", name="whisper", device="CPU", size_mb=154, task="speech")
EVERY = (GPU, CPU, SMALL, AUDIO)
LARGE, LITTLE = Room(total_mb=64_000, available_mb=60_000), Room(total_mb=4000, available_mb=2000)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("phi", [GPU, CPU]), ("PHI-CPU:5", [CPU]), ("phi-cpu", [CPU]), ("phi-cpu:4", []), ("", [])],
)
def test_names(name: str, expected: list[CatalogEntry]) -> None:
    assert named(EVERY, name) == expected


@pytest.mark.parametrize(
    ("device", "provider", "expected"),
    [(None, None, [GPU, CPU]), ("gpu", None, [GPU]), ("cpu", "cuda", []), (None, "cuda", [GPU]), ("npu", None, [])],
)
def test_devices(device: str | None, provider: str | None, expected: list[CatalogEntry]) -> None:
    assert of_device((GPU, CPU), device, provider) == expected


def test_the_catalogs_first_is_chosen_but_for_what_is_on_the_disk_or_fits() -> None:
    assert choose((GPU, CPU), LARGE) is GPU
    cached = replace(CPU, cached=True)
    assert choose((GPU, cached), LARGE) is cached
    assert choose((cached, GPU), LITTLE) is GPU
    assert choose((GPU, cached), None) is cached


def test_what_fits_instead_is_named() -> None:
    assert smaller(EVERY, CPU, LITTLE) == {"phi-gpu:5": 3600, "smol:1": 86}
    assert smaller((CPU, AUDIO), CPU, LITTLE) == {}


def test_a_missing_variant_is_explained() -> None:
    line = missing_variant((GPU, CPU), "npu", None)
    assert line == "no variant for npu; on this device there is CPU/CPU, GPU/CUDA"
