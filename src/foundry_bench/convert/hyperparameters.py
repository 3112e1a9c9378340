"""What a GGUF file says of its network, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from foundry_bench.convert.families import FAMILIES, Family
from foundry_bench.convert.rotary import Rotation

if TYPE_CHECKING:
    from foundry_bench.convert.gguf_file import GgufFile

_MAX_CONTEXT: Final = 1 << 20  # the rotary tables and the KV cache grow with the context ...
_MAX_HEAD_SIZE: Final = 256  # ... and with the head size


@dataclass(frozen=True, kw_only=True)
class Hyperparameters:
    """Sizes and constants of the network; a cap of 0 is none.

    `windows` has for each layer how many tokens it attends to, the newest included; None for all of them.
    `local_rotation` is that of the layers with a window.
    """

    family: Family
    layers: int
    vocabulary: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_size: int
    context: int
    rms_epsilon: float
    attention_scale: float
    attention_cap: float
    logit_cap: float
    windows: tuple[int | None, ...]
    rotation: Rotation
    local_rotation: Rotation


def read_hyperparameters(gguf: GgufFile, context: int | None) -> Hyperparameters:
    """The hyperparameters of `gguf`, its context length no longer than `context` tokens.

    Raises:
        ConvertError: another architecture, a variant of one the graph has no form for, or sizes at odds.
    """
    name = gguf.get("general.architecture", str)
    if name not in FAMILIES:
        raise gguf.error(f"architecture '{name}' is not supported yet; supported: {', '.join(FAMILIES)}")
    parts = gguf.get("split.count", int, 1)
    if parts > 1:
        raise gguf.error(f"one of {parts} parts of a model; join them first: llama-gguf-split --merge")
    if gguf.get(f"{name}.expert_count", int, 0):
        raise gguf.error("a mixture of experts is not supported yet; use a dense model")
    if "token_embd.weight" not in gguf.tensors:
        raise gguf.error("no tensor token_embd.weight; the file holds no network")
    family = FAMILIES[name]
    layers = gguf.get(f"{name}.block_count", int)
    if not 1 <= layers <= len(gguf.tensors):
        raise gguf.error(f"{layers:,} layers in {len(gguf.tensors):,} tensors; the file is damaged")
    heads, kv_heads, hidden, head_size = _attention_sizes(gguf, name)
    rotation = _rotation(gguf, name, head_size)
    width_scaled = layers == family.width_scaled_at
    return Hyperparameters(
        family=family,
        layers=layers,
        vocabulary=gguf.tensors["token_embd.weight"].rows,
        hidden=hidden,
        feed_forward=gguf.get(f"{name}.feed_forward_length", int),
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        context=_context(gguf, name, context),
        rms_epsilon=gguf.get(f"{name}.attention.layer_norm_rms_epsilon", float),
        attention_scale=1 / math.sqrt(hidden // heads if width_scaled else head_size),
        attention_cap=_cap(gguf, f"{name}.attn_logit_softcapping", family.attention_cap),
        logit_cap=_cap(gguf, f"{name}.final_logit_softcapping", family.logit_cap),
        windows=_windows(gguf, name, family, layers),
        rotation=rotation,
        local_rotation=_local_rotation(gguf, name, family, rotation),
    )


def _attention_sizes(gguf: GgufFile, name: str) -> tuple[int, int, int, int]:
    """Heads, key-value heads, hidden size, head size."""
    heads = gguf.get(f"{name}.attention.head_count", int)
    hidden = gguf.get(f"{name}.embedding_length", int)
    if heads < 1 or hidden < 1:
        raise gguf.error(f"{heads} heads for {hidden} hidden units; the file is damaged")
    kv_heads = gguf.get(f"{name}.attention.head_count_kv", int, heads)
    if kv_heads < 1 or heads % kv_heads:
        raise gguf.error(f"{heads} heads cannot share {kv_heads} key-value heads; the file is damaged")
    head_size = gguf.get(f"{name}.attention.key_length", int, hidden // heads)
    if head_size % 16 or not 0 < head_size <= _MAX_HEAD_SIZE:
        raise gguf.error(f"a head size of {head_size}; ONNX Runtime takes multiples of 16 up to {_MAX_HEAD_SIZE}")
    if gguf.get(f"{name}.attention.value_length", int, head_size) != head_size:
        raise gguf.error(f"{name}.attention.value_length differs from the head size of {head_size}; not supported yet")
    return heads, kv_heads, hidden, head_size


def _context(gguf: GgufFile, name: str, limit: int | None) -> int:
    own = gguf.get(f"{name}.context_length", int)
    context = own if limit is None else min(own, limit)
    if not 1 <= context <= _MAX_CONTEXT:
        raise gguf.error(f"a context of {context:,} tokens; ask for one between 1 and {_MAX_CONTEXT:,}")
    return context


def _cap(gguf: GgufFile, key: str, default: float) -> float:
    cap = gguf.get(key, float, default)
    if not 0 <= cap < math.inf:
        raise gguf.error(f"{key} is {cap}; the file is damaged")
    return cap


def _windows(gguf: GgufFile, name: str, family: Family, layers: int) -> tuple[int | None, ...]:
    window = gguf.get(f"{name}.attention.sliding_window", int, family.window or 0)
    if family.global_every == 1 or not window:
        return (None,) * layers
    if window < 1:
        raise gguf.error(f"a window of {window} tokens; the file is damaged")
    every = gguf.get(f"{name}.attention.sliding_window_pattern", int, family.global_every)
    if every < 0:
        raise gguf.error(f"a window pattern of {every}; the file is damaged")
    return tuple(None if every and (layer + 1) % every == 0 else window for layer in range(layers))


def _rotation(gguf: GgufFile, name: str, head_size: int) -> Rotation:
    dimensions = gguf.get(f"{name}.rope.dimension_count", int, head_size)
    if dimensions % 16 or not 0 < dimensions <= head_size:
        raise gguf.error(f"{dimensions} rotary dimensions in heads of {head_size}; ONNX Runtime takes multiples of 16")
    rotation = Rotation(
        base=gguf.get(f"{name}.rope.freq_base", float, 10000.0),
        dimensions=dimensions,
        divisor=_rope_divisor(gguf, name),
        gain=gguf.get(f"{name}.rope.scaling.attn_factor", float, 1.0),
        trained_context=gguf.get(f"{name}.rope.scaling.original_context_length", int, 0),
    )
    if not (rotation.base > 0 and rotation.gain > 0):
        raise gguf.error(f"a rope base of {rotation.base}, an attention factor of {rotation.gain}; the file is damaged")
    return rotation


def _local_rotation(gguf: GgufFile, name: str, family: Family, rotation: Rotation) -> Rotation:
    """That of windowed layers, whose positions are never scaled where they have a base of their own."""
    if family.local_rope_base is None:
        return rotation
    base = gguf.get(f"{name}.rope.freq_base_swa", float, family.local_rope_base)
    if not base > 0:
        raise gguf.error(f"a local rope base of {base}; the file is damaged")
    return replace(rotation, base=base, divisor=1.0)


def _rope_divisor(gguf: GgufFile, name: str) -> float:
    """The linear scaling factor; older files have it under another key and no type."""
    kind = gguf.get(f"{name}.rope.scaling.type", str, "linear")
    if kind in {"none", "longrope"}:
        return 1.0
    if kind != "linear":
        known = "none, linear, longrope, rope_freqs.weight"
        raise gguf.error(f"rope scaling '{kind}' is not supported yet; supported: {known}")
    factor = gguf.get(f"{name}.rope.scaling.factor", float, gguf.get(f"{name}.rope.scale_linear", float, 1.0))
    if not factor > 0:
        raise gguf.error(f"a rope scaling factor of {factor}; the file is damaged")
    return factor
