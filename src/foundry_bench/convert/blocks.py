"""GGUF block types, and how each becomes the operands of ONNX Runtime's MatMulNBits.

Sources: the block layouts are ggml's (`ggml-common.h`); the operand layout is that of the contrib operator
`com.microsoft.MatMulNBits`. Q4_0, Q4_1, Q4_K, Q5_0, Q5_1, Q5_K and Q8_0 are carried over without loss, those of 5 bits
in 8; F32, F16 and BF16 untouched. Every other type is dequantised by the gguf package and quantised again to 8 bits:
for Q6_K, whose blocks are of 16, MatMulNBits has an exact form too, at a quarter of the speed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from foundry_bench.convert.errors import ConvertError
from foundry_bench.convert.unpacking import UNPACK, floats

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.uint8]
    Floats: TypeAlias = NDArray[np.float32]
    Dense: TypeAlias = NDArray[np.float32] | NDArray[np.float16] | NDArray[np.uint16]

BLOCK: Final = 32
_CHUNK_ELEMENTS: Final = 1 << 21  # weights unpacked at once, 8 MiB of floats


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
        BlockType(6, "Q5_0", BLOCK, 22),
        BlockType(7, "Q5_1", BLOCK, 24),
        BlockType(8, "Q8_0", BLOCK, 34),
        BlockType(12, "Q4_K", 256, 144),
        BlockType(13, "Q5_K", 256, 176),
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
    step = max(1, _CHUNK_ELEMENTS * kind.size // (kind.elements * raw.shape[1]))
    with np.errstate(all="ignore"):  # what a damaged file overflows shows in the scales
        parts = [_pack(raw[start : start + step], kind) for start in range(0, len(raw), step)]
    packed = _joined(parts)
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
    return _joined(packed)


def _joined(packed: Sequence[Packed]) -> Packed:
    if len(packed) == 1:
        return packed[0]
    offsets = [matrix.offsets for matrix in packed if matrix.offsets is not None]
    return Packed(
        packed[0].bits,
        np.concatenate([matrix.quants for matrix in packed]),
        np.concatenate([matrix.scales for matrix in packed]),
        np.concatenate(offsets) if offsets else None,
    )


def _pack(raw: Bytes, kind: BlockType) -> Packed:
    blocks = raw.reshape(len(raw), -1, kind.size)
    if kind.name == "Q8_0":
        return Packed(8, blocks[..., 2:] ^ np.uint8(0x80), floats(blocks[..., :2]))
    if kind.name not in UNPACK:
        return _requantise(raw, kind)
    quants, scales, offsets = UNPACK[kind.name](blocks)
    if kind.name.startswith("Q5"):
        offsets = None if offsets is None else offsets + 16 * scales
        return Packed(8, quants + np.uint8(128 - 16), scales, offsets)
    offsets = None if offsets is None else offsets + 8 * scales
    return Packed(4, quants[..., 0::2] | quants[..., 1::2] << np.uint8(4), scales, offsets)


def _requantise(raw: Bytes, kind: BlockType) -> Packed:
    """Any block type to 8 bits, round to nearest of 255 steps a block of 32."""
    from gguf.constants import GGMLQuantizationType
    from gguf.quants import dequantize

    try:
        weights = dequantize(raw, GGMLQuantizationType(kind.number)).reshape(len(raw), -1, BLOCK)
    except NotImplementedError as error:
        raise ConvertError(f"type {kind.name} cannot be dequantised; quantise the model as Q8_0 or Q4_1") from error
    scales = np.abs(weights).max(axis=-1) / 127
    normal = scales >= np.finfo(np.float32).tiny
    inverse = np.divide(1, scales, out=np.zeros_like(scales), where=normal)
    return Packed(8, (np.rint(weights * inverse[..., None]) + 128).astype(np.uint8), scales)
