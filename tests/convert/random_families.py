"""Random networks in the shape of each family, as GGUF files: small, and every part of them matters to the answer.

Tokens that are no plain text have no place in their embeddings, so that what they answer can be read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
from gguf import GGUFValueType, GGUFWriter

from tiny import base_tokens, write_tensors, write_tokenizer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

HIDDEN, FEED_FORWARD, HEADS, KV_HEADS, WORDS = 64, 96, 4, 2, 27
LAST_SPECIAL: Final = 3
CONTEXT: Final = 1024
# As GGUF files of the family have it: what the published models' metadata and tensors differ in.
SHAPES: Final[dict[str, dict[str, Any]]] = {
    "llama": {"head_size": 32, "layers": 2, "head": True},
    "qwen2": {"head_size": 16, "layers": 2, "biases": True, "metadata": {"rope.freq_base": 1e6}},
    "qwen3": {"head_size": 32, "layers": 2, "head_norms": True, "metadata": {"rope.freq_base": 1e6}},
    "phi3": {
        "head_size": 32,
        "heads": 2,
        "kv_heads": 1,
        "layers": 2,
        "fused": True,
        "head": True,
        "factors": True,
        "metadata": {
            "rope.dimension_count": 16,
            "rope.scaling.original_context_length": 24,
            "rope.scaling.attn_factor": 1.19,
        },
    },
    "gemma": {"head_size": 32, "layers": 2, "scaled": True, "sentencepiece": True},
    "gemma2": {
        "head_size": 32,
        "layers": 4,
        "branch_norms": True,
        "scaled": True,
        "sentencepiece": True,
        "metadata": {
            "attention.sliding_window": 12,
            "attn_logit_softcapping": 5.0,
            "final_logit_softcapping": 15.0,
        },
    },
    "gemma3": {
        "head_size": 32,
        "layers": 7,
        "branch_norms": True,
        "head_norms": True,
        "scaled": True,
        "sentencepiece": True,
        "metadata": {
            "attention.sliding_window": 9,
            "rope.freq_base": 1e6,
            "rope.scaling.type": "linear",
            "rope.scaling.factor": 8.0,
        },
    },
}


def random_family(
    path: Path, family: str, *, kind: str = "F32", metadata: Mapping[str, Any] | None = None
) -> list[int]:
    """Write a random network of `family`, its matrices as `kind`; returns some 50 token ids.

    `metadata` adds to the family's own keys, without its prefix, or takes one away (None).
    """
    shape = SHAPES[family]
    rng = np.random.default_rng(11)
    spm = shape.get("sentencepiece", False)
    tokens = [*base_tokens(sentencepiece=spm), *(f"word{number}" for number in range(WORDS))]
    writer = GGUFWriter(path, family)
    writer.add_name("Random")
    writer.add_block_count(shape["layers"])
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(shape.get("heads", HEADS))
    writer.add_head_count_kv(shape.get("kv_heads", KV_HEADS))
    writer.add_key_length(shape["head_size"])
    writer.add_value_length(shape["head_size"])
    writer.add_layer_norm_rms_eps(1e-5)
    for key, value in ({**shape.get("metadata", {}), **(metadata or {})}).items():
        if value is not None:
            integer = isinstance(value, int)
            value_type = GGUFValueType.UINT32 if integer else GGUFValueType.get_type(value)
            writer.add_key_value(f"{family}.{key}", value, value_type)
    write_tokenizer(writer, tokens, sentencepiece=spm)
    tensors = _tensors(rng, shape, len(tokens))
    for name in {"token_embd.weight", "output.weight"} & set(tensors):
        tensors[name][[number for number in range(len(tokens)) if not spoken(tokens, number)]] = 0
    write_tensors(writer, tensors, kind)
    return [int(number) for number in rng.integers(4, len(tokens), 50)]


def spoken(tokens: Sequence[str], number: int) -> str:
    """The text of a token that these networks may answer with, a word or a printable byte; empty for all others."""
    token = tokens[number]
    if token.startswith("<0x"):
        token = chr(int(token[3:5], 16))
    return token if number > LAST_SPECIAL and token.isascii() and token.isprintable() and token != " " else ""


def _tensors(rng: np.random.Generator, shape: Mapping[str, Any], words: int) -> dict[str, Any]:
    width, kv_width = (
        shape.get(key, count) * shape["head_size"] for key, count in (("heads", HEADS), ("kv_heads", KV_HEADS))
    )
    fused = shape.get("fused", False)
    projections = {"attn_q": width, "attn_k": kv_width, "attn_v": kv_width}
    matrices = (
        {"attn_qkv": (width + 2 * kv_width, HIDDEN)}
        if fused
        else {name: (rows, HIDDEN) for name, rows in projections.items()}
    )
    matrices["attn_output"] = (HIDDEN, width)
    matrices |= (
        {"ffn_up": (2 * FEED_FORWARD, HIDDEN)}
        if fused
        else {"ffn_gate": (FEED_FORWARD, HIDDEN), "ffn_up": (FEED_FORWARD, HIDDEN)}
    )
    matrices["ffn_down"] = (HIDDEN, FEED_FORWARD)
    gains = {"attn_norm": HIDDEN, "ffn_norm": HIDDEN}
    if shape.get("branch_norms"):
        gains |= {"post_attention_norm": HIDDEN, "post_ffw_norm": HIDDEN}
    if shape.get("head_norms"):
        gains |= {"attn_q_norm": shape["head_size"], "attn_k_norm": shape["head_size"]}

    def normal(deviation: float, *size: int) -> Any:
        return rng.normal(0, deviation, size).astype(np.float32)

    spread = HIDDEN**-0.5 if shape.get("scaled") else 1.0
    tensors = {"token_embd.weight": normal(spread, words, HIDDEN), "output_norm.weight": 1 + normal(0.3, HIDDEN)}
    if shape.get("head"):
        tensors["output.weight"] = normal(1, words, HIDDEN)
    if shape.get("factors"):
        half = shape["metadata"]["rope.dimension_count"] // 2
        tensors["rope_factors_short.weight"] = np.linspace(1, 1.5, half, dtype=np.float32)
        tensors["rope_factors_long.weight"] = np.linspace(2, 9, half, dtype=np.float32)
    for layer in range(shape["layers"]):
        block = f"blk.{layer}"
        tensors |= {f"{block}.{name}.weight": normal(0.3, *size) for name, size in matrices.items()}
        tensors |= {f"{block}.{name}.weight": 1 + normal(0.3, size) for name, size in gains.items()}
        if shape.get("biases"):
            tensors |= {f"{block}.{name}.bias": normal(0.5, rows) for name, rows in projections.items()}
    return tensors
