"""GGUF block types, and how each becomes the operands of ONNX Runtime's MatMulNBits.

Sources: the block layouts are ggml's (`ggml-common.h`); the operand layout is that of the contrib operator
`com.microsoft.MatMulNBits`. Q4_0, Q4_1 and Q8_0 are carried over without loss, F32, F16 and BF16 untouched;
every other type is dequantised by the gguf package and quantised again to 8 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from foundry_bench.convert.errors import ConvertError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.uint8]
    Floats: TypeAlias = NDArray[np.float32]
    Dense: TypeAlias = NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16]

BLOCK: Final = 32
_CHUNK_ELEMENTS: Final = 1 << 21  # weights dequantised at once, 8 MiB of floats


@dataclass(frozen=True)
class BlockType:
    """A ggml type by its number in the file: `size` bytes hold `elements` neighbouring weights of a row."""

    number: int
    name: str
    elements: int
    size: int


_CARRIED: Final = {
    kind.number: kind
    for kind in (
        BlockType(0, "F32", 1, 4),
        BlockType(1, "F16", 1, 2),
        BlockType(2, "Q4_0", BLOCK, 18),
        BlockType(3, "Q4_1", BLOCK, 20),
        BlockType(8, "Q8_0", BLOCK, 34),
        BlockType(30, "BF16", 1, 2),
    )
}
_DENSE_DTYPES: Final = {"F32": np.float32, "F16": np.float16, "BF16": np.uint16}


@dataclass(frozen=True)
class Packed:
    """A quantised matrix: block b of row r holds the weights scale[r, b] * (q - 2 ** (bits - 1)) + offset[r, b].

    `quants` (rows, blocks, 4 * bits) holds the q of 32 neighbours a block, two to a byte for 4 bits, low nibble
    first; `scales` and `offsets` are (rows, blocks). `offsets` is None where the type has none.
    """

    bits: int
    quants: Bytes
    scales: Floats
    offsets: Floats | None = None


def block_type(number: int) -> BlockType:
    """The type that `number` stands for in a GGUF file.

    Raises:
        ConvertError: no ggml type that the installed gguf package knows has this number.
    """
    if number in _CARRIED:
        return _CARRIED[number]
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    try:
        kind = GGMLQuantizationType(number)
    except ValueError as error:
        raise ConvertError(f"tensor type {number} is unknown; a newer gguf package may know it") from error
    return BlockType(number, kind.name, *GGML_QUANT_SIZES[kind])


def carry(raw: Bytes, kind: BlockType) -> Packed | Dense:
    """The matrix whose rows are the rows of `raw` (rows, bytes a row), as the graph will hold it.

    BF16 comes back as its bits, uint16.

    Raises:
        ConvertError: the gguf package cannot dequantise this type, or a scale is no number.
    """
    if kind.name in _DENSE_DTYPES:
        return raw.view(_DENSE_DTYPES[kind.name])
    packed = _pack(raw, kind)
    if not np.isfinite(packed.scales if packed.offsets is None else packed.scales + packed.offsets).all():
        raise ConvertError("holds values that are no numbers; the file is damaged")
    return packed


def widen(raw: Bytes, kind: BlockType) -> Floats:
    """The values of an F32, F16 or BF16 tensor as float32, flat; raises `ConvertError` for a quantised one."""
    if kind.name not in _DENSE_DTYPES:
        raise ConvertError(f"type {kind.name} is not expected for a vector")
    values = raw.reshape(-1).view(_DENSE_DTYPES[kind.name])
    if kind.name == "BF16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32)


def stack(matrices: Sequence[Packed | Dense]) -> Packed | None:
    """One matrix of the rows of all; None unless all are packed and alike."""
    packed = [matrix for matrix in matrices if isinstance(matrix, Packed)]
    if len(packed) < len(matrices) or len({(matrix.bits, matrix.offsets is None) for matrix in packed}) > 1:
        return None
    offsets = [matrix.offsets for matrix in packed if matrix.offsets is not None]
    return Packed(
        packed[0].bits,
        np.concatenate([matrix.quants for matrix in packed]),
        np.concatenate([matrix.scales for matrix in packed]),
        np.concatenate(offsets) if offsets else None,
    )


def _pack(raw: Bytes, kind: BlockType) -> Packed:
    blocks = raw.reshape(len(raw), -1, kind.size)
    match kind.name:
        case "Q4_0":
            return Packed(4, _pair_neighbours(blocks[..., 2:]), _floats(blocks[..., :2]))
        case "Q4_1":
            scales = _floats(blocks[..., :2])
            return Packed(4, _pair_neighbours(blocks[..., 4:]), scales, _floats(blocks[..., 2:4]) + 8 * scales)
        case "Q8_0":
            return Packed(8, blocks[..., 2:] ^ np.uint8(0x80), _floats(blocks[..., :2]))
        case _:
            with np.errstate(all="ignore"):  # what a damaged file overflows shows in the scales
                return _requantise(raw, kind)


def _floats(halves: Bytes) -> Floats:
    """(rows, blocks, 2) bytes of float16 as (rows, blocks) float32."""
    return np.ascontiguousarray(halves).view(np.float16)[..., 0].astype(np.float32)


def _pair_neighbours(nibbles: Bytes) -> Bytes:
    """From ggml's byte i = elements (i, i + 16) of a block to MatMulNBits' byte i = elements (2 i, 2 i + 1)."""
    paired = np.empty(nibbles.shape, np.uint8)
    for part, half in ((paired[..., :8], nibbles & 0x0F), (paired[..., 8:], nibbles >> 4)):
        np.bitwise_or(half[..., 0::2], half[..., 1::2] << 4, out=part)
    return paired


def _requantise(raw: Bytes, kind: BlockType) -> Packed:
    """Any block type to 8 bits, round to nearest of 255 steps a block of 32, a few rows at a time."""
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    blocks = raw.shape[1] // kind.size * kind.elements // BLOCK
    quants = np.empty((len(raw), blocks, BLOCK), np.uint8)
    scales = np.empty((len(raw), blocks), np.float32)
    step = max(1, _CHUNK_ELEMENTS // (blocks * BLOCK))
    for start in range(0, len(raw), step):
        rows = slice(start, start + step)
        try:
            weights = dequantize(raw[rows], GGMLQuantizationType(kind.number)).reshape(-1, blocks, BLOCK)
        except NotImplementedError as error:
            raise ConvertError(f"type {kind.name} cannot be dequantised; quantise the model as Q8_0 or Q4_1") from error
        scales[rows] = np.abs(weights).max(axis=-1) / 127
        normal = scales[rows] >= np.finfo(np.float32).tiny
        inverse = np.divide(1, scales[rows], out=np.zeros_like(scales[rows]), where=normal)
        quants[rows] = np.rint(weights * inverse[..., None]) + 128
    return Packed(8, quants, scales)
