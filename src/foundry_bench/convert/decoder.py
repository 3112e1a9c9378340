"""A decoder network as the ONNX graph that ONNX Runtime GenAI runs.

Sources: the networks are those of llama.cpp's `src/models`, the operators are ONNX Runtime's contrib ones.
The norms' gains are taken as they are: where a family adds one to them, its GGUF files have it added.
Of a prompt only the last token's logits are computed, which is all that GenAI reads when it runs one request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper

from foundry_bench.convert.attention import Attention
from foundry_bench.convert.matrices import Matrices
from foundry_bench.convert.onnx_writer import CONTRIB

if TYPE_CHECKING:
    from collections.abc import Callable

    from onnx import ValueInfoProto

    from foundry_bench.convert.gguf_file import GgufFile
    from foundry_bench.convert.hyperparameters import Hyperparameters
    from foundry_bench.convert.onnx_writer import OnnxWriter


class Decoder:
    """Writes the network of a GGUF file through an `OnnxWriter`."""

    def __init__(self, gguf: GgufFile, sizes: Hyperparameters, writer: OnnxWriter, accuracy_level: int) -> None:
        self._gguf = gguf
        self._sizes = sizes
        self._writer = writer
        self._matrices = Matrices(gguf, writer, accuracy_level)
        self._attention = Attention(gguf, sizes, writer, self._matrices)
        # SkipSimplifiedLayerNormalization adds a branch's result to the residual stream and normalises the sum
        # at once, so the result waits here for the next normalisation.
        self._stream = ""
        self._branch: str | None = None

    def write(self, progress: Callable[[float], None]) -> None:
        """Write all weights and the model file, telling `progress` the fraction of layers done.

        Raises:
            ConvertError: a tensor is missing, left over, or of another shape than the metadata say.
        """
        sizes, attention = self._sizes, self._attention
        attention.write_shared_inputs()
        self._stream = self._embedded()
        for layer in range(sizes.layers):
            block = f"blk.{layer}"
            self._branch = attention.attend(layer, self._normalised(f"{block}.attn_norm.weight"))
            self._normalise_branch(f"{block}.post_attention_norm.weight")
            self._branch = self._feed_forward(block, self._normalised(f"{block}.ffn_norm.weight"))
            self._normalise_branch(f"{block}.post_ffw_norm.weight")
            progress((layer + 1) / sizes.layers)
        self._write_logits()
        if self._matrices.unused:
            left = f"{len(self._matrices.unused)} tensors, {min(self._matrices.unused)} among them,"
            family = self._gguf.get("general.architecture", str)
            raise self._gguf.error(f"{left} are not part of a '{family}' network; this variant is not supported yet")
        inputs = [self._integers("input_ids", "tokens"), self._integers("attention_mask", "total")]
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 1, sizes.vocabulary])
        self._writer.save("decoder", [*inputs, *attention.inputs], [logits, *attention.outputs])

    @staticmethod
    def _integers(name: str, length: str) -> ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", length])

    def _embedded(self) -> str:
        sizes = self._sizes
        found = self._matrices.embedding("token_embd.weight", "input_ids", sizes.vocabulary, sizes.hidden)
        if not sizes.family.scaled_embedding:
            return found
        return self._writer.node("Mul", [found, self._scalar("embedding_scale", sizes.hidden**0.5)])

    def _write_logits(self) -> None:
        sizes, node = self._sizes, self._writer.node
        last = self._writer.constant("last", np.array([-1], np.int64))
        hidden = node("Gather", [self._normalised("output_norm.weight"), last], axis=1)
        head = "output" if "output.weight" in self._gguf.tensors else "token_embd"
        outputs = [] if sizes.logit_cap else ["logits"]
        logits = self._matrices.linear(hidden, head, sizes.vocabulary, sizes.hidden, outputs)
        if sizes.logit_cap:
            cap = self._scalar("logit_cap", sizes.logit_cap)
            node("Mul", [node("Tanh", [node("Div", [logits, cap])]), cap], ["logits"])

    def _scalar(self, name: str, value: float) -> str:
        return self._writer.constant(name, np.array(value, np.float32))

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

    def _normalise_branch(self, gain: str) -> None:
        if self._sizes.family.branch_norms:
            inputs = [self._branch or "", self._matrices.vector(gain, self._sizes.hidden)]
            epsilon = self._sizes.rms_epsilon
            self._branch = self._writer.node("SimplifiedLayerNormalization", inputs, axis=-1, epsilon=epsilon)

    def _feed_forward(self, block: str, x: str) -> str:
        sizes, node = self._sizes, self._writer.node
        if f"{block}.ffn_gate.weight" in self._gguf.tensors:
            gate, up = (
                self._matrices.linear(x, f"{block}.ffn_{part}", sizes.feed_forward, sizes.hidden)
                for part in ("gate", "up")
            )
        else:
            both = self._matrices.linear(x, f"{block}.ffn_up", 2 * sizes.feed_forward, sizes.hidden)
            halves = self._writer.constant("gate_and_up", np.array([sizes.feed_forward] * 2, np.int64))
            gate, up = f"{block}.gate", f"{block}.up"
            node("Split", [both, halves], [gate, up], axis=-1)
        if sizes.family.gelu:
            activated = node("FastGelu", [gate], domain=CONTRIB)
        else:
            activated = node("Mul", [gate, node("Sigmoid", [gate])])
        return self._matrices.linear(
            node("Mul", [activated, up]), f"{block}.ffn_down", sizes.hidden, sizes.feed_forward
        )
