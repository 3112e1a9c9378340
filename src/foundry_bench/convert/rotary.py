"""Rotary position embedding as tables of cosines and sines.

Source: ggml's `ggml_rope_ext` with no YaRN interpolation; ONNX Runtime's rotary operators take the tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from foundry_bench.convert.blocks import Floats


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The first `dimensions` of each head turn; `divisor` divides positions, `gain` multiplies cosines and sines.

    `trained_context` is the length in tokens up to which a file with two sets of frequencies uses the short one.
    """

    base: float
    dimensions: int
    divisor: float = 1.0
    gain: float = 1.0
    trained_context: int = 0


def rotary_tables(
    rotation: Rotation, positions: int, frequency_divisors: Floats | float = 1.0
) -> tuple[Floats, Floats]:
    """Cosines and sines, each (positions, dimensions / 2)."""
    frequencies = rotation.base ** -(np.arange(0, rotation.dimensions, 2) / rotation.dimensions) / frequency_divisors
    angles = np.outer(np.arange(positions) / rotation.divisor, frequencies)
    cosines, sines = rotation.gain * np.cos(angles), rotation.gain * np.sin(angles)
    return cosines.astype(np.float32), sines.astype(np.float32)
