"""Tiny Hugging Face snapshots: a random Llama, its files written by hand."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tiny import tiny_model

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

HIDDEN, FEED_FORWARD, LAYERS, HEADS, KV_HEADS, HEAD_SIZE = 64, 96, 2, 4, 2, 16


def write_safetensors(path: Path, tensors: Mapping[str, NDArray[np.float32]]) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(values.tobytes() for values in tensors.values()))


def tiny_snapshot(folder: Path) -> Path:
    """A random Llama as transformers would save it, its tokenizer that of the tiny model."""
    tiny_model(folder)
    (folder / "model.onnx").unlink()
    (folder / "model.onnx.data").unlink()
    (folder / "genai_config.json").unlink()
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    words = len(tokenizer["model"]["vocab"])
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": words,
        "hidden_size": HIDDEN,
        "intermediate_size": FEED_FORWARD,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "max_position_embeddings": 512,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "bos_token_id": 1,
        "eos_token_id": 3,
        "pad_token_id": 3,
        "tie_word_embeddings": False,
        "torch_dtype": "float32",
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# Tiny\n", encoding="utf-8")
    write_safetensors(folder / "model.safetensors", _tensors(words))
    return folder


def _tensors(words: int) -> dict[str, NDArray[np.float32]]:
    rng = np.random.default_rng(3)
    shapes = {
        "self_attn.q_proj": (HEADS * HEAD_SIZE, HIDDEN),
        "self_attn.k_proj": (KV_HEADS * HEAD_SIZE, HIDDEN),
        "self_attn.v_proj": (KV_HEADS * HEAD_SIZE, HIDDEN),
        "self_attn.o_proj": (HIDDEN, HEADS * HEAD_SIZE),
        "mlp.gate_proj": (FEED_FORWARD, HIDDEN),
        "mlp.up_proj": (FEED_FORWARD, HIDDEN),
        "mlp.down_proj": (HIDDEN, FEED_FORWARD),
        "input_layernorm": (HIDDEN,),
        "post_attention_layernorm": (HIDDEN,),
    }
    tensors = {"model.embed_tokens.weight": rng.normal(0, 1, (words, HIDDEN)), "model.norm.weight": np.ones(HIDDEN)}
    tensors["lm_head.weight"] = rng.normal(0, 1, (words, HIDDEN))
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            values = rng.normal(0, 0.1, shape) if len(shape) > 1 else np.ones(shape)
            tensors[f"model.layers.{layer}.{name}.weight"] = values
    return {name: values.astype(np.float32) for name, values in tensors.items()}
