"""What a Llama-family GGUF says of its network, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from foundry_bench.convert.gguf_file import GgufFile

_SUPPORTED: Final = ("llama",)
_MAX_CONTEXT: Final = 1 << 20  # the rotary tables and the KV cache grow with the context ...
_MAX_HEAD_SIZE: Final = 256  # ... and with the head size


@dataclass(frozen=True)
class Hyperparameters:
    """Sizes and constants of the network; `rope_factor` divides positions (linear scaling), 1 for none."""

    layers: int
    vocabulary: int
    hidden: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_size: int
    context: int
    rms_epsilon: float
    rope_base: float
    rope_factor: float


def read_hyperparameters(gguf: GgufFile, context: int | None) -> Hyperparameters:
    """The hyperparameters of `gguf`, its context length no longer than `context` tokens.

    Raises:
        ConvertError: another architecture, a variant of Llama the graph has no form for, or sizes at odds.
    """
    family = gguf.get("general.architecture", str)
    if family not in _SUPPORTED:
        raise gguf.error(f"architecture '{family}' is not supported yet; supported: {', '.join(_SUPPORTED)}")
    if gguf.get("llama.expert_count", int, 0):
        raise gguf.error("a mixture of experts is not supported yet; use a dense model")
    if "token_embd.weight" not in gguf.tensors:
        raise gguf.error("no tensor token_embd.weight; the file holds no network")
    heads = gguf.get("llama.attention.head_count", int)
    hidden = gguf.get("llama.embedding_length", int)
    if heads < 1 or hidden < 1:
        raise gguf.error(f"{heads} heads for {hidden} hidden units; the file is damaged")
    head_size = gguf.get("llama.attention.key_length", int, hidden // heads)
    found = Hyperparameters(
        layers=gguf.get("llama.block_count", int),
        vocabulary=gguf.tensors["token_embd.weight"].rows,
        hidden=hidden,
        feed_forward=gguf.get("llama.feed_forward_length", int),
        heads=heads,
        kv_heads=gguf.get("llama.attention.head_count_kv", int, heads),
        head_size=head_size,
        context=_context(gguf, context),
        rms_epsilon=gguf.get("llama.attention.layer_norm_rms_epsilon", float),
        rope_base=gguf.get("llama.rope.freq_base", float, 10000.0),
        rope_factor=_rope_factor(gguf),
    )
    if head_size % 16 or not 0 < head_size <= _MAX_HEAD_SIZE:
        raise gguf.error(f"a head size of {head_size}; ONNX Runtime takes multiples of 16 up to {_MAX_HEAD_SIZE}")
    if not found.rope_base > 0:
        raise gguf.error(f"a rope base of {found.rope_base}; the file is damaged")
    if found.kv_heads < 1 or heads % found.kv_heads:
        raise gguf.error(f"{heads} heads cannot share {found.kv_heads} key-value heads; the file is damaged")
    for key in ("llama.attention.value_length", "llama.rope.dimension_count"):
        if gguf.get(key, int, head_size) != head_size:
            raise gguf.error(f"{key} differs from the head size of {head_size}, which is not supported yet")
    return found


def _context(gguf: GgufFile, limit: int | None) -> int:
    own = gguf.get("llama.context_length", int)
    context = own if limit is None else min(own, limit)
    if not 1 <= context <= _MAX_CONTEXT:
        raise gguf.error(f"a context of {context:,} tokens; ask for one between 1 and {_MAX_CONTEXT:,}")
    return context


def _rope_factor(gguf: GgufFile) -> float:
    """The linear scaling factor; older files have it under another key and no type."""
    kind = gguf.get("llama.rope.scaling.type", str, "linear")
    if kind == "none":
        return 1.0
    if kind != "linear":
        raise gguf.error(f"rope scaling '{kind}' is not supported yet; supported: none, linear, rope_freqs.weight")
    factor = gguf.get("llama.rope.scaling.factor", float, gguf.get("llama.rope.scale_linear", float, 1.0))
    if not factor > 0:
        raise gguf.error(f"a rope scaling factor of {factor}; the file is damaged")
    return factor
