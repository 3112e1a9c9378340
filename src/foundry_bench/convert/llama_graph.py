"""The Llama network as the ONNX graph that ONNX Runtime GenAI runs.

Sources: the network is that of llama.cpp's `llama` architecture, the operators are ONNX Runtime's contrib ones.
llama.cpp keeps rotary pairs of the queries and keys side by side; `rotary_interleaved` takes them as they are.
Of a prompt only the last token's logits are computed, which is all that GenAI reads when it runs one request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from onnx import TensorProto, helper

from foundry_bench.convert.matrices import Matrices
from foundry_bench.convert.onnx_writer import CONTRIB

if TYPE_CHECKING:
    from collections.abc import Callable

    from onnx import ValueInfoProto

    from foundry_bench.convert.gguf_file import GgufFile
    from foundry_bench.convert.hyperparameters import Hyperparameters
    from foundry_bench.convert.onnx_writer import OnnxWriter

_ROPE_DIVISORS: Final = "rope_freqs.weight"


class LlamaGraph:
    """Writes the network of a GGUF file through an `OnnxWriter`."""

    def __init__(self, gguf: GgufFile, sizes: Hyperparameters, writer: OnnxWriter, accuracy_level: int) -> None:
        self._gguf = gguf
        self._sizes = sizes
        self._writer = writer
        self._matrices = Matrices(gguf, writer, accuracy_level)
        self._inputs = [self._integers("input_ids", "tokens"), self._integers("attention_mask", "total")]
        self._outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1, sizes.vocabulary])]
        # SkipSimplifiedLayerNormalization adds a branch's result to the residual stream and normalises the sum
        # at once, so the result waits here for the next normalisation.
        self._stream = ""
        self._branch: str | None = None

    def write(self, progress: Callable[[float], None]) -> None:
        """Write all weights and the model file, telling `progress` the fraction of layers done.

        Raises:
            ConvertError: a tensor is missing, left over, or of another shape than the metadata say.
        """
        sizes = self._sizes
        self._write_shared_inputs()
        self._stream = self._matrices.embedding("token_embd.weight", "input_ids", sizes.vocabulary, sizes.hidden)
        for layer in range(sizes.layers):
            self._branch = self._attention(layer, self._normalised(f"blk.{layer}.attn_norm.weight"))
            self._branch = self._feed_forward(f"blk.{layer}", self._normalised(f"blk.{layer}.ffn_norm.weight"))
            progress((layer + 1) / sizes.layers)
        last = self._writer.constant("last", np.array([-1], np.int64))
        hidden = self._writer.node("Gather", [self._normalised("output_norm.weight"), last], axis=1)
        head = "output" if "output.weight" in self._gguf.tensors else "token_embd"
        self._matrices.linear(hidden, head, sizes.vocabulary, sizes.hidden, ["logits"])
        if self._matrices.unused:
            left = f"{len(self._matrices.unused)} tensors, {min(self._matrices.unused)} among them,"
            raise self._gguf.error(f"{left} are not part of a Llama network; this variant is not supported yet")
        self._writer.save("llama", self._inputs, self._outputs)

    @staticmethod
    def _integers(name: str, length: str) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", length])

    def _write_shared_inputs(self) -> None:
        """What each GroupQueryAttention takes: lengths from the attention mask, and the rotary tables."""
        sizes, node = self._sizes, self._writer.node
        one = self._writer.constant("one", np.array(1, np.int64))
        tokens = self._writer.constant("tokens", np.array([1], np.int64))
        count = node("ReduceSum", ["attention_mask", tokens], keepdims=0)
        node("Cast", [node("Sub", [count, one])], ["last_positions"], to=TensorProto.INT32)
        total = node("Gather", [node("Shape", ["attention_mask"]), one], axis=0)
        node("Cast", [total], ["total_length"], to=TensorProto.INT32)
        frequencies = sizes.rope_base ** -(np.arange(0, sizes.head_size, 2) / sizes.head_size)
        if _ROPE_DIVISORS in self._gguf.tensors:
            frequencies /= self._matrices.floats(_ROPE_DIVISORS, sizes.head_size // 2)
        angles = np.outer(np.arange(sizes.context) / sizes.rope_factor, frequencies)
        self._writer.weight("cosines", np.cos(angles).astype(np.float32))
        self._writer.weight("sines", np.sin(angles).astype(np.float32))

    def _normalised(self, gain: str) -> str:
        """The residual stream, the waiting branch added to it, RMS-normalised."""
        node, weight = self._writer.node, self._matrices.vector(gain, self._sizes.hidden)
        epsilon = self._sizes.rms_epsilon
        if self._branch is None:
            return node("SimplifiedLayerNormalization", [self._stream, weight], axis=-1, epsilon=epsilon)
        inputs, outputs = [self._stream, self._branch, weight], [f"{gain}.normalised", "", "", f"{gain}.sum"]
        node("SkipSimplifiedLayerNormalization", inputs, outputs, domain=CONTRIB, epsilon=epsilon)
        self._stream = outputs[-1]
        return outputs[0]

    def _attention(self, layer: int, x: str) -> str:
        sizes = self._sizes
        width, kv_width = sizes.heads * sizes.head_size, sizes.kv_heads * sizes.head_size
        rows = {f"blk.{layer}.attn_{part}": count for part, count in (("q", width), ("k", kv_width), ("v", kv_width))}
        projected = self._matrices.linear_together(x, rows, sizes.hidden)
        past = [f"past_key_values.{layer}.{part}" for part in ("key", "value")]
        present = [f"present.{layer}.{part}" for part in ("key", "value")]
        attended = self._writer.node(
            "GroupQueryAttention",
            [*projected, *[""] * (3 - len(projected)), *past, "last_positions", "total_length", "cosines", "sines"],
            [f"blk.{layer}.attended", *present],
            domain=CONTRIB,
            num_heads=sizes.heads,
            kv_num_heads=sizes.kv_heads,
            do_rotary=1,
            rotary_interleaved=1,
        )
        for names, infos, length in ((past, self._inputs, "past"), (present, self._outputs, "total")):
            shape: list[str | int] = ["batch", sizes.kv_heads, length, sizes.head_size]
            infos.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in names)
        return self._matrices.linear(attended, f"blk.{layer}.attn_output", sizes.hidden, width)

    def _feed_forward(self, block: str, x: str) -> str:
        sizes, node = self._sizes, self._writer.node
        gate, up = (
            self._matrices.linear(x, f"{block}.ffn_{part}", sizes.feed_forward, sizes.hidden) for part in ("gate", "up")
        )
        activated = node("Mul", [node("Mul", [gate, node("Sigmoid", [gate])]), up])
        return self._matrices.linear(activated, f"{block}.ffn_down", sizes.hidden, sizes.feed_forward)
