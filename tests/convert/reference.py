"""Decoder networks in plain float32 numpy, read with the gguf package: an opinion independent of the converter's."""

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
    return Reference(path).logits(np.asarray(ids))


class Reference:
    """The network of a GGUF file."""

    def __init__(self, path: Path) -> None:
        reader = GGUFReader(path)
        self.weights: dict[str, Floats] = {
            tensor.name: np.asarray(dequantize(tensor.data, tensor.tensor_type), np.float32)
            for tensor in reader.tensors
        }
        self.family = str(reader.fields["general.architecture"].contents())
        self.fields: dict[str, Any] = {
            name.removeprefix(f"{self.family}."): field.contents() for name, field in reader.fields.items()
        }
        self.heads = self.fields["attention.head_count"]
        self.kv_heads = self.fields["attention.head_count_kv"]
        self.size = self.fields.get("attention.key_length", self.fields["embedding_length"] // self.heads)

    def logits(self, ids: NDArray[np.int64]) -> Floats:
        """(tokens, vocabulary): the logits after each of `ids`."""
        weights = self.weights
        x = weights["token_embd.weight"][ids]
        if self.family.startswith("gemma"):
            x = x * np.float32(np.sqrt(self.fields["embedding_length"]))
        for layer in range(self.fields["block_count"]):
            block = f"blk.{layer}"
            attended = self.attention(layer, self.normalised(x, f"{block}.attn_norm.weight"))
            x = x + self.normalised_if_any(attended, f"{block}.post_attention_norm.weight")
            fed = self.feed_forward(block, self.normalised(x, f"{block}.ffn_norm.weight"))
            x = x + self.normalised_if_any(fed, f"{block}.post_ffw_norm.weight")
        head = "output" if "output.weight" in weights else "token_embd"
        logits = self.linear(self.normalised(x, "output_norm.weight"), head)
        return self.capped(logits, "final_logit_softcapping")

    def normalised(self, x: Floats, gain: str) -> Floats:
        epsilon = np.float32(self.fields["attention.layer_norm_rms_epsilon"])
        scaled: Floats = x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + epsilon) * self.weights[gain]
        return scaled

    def normalised_if_any(self, x: Floats, gain: str) -> Floats:
        return self.normalised(x, gain) if gain in self.weights else x

    def capped(self, x: Floats, key: str) -> Floats:
        cap = np.float32(self.fields.get(key, 0))
        return cap * np.tanh(x / cap) if cap else x

    def linear(self, x: Floats, name: str) -> Floats:
        product: Floats = x @ self.weights[f"{name}.weight"].T
        if f"{name}.bias" in self.weights:
            product += self.weights[f"{name}.bias"]
        return product

    def rotated(self, x: Floats, layer: int) -> Floats:
        """x (tokens, heads, size), its first rotary dimensions turned by an angle that grows with the position."""
        count, dimensions = len(x), self.fields.get("rope.dimension_count", self.size)
        base, factor = self.fields.get("rope.freq_base", 10000.0), self.fields.get("rope.scaling.factor", 1.0)
        if self.family == "gemma3" and self.window(layer):
            base, factor = self.fields.get("rope.freq_base_swa", 10000.0), 1.0
        frequencies = base ** -(np.arange(0, dimensions, 2) / dimensions)
        frequencies = frequencies / self.weights.get("rope_freqs.weight", np.ones(1))
        if "rope_factors_long.weight" in self.weights:
            factor = 1.0
            long = count > self.fields["rope.scaling.original_context_length"]
            frequencies = frequencies / self.weights[f"rope_factors_{'long' if long else 'short'}.weight"]
        turns = np.exp(1j * np.outer(np.arange(count) / factor, frequencies)).astype(np.complex64)[:, None]
        turns *= self.fields.get("rope.scaling.attn_factor", 1.0)
        turned, kept = x[..., :dimensions], x[..., dimensions:]
        if self.family == "llama":
            result = (np.ascontiguousarray(turned).view(np.complex64) * turns).view(np.float32)
        else:
            halves = (turned[..., : dimensions // 2] + 1j * turned[..., dimensions // 2 :]) * turns
            result = np.concatenate([halves.real, halves.imag], axis=-1)
        return np.concatenate([result, kept], axis=-1).astype(np.float32)

    def window(self, layer: int) -> int:
        """How many tokens a token of this layer sees, itself included; 0 for all."""
        period = {"phi3": self.fields["block_count"] + 1, "gemma2": 2, "gemma3": 6}.get(self.family, 1)
        period = self.fields.get("attention.sliding_window_pattern", period)
        sliding = (layer + 1) % period != 0
        return int(self.fields.get("attention.sliding_window", 0)) if sliding else 0

    def queries_keys_values(self, block: str, y: Floats) -> list[Floats]:
        counts = [self.heads, self.kv_heads, self.kv_heads]
        if f"{block}.attn_qkv.weight" in self.weights:
            ends = np.cumsum(counts)[:-1] * self.size
            flat = np.split(self.linear(y, f"{block}.attn_qkv"), ends, axis=-1)
        else:
            flat = [self.linear(y, f"{block}.attn_{part}") for part in "qkv"]
        return [part.reshape(len(y), count, self.size) for part, count in zip(flat, counts, strict=True)]

    def attention(self, layer: int, y: Floats) -> Floats:
        block, count = f"blk.{layer}", len(y)
        queries, keys, values = self.queries_keys_values(block, y)
        queries = self.rotated(self.normalised_if_any(queries, f"{block}.attn_q_norm.weight"), layer)
        keys = self.rotated(self.normalised_if_any(keys, f"{block}.attn_k_norm.weight"), layer)
        keys, values = (np.repeat(part, self.heads // self.kv_heads, axis=1) for part in (keys, values))
        scores = np.einsum("qhd,khd->hqk", queries, keys, optimize=True) / np.float32(np.sqrt(self.size))
        scores = self.capped(scores, "attn_logit_softcapping")
        distance = np.arange(count)[:, None] - np.arange(count)
        window = self.window(layer) or count
        scores = np.where((distance >= 0) & (distance < window), scores, -np.inf)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        attended = np.einsum("hqk,khd->qhd", scores, values, optimize=True).reshape(count, -1)
        return self.linear(attended.astype(np.float32), f"{block}.attn_output")

    def feed_forward(self, block: str, y: Floats) -> Floats:
        if f"{block}.ffn_gate.weight" in self.weights:
            gate, up = (self.linear(y, f"{block}.ffn_{part}") for part in ("gate", "up"))
        else:
            gate, up = np.split(self.linear(y, f"{block}.ffn_up"), 2, axis=-1)
        if self.family.startswith("gemma"):
            gate = 0.5 * gate * (1 + np.tanh(np.sqrt(2 / np.pi) * (gate + 0.044715 * gate**3)))
        else:
            gate = gate / (1 + np.exp(-gate))
        return self.linear((gate * up).astype(np.float32), f"{block}.ffn_down")
