"""A Llama network in plain float32 numpy, read with the gguf package: an opinion independent of the converter's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


class Reference:
    """The dequantised weights of a GGUF file, and its network's forward pass."""

    def __init__(self, path: Path) -> None:
        reader = GGUFReader(path)
        self.weights: dict[str, Floats] = {
            tensor.name: np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32) for tensor in reader.tensors
        }
        self._fields: dict[str, Any] = {name: field.contents() for name, field in reader.fields.items() if "llama." in name}

    def logits(self, ids: Sequence[int]) -> Floats:
        """(tokens, vocabulary): the logits after each of `ids`."""
        weights, count = self.weights, len(ids)
        heads, kv_heads = self._fields["llama.attention.head_count"], self._fields["llama.attention.head_count_kv"]
        size = self._fields["llama.embedding_length"] // heads
        epsilon = self._fields["llama.attention.layer_norm_rms_epsilon"]
        base = self._fields.get("llama.rope.freq_base", 10000.0)
        angles = np.outer(np.arange(count), base ** -(np.arange(0, size, 2) / size))[:, None]
        turns = np.exp(1j * angles).astype(np.complex64)
        future = np.triu(np.full((count, count), -np.inf, np.float32), 1)

        def normalised(x: Floats, gain: str) -> Floats:
            return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(epsilon)) * weights[gain]

        def rotated(x: Floats) -> Floats:
            return (x.reshape(count, -1, size).view(np.complex64) * turns).view(np.float32)

        x = weights["token_embd.weight"][np.asarray(ids)]
        for layer in range(self._fields["llama.block_count"]):
            matrix = {name.split(".")[2]: value.T for name, value in weights.items() if name.startswith(f"blk.{layer}.")}
            y = normalised(x, f"blk.{layer}.attn_norm.weight")
            queries = rotated(y @ matrix["attn_q"])
            keys, values = rotated(y @ matrix["attn_k"]), (y @ matrix["attn_v"]).reshape(count, kv_heads, size)
            keys, values = (np.repeat(part, heads // kv_heads, axis=1) for part in (keys, values))
            scores = np.einsum("qhd,khd->hqk", queries, keys) / np.float32(np.sqrt(size)) + future
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            scores /= scores.sum(axis=-1, keepdims=True)
            x = x + np.einsum("hqk,khd->qhd", scores, values).reshape(count, -1) @ matrix["attn_output"]
            y = normalised(x, f"blk.{layer}.ffn_norm.weight")
            gate = y @ matrix["ffn_gate"]
            x = x + (gate / (1 + np.exp(-gate)) * (y @ matrix["ffn_up"])) @ matrix["ffn_down"]
        head = weights.get("output.weight", weights["token_embd.weight"])
        return normalised(x, "output_norm.weight") @ head.T
