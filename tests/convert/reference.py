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


def reference_logits(path: Path, ids: Sequence[int]) -> Floats:
    """(tokens, vocabulary): the logits after each of `ids`, from the dequantised weights of a GGUF file."""
    reader = GGUFReader(path)
    weights: dict[str, Floats] = {
        tensor.name: np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32) for tensor in reader.tensors
    }
    fields: dict[str, Any] = {
        name.removeprefix("llama."): field.contents() for name, field in reader.fields.items() if "llama." in name
    }
    count, heads, kv_heads = len(ids), fields["attention.head_count"], fields["attention.head_count_kv"]
    size = fields.get("attention.key_length", fields["embedding_length"] // heads)
    epsilon = np.float32(fields["attention.layer_norm_rms_epsilon"])
    positions = np.arange(count) / fields.get("rope.scaling.factor", 1.0)
    frequencies = fields.get("rope.freq_base", 10000.0) ** -(np.arange(0, size, 2) / size)
    frequencies /= weights.get("rope_freqs.weight", np.ones(1))
    turns = np.exp(1j * np.outer(positions, frequencies)).astype(np.complex64)[:, None]
    future = np.triu(np.full((count, count), -np.inf, np.float32), 1)

    def normalised(x: Floats, gain: str) -> Floats:
        scaled: Floats = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * weights[gain]
        return scaled

    def linear(x: Floats, name: str) -> Floats:
        product: Floats = x @ weights[f"{name}.weight"].T
        if f"{name}.bias" in weights:
            product += weights[f"{name}.bias"]
        return product

    def rotated(x: Floats) -> Floats:
        pairs = x.reshape(count, -1, size).view(np.complex64)
        return (pairs * turns).view(np.float32)

    x = weights["token_embd.weight"][np.asarray(ids)]
    for block in (f"blk.{layer}" for layer in range(fields["block_count"])):
        y = normalised(x, f"{block}.attn_norm.weight")
        queries, keys = (rotated(linear(y, f"{block}.attn_{part}")) for part in "qk")
        values = linear(y, f"{block}.attn_v").reshape(count, kv_heads, size)
        keys, values = (np.repeat(part, heads // kv_heads, axis=1) for part in (keys, values))
        scores = np.einsum("qhd,khd->hqk", queries, keys, optimize=True) / np.float32(np.sqrt(size)) + future
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        attended = np.einsum("hqk,khd->qhd", scores, values, optimize=True).reshape(count, -1)
        x = x + linear(attended, f"{block}.attn_output")
        y = normalised(x, f"{block}.ffn_norm.weight")
        gate = linear(y, f"{block}.ffn_gate")
        x = x + linear(gate / (1 + np.exp(-gate)) * linear(y, f"{block}.ffn_up"), f"{block}.ffn_down")
    return linear(normalised(x, "output_norm.weight"), "output" if "output.weight" in weights else "token_embd")
