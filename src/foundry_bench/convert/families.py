"""The families of networks a GGUF file can be converted of, by the architecture's name in the file.

Source: llama.cpp's `src/models`, one file a family. What the tensors themselves show (biases, fused projections, a head
of its own) is no part of this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Family:
    """How a family departs from the plain decoder: RMS norms, rotary attention, a gated feed-forward part.

    `pairs_neighbours`: a rotary pair is two neighbours of a head, not one element of each half.
    `global_every`: every so-manyth layer attends to the whole text, all others to a window; 0: none does.
    `window` and the caps are defaults for a file that names none; `local_rope_base` is that of windowed layers.
    `head_norms`: queries and keys are normalised head by head. `branch_norms`: so is what a layer adds to the stream.
    `gelu`: the gate is a GELU (tanh form), not a SiLU. `scaled_embedding`: by the root of the hidden size.
    `width_scaled_at`: the number of layers of the one size whose attention is scaled by hidden size over heads.
    """

    pairs_neighbours: bool = False
    global_every: int = 1
    window: int | None = None
    local_rope_base: float | None = None
    attention_cap: float = 0.0
    logit_cap: float = 0.0
    head_norms: bool = False
    branch_norms: bool = False
    gelu: bool = False
    scaled_embedding: bool = False
    width_scaled_at: int = 0


FAMILIES: Final = {
    "llama": Family(pairs_neighbours=True),  # Mistral too
    "qwen2": Family(),
    "qwen3": Family(head_norms=True),
    # llama.cpp leaves the window out; the model was trained with it.
    "phi3": Family(global_every=0),
    "gemma": Family(gelu=True, scaled_embedding=True),
    "gemma2": Family(
        gelu=True,
        scaled_embedding=True,
        branch_norms=True,
        global_every=2,
        window=4096,
        attention_cap=50.0,
        logit_cap=30.0,
        width_scaled_at=46,
    ),
    "gemma3": Family(
        gelu=True,
        scaled_embedding=True,
        branch_norms=True,
        head_norms=True,
        global_every=6,
        local_rope_base=10000.0,
        width_scaled_at=62,
    ),
}
