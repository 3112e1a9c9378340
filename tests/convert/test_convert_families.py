"""Each family's converted network against plain numpy: same logits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convert.onnx_run import all_logits
from convert.random_families import SHAPES, random_family
from convert.reference import reference_logits
from foundry_bench.convert import convert_gguf

if TYPE_CHECKING:
    from pathlib import Path

LONG = (30, 50)  # with the first step already past the length up to which the short frequencies hold
VARIANTS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    **{family: (family, {}, LONG if family == "phi3" else (1, 7, 50)) for family in SHAPES},
    "llama, half rotated": ("llama", {"rope.dimension_count": 16}, (1, 50)),
    "phi3, a window in every layer": ("phi3", {"attention.sliding_window": 10}, LONG),
    "phi3, short enough": ("phi3", {"rope.scaling.original_context_length": 50}, (1, 7, 50)),
    "phi3, never long": ("phi3", {"rope.scaling.original_context_length": 4096}, (1, 50)),
    "gemma2, another pattern": ("gemma2", {"attention.sliding_window_pattern": 3}, (7,)),
    "gemma3, no window": ("gemma3", {"attention.sliding_window": None}, (7,)),
    "gemma3, another local base": ("gemma3", {"rope.freq_base_swa": 300.0, "final_logit_softcapping": 4.0}, (7,)),
}
RUNS = [(variant, step) for variant, (_, _, steps) in VARIANTS.items() for step in steps]


@pytest.mark.parametrize(("variant", "step"), RUNS)
def test_each_family_gives_the_reference_logits(tmp_path: Path, variant: str, step: int) -> None:
    family, metadata, _ = VARIANTS[variant]
    ids = random_family(tmp_path / "random.gguf", family, metadata=metadata)
    convert_gguf(tmp_path / "random.gguf", tmp_path / "out", accuracy_level=1)
    expected = reference_logits(tmp_path / "random.gguf", ids)
    np.testing.assert_allclose(all_logits(tmp_path / "out", ids, step), expected, atol=5e-3)
