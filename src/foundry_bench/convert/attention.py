"""The attention of a decoder as ONNX Runtime's GroupQueryAttention: projections, rotary tables, key-value cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from onnx import TensorProto, helper

from foundry_bench.convert.onnx_writer import CONTRIB
from foundry_bench.convert.rotary import rotary_tables

if TYPE_CHECKING:
    from onnx import ValueInfoProto

    from foundry_bench.convert.blocks import Floats
    from foundry_bench.convert.gguf_file import GgufFile
    from foundry_bench.convert.hyperparameters import Hyperparameters
    from foundry_bench.convert.matrices import Matrices
    from foundry_bench.convert.onnx_writer import OnnxWriter

_DIVISORS: Final = "rope_freqs.weight"
_SHORT, _LONG = "rope_factors_short.weight", "rope_factors_long.weight"
_GLOBAL, _LOCAL = ("cosines", "sines"), ("local_cosines", "local_sines")


def switches_frequencies(gguf: GgufFile) -> bool:
    """Whether the file has two sets of rotary frequencies, for short texts and for long ones."""
    return _SHORT in gguf.tensors and _LONG in gguf.tensors


class Attention:
    """Adds the attention of each layer; `inputs` and `outputs` of the graph collect the key-value cache."""

    def __init__(self, gguf: GgufFile, sizes: Hyperparameters, writer: OnnxWriter, matrices: Matrices) -> None:
        self._gguf = gguf
        self._sizes = sizes
        self._writer = writer
        self._matrices = matrices
        self._positions = ""  # those of the operator's own counting
        self.inputs: list[ValueInfoProto] = []
        self.outputs: list[ValueInfoProto] = []

    def write_shared_inputs(self) -> None:
        """What the attention of every layer takes: lengths from the attention mask, and the rotary tables."""
        sizes, node = self._sizes, self._writer.node
        one = self._writer.constant("one", np.array(1, np.int64))
        tokens = self._writer.constant("tokens", np.array([1], np.int64))
        count = node("ReduceSum", ["attention_mask", tokens], keepdims=0)
        node("Cast", [node("Sub", [count, one])], ["last_positions"], to=TensorProto.INT32)
        total = node("Gather", [node("Shape", ["attention_mask"]), one], axis=0)
        node("Cast", [total], ["total_length"], to=TensorProto.INT32)
        self._write_tables(_GLOBAL, self._global_tables(total))
        if sizes.local_rotation != sizes.rotation and any(sizes.windows):
            self._write_tables(_LOCAL, rotary_tables(sizes.local_rotation, sizes.context))

    def attend(self, layer: int, x: str) -> str:
        """The attention of `layer` over the normalised stream x (batch, tokens, hidden), projected back to it."""
        sizes, block = self._sizes, f"blk.{layer}"
        projected = self._projected(block, x)
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        window = sizes.windows[layer]
        tables = _LOCAL if window and sizes.local_rotation != sizes.rotation else _GLOBAL
        positions = [self._positions] if self._positions else []
        attended = self._writer.node(
            "GroupQueryAttention",
            [*projected, *[""] * (3 - len(projected)), *past, "last_positions", "total_length", *tables, *positions],
            [f"{block}.attended", *present],
            domain=CONTRIB,
            num_heads=sizes.heads,
            kv_num_heads=sizes.kv_heads,
            do_rotary=1,
            rotary_interleaved=int(sizes.family.pairs_neighbours),
            scale=sizes.attention_scale,
            softcap=sizes.attention_cap,
            local_window_size=-1 if window is None else window,
        )
        for names, infos, length in ((past, self.inputs, "past"), (present, self.outputs, "total")):
            shape: list[str | int] = ["batch", sizes.kv_heads, length, sizes.head_size]
            infos.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names)
        return self._matrices.linear(attended, f"{block}.attn_output", sizes.hidden, sizes.heads * sizes.head_size)

    def _projected(self, block: str, x: str) -> list[str]:
        """Queries, keys and values of x: as three, or side by side as one."""
        sizes = self._sizes
        width, kv_width = sizes.heads * sizes.head_size, sizes.kv_heads * sizes.head_size
        if f"{block}.attn_qkv.weight" in self._gguf.tensors:
            projected = [self._matrices.linear(x, f"{block}.attn_qkv", width + 2 * kv_width, sizes.hidden)]
        else:
            parts = (("q", width), ("k", kv_width), ("v", kv_width))
            rows = {f"{block}.attn_{part}": count for part, count in parts}
            projected = self._matrices.linear_together(x, rows, sizes.hidden)
        if not sizes.family.head_norms:
            return projected
        if len(projected) == 1:
            widths = self._writer.constant("qkv_widths", np.array([width, kv_width, kv_width], np.int64))
            parted = [f"{block}.{part}" for part in ("queries", "keys", "values")]
            self._writer.node("Split", [projected[0], widths], parted, axis=-1)
            projected = parted
        queries, keys, values = projected
        return [self._by_head(queries, f"{block}.attn_q_norm"), self._by_head(keys, f"{block}.attn_k_norm"), values]

    def _by_head(self, x: str, norm: str) -> str:
        """X (batch, tokens, heads * head size), each head RMS-normalised."""
        sizes, node, constant = self._sizes, self._writer.node, self._writer.constant
        in_heads = constant("in_heads", np.array([0, 0, -1, sizes.head_size], np.int64))
        gain = self._matrices.vector(f"{norm}.weight", sizes.head_size)
        heads = node("Reshape", [x, in_heads])
        normalised = node("SimplifiedLayerNormalization", [heads, gain], axis=-1, epsilon=sizes.rms_epsilon)
        return node("Reshape", [normalised, constant("heads_joined", np.array([0, 0, -1], np.int64))])

    def _write_tables(self, names: tuple[str, str], tables: tuple[Floats, Floats]) -> None:
        for name, values in zip(names, tables, strict=True):
            self._writer.weight(name, values)

    def _global_tables(self, total: str) -> tuple[Floats, Floats]:
        """Cosines and sines by position; for two sets of frequencies the long one's follow the short one's."""
        sizes, rotation, half = self._sizes, self._sizes.rotation, self._sizes.rotation.dimensions // 2
        if switches_frequencies(self._gguf):
            trained = min(rotation.trained_context, sizes.context)
            if trained < 1:
                raise self._gguf.error("two sets of rope factors and no rope.scaling.original_context_length")
            short = rotary_tables(rotation, trained, self._matrices.floats(_SHORT, half))
            long = rotary_tables(rotation, sizes.context, self._matrices.floats(_LONG, half))
            self._positions = self._shifted_positions(total, trained)
            return np.concatenate([short[0], long[0]]), np.concatenate([short[1], long[1]])
        divisors = self._matrices.floats(_DIVISORS, half) if _DIVISORS in self._gguf.tensors else 1.0
        return rotary_tables(rotation, sizes.context, divisors)

    def _shifted_positions(self, total: str, trained: int) -> str:
        """Positions (batch, tokens), moved to the long frequencies' rows if the whole text is longer than `trained`."""
        node, constant = self._writer.node, self._writer.constant
        length = constant("trained_context", np.array(trained, np.int64))
        shift = node("Mul", [node("Cast", [node("Greater", [total, length])], to=TensorProto.INT64), length])
        tokens = node("Gather", [node("Shape", ["input_ids"]), "one"], axis=0)
        first = node("Add", [node("Sub", [total, tokens]), shift])
        positions = node("Range", [first, node("Add", [first, tokens]), "one"])
        return node("Expand", [positions, node("Shape", ["input_ids"])])
