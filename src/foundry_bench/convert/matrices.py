"""Operators over a GGUF file's matrices: embedding, linear layer, gains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from onnx import TensorProto

from foundry_bench.convert.blocks import BLOCK, Packed, carry, stack, widen
from foundry_bench.convert.errors import ConvertError
from foundry_bench.convert.onnx_writer import CONTRIB

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from foundry_bench.convert.blocks import Dense, Floats
    from foundry_bench.convert.gguf_file import GgufFile, Tensor
    from foundry_bench.convert.onnx_writer import OnnxWriter

_LAST_AXIS: Final = np.array([-1], np.int64)
_IN_BLOCKS: Final = np.array([0, 0, -1, BLOCK], np.int64)


@dataclass(frozen=True)
class _Quantised:
    """Names in the graph of a packed matrix's parts, and its shape."""

    bits: int
    quants: str
    scales: str
    offsets: str | None
    rows: int
    columns: int


class Matrices:
    """Adds operators with a GGUF file's tensors as their weights; `unused` tells which tensors are left.

    All methods raise `ConvertError` if a tensor is missing, or its shape or type is not the expected one.
    """

    def __init__(self, gguf: GgufFile, writer: OnnxWriter, accuracy_level: int) -> None:
        self._gguf = gguf
        self._writer = writer
        self._accuracy_level = accuracy_level
        self._placed: dict[str, _Quantised | str] = {}
        self._block_sums: dict[str, str] = {}
        self.unused = set(gguf.tensors)

    def floats(self, name: str, length: int) -> Floats:
        """A vector's values."""
        tensor = self._tensor(name, 1, length)
        try:
            return widen(self._gguf.rows(name), tensor.kind)
        except ConvertError as error:
            raise self._gguf.error(f"tensor {name}: {error}") from error

    def vector(self, name: str, length: int) -> str:
        """A vector as a weight."""
        return self._writer.weight(name, self.floats(name, length))

    def embedding(self, name: str, ids: str, rows: int, columns: int) -> str:
        """Rows of the matrix `name` by `ids` (batch, tokens): (batch, tokens, columns)."""
        node = self._writer.node
        table = self._place(name, self._carry(name, rows, columns))
        if isinstance(table, str):
            return node("Gather", [table, ids], axis=0)
        flat = self._writer.reshaped(table.quants, [rows, columns * table.bits // 8])
        found = node(
            "GatherBlockQuantized",
            [flat, ids, table.scales],
            domain=CONTRIB,
            bits=table.bits,
            block_size=BLOCK,
            gather_axis=0,
            quantize_axis=1,
        )
        if table.offsets is None:
            return found
        offsets = node("Unsqueeze", [node("Gather", [table.offsets, ids], axis=0), self._last_axis()])
        shifted = node("Add", [self._in_blocks(found), offsets])
        return node("Reshape", [shifted, self._writer.constant("whole", np.array([0, 0, columns], np.int64))])

    def linear(self, x: str, name: str, rows: int, columns: int, outputs: Sequence[str] = ()) -> str:
        """The product of x (..., columns) and `name`.weight, transposed, plus `name`.bias if any: (..., rows)."""
        matrix, bias = f"{name}.weight", f"{name}.bias"
        if matrix not in self._placed:
            self._place(matrix, self._carry(matrix, rows, columns))
        if bias not in self._gguf.tensors:
            return self._multiply(x, self._placed[matrix], outputs)
        return self._writer.node("Add", [self._multiply(x, self._placed[matrix]), self.vector(bias, rows)], outputs)

    def linear_together(self, x: str, rows: Mapping[str, int], columns: int) -> list[str]:
        """The linear layers `rows` (name to rows) of one x, as one product if their types allow, else one by one."""
        if not any(f"{name}.bias" in self._gguf.tensors for name in rows):
            parts = [self._carry(f"{name}.weight", count, columns) for name, count in rows.items()]
            stacked = stack(parts)
            if stacked is not None:
                return [self._multiply(x, self._place("+".join(rows), stacked))]
            for name, part in zip(rows, parts, strict=True):
                self._place(f"{name}.weight", part)
        return [self.linear(x, name, count, columns) for name, count in rows.items()]

    def _tensor(self, name: str, rows: int, columns: int) -> Tensor:
        tensor = self._gguf.tensors.get(name)
        if tensor is None:
            raise self._gguf.error(f"tensor {name} is missing; the file is damaged or of another family")
        if (tensor.rows, tensor.columns) != (rows, columns):
            found = f"{tensor.rows} x {tensor.columns}"
            raise self._gguf.error(f"tensor {name} is {found}, and the metadata say {rows} x {columns}")
        self.unused.discard(name)
        return tensor

    def _carry(self, name: str, rows: int, columns: int) -> Packed | Dense:
        tensor = self._tensor(name, rows, columns)
        try:
            return carry(self._gguf.rows(name), tensor.kind)
        except ConvertError as error:
            raise self._gguf.error(f"tensor {name}: {error}") from error

    def _place(self, name: str, matrix: Packed | Dense) -> _Quantised | str:
        """Write a matrix and remember it: the head of many models is their embedding."""
        weight = self._writer.weight
        if isinstance(matrix, Packed):
            rows, blocks = matrix.scales.shape
            self._placed[name] = _Quantised(
                bits=matrix.bits,
                quants=weight(f"{name}.quants", matrix.quants),
                scales=weight(f"{name}.scales", matrix.scales),
                offsets=None if matrix.offsets is None else weight(f"{name}.offsets", matrix.offsets),
                rows=rows,
                columns=blocks * BLOCK,
            )
        else:
            dense = weight(name, matrix)
            if matrix.dtype != np.float32:
                dense = self._writer.node("Cast", [dense], to=TensorProto.FLOAT)
            self._placed[name] = dense
        return self._placed[name]

    def _multiply(self, x: str, matrix: _Quantised | str, outputs: Sequence[str] = ()) -> str:
        if isinstance(matrix, str):
            return self._writer.node("FusedMatMul", [x, matrix], outputs, domain=CONTRIB, transB=1)
        product = self._writer.node(
            "MatMulNBits",
            [x, matrix.quants, matrix.scales],
            () if matrix.offsets else outputs,
            domain=CONTRIB,
            K=matrix.columns,
            N=matrix.rows,
            bits=matrix.bits,
            block_size=BLOCK,
            accuracy_level=self._accuracy_level,
        )
        if matrix.offsets is None:
            return product
        shift = self._writer.node("FusedMatMul", [self._sums(x), matrix.offsets], domain=CONTRIB, transB=1)
        return self._writer.node("Add", [product, shift], outputs)

    def _sums(self, x: str) -> str:
        """The sums of x over blocks of 32: what a constant added to a whole block of weights is multiplied by."""
        if x not in self._block_sums:
            self._block_sums[x] = self._writer.node("ReduceSum", [self._in_blocks(x), self._last_axis()], keepdims=0)
        return self._block_sums[x]

    def _in_blocks(self, x: str) -> str:
        """(batch, tokens, columns) as (batch, tokens, blocks, 32)."""
        return self._writer.node("Reshape", [x, self._writer.constant("in_blocks", _IN_BLOCKS)])

    def _last_axis(self) -> str:
        return self._writer.constant("last_axis", _LAST_AXIS)
