"""ggml's block types of 4 and 5 bits, unpacked into quants, scales and offsets of 32 neighbouring weights.

Source of the layouts: ggml's `ggml-common.h`. The K types pack eight such blocks into one of 256: two half-precision
factors, twelve bytes of 6-bit scales and offsets, for 5 bits the high bits, then the nibbles.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes: TypeAlias = NDArray[np.uint8]
    Floats: TypeAlias = NDArray[np.float32]
    Unpacked: TypeAlias = tuple[Bytes, Floats, Floats | None]

_FACTORS, _SCALES, _HIGH = 4, 12, 32  # bytes


def floats(halves: Bytes) -> Floats:
    """(rows, blocks, 2) bytes of float16 as (rows, blocks) float32."""
    return np.ascontiguousarray(halves).view(np.float16)[..., 0].astype(np.float32)


def _q4_0(raw: Bytes) -> Unpacked:
    return _nibbles(raw[..., 2:], 16), floats(raw[..., :2]), None


def _q4_1(raw: Bytes) -> Unpacked:
    return _nibbles(raw[..., 4:], 16), floats(raw[..., :2]), floats(raw[..., 2:4])


def _q5_0(raw: Bytes) -> Unpacked:
    return _five_bits(raw[..., 2:]), floats(raw[..., :2]), None


def _q5_1(raw: Bytes) -> Unpacked:
    return _five_bits(raw[..., 4:]), floats(raw[..., :2]), floats(raw[..., 2:4])


def _q4_k(raw: Bytes) -> Unpacked:
    return _nibbles(raw[..., _FACTORS + _SCALES :], 32), *_scales_and_offsets(raw)


def _q5_k(raw: Bytes) -> Unpacked:
    start = _FACTORS + _SCALES
    planes = raw[..., None, start : start + _HIGH] >> np.arange(8, dtype=np.uint8)[:, None] & np.uint8(1)
    low = _nibbles(raw[..., start + _HIGH :], 32)
    return low | planes.reshape(low.shape) << np.uint8(4), *_scales_and_offsets(raw)


# From raw blocks (rows, blocks, bytes) to quants (rows, blocks of 32, 32) counted from 0, and scales and offsets
# (rows, blocks of 32): weight = scale * quant + offset, or where there is no offset scale * (quant - half its range).
UNPACK: Final[dict[str, Callable[[Bytes], Unpacked]]] = {
    "Q4_0": _q4_0,
    "Q4_1": _q4_1,
    "Q4_K": _q4_k,
    "Q5_0": _q5_0,
    "Q5_1": _q5_1,
    "Q5_K": _q5_k,
}


def _nibbles(packed: Bytes, run: int) -> Bytes:
    """Each `run` bytes hold so many quants in their low nibbles, and the following in the high ones."""
    runs = packed.reshape(*packed.shape[:-1], -1, 1, run)
    both = np.concatenate([runs & 0x0F, runs >> 4], axis=-2)
    return both.reshape(len(packed), -1, 32)


def _five_bits(packed: Bytes) -> Bytes:
    """Four bytes of high bits, then the nibbles."""
    high = np.unpackbits(packed[..., :4], axis=-1, bitorder="little")
    return _nibbles(packed[..., 4:], 16) | high << np.uint8(4)


def _scales_and_offsets(raw: Bytes) -> tuple[Floats, Floats]:
    factors = np.ascontiguousarray(raw[..., :_FACTORS]).view(np.float16).astype(np.float32)
    low, high, mixed = np.split(raw[..., _FACTORS : _FACTORS + _SCALES], 3, axis=-1)
    scales = np.concatenate([low & 0x3F, mixed & 0x0F | low >> 6 << 4], axis=-1)
    offsets = np.concatenate([high & 0x3F, mixed >> 4 | high >> 6 << 4], axis=-1)
    rows = len(raw)
    return (factors[..., :1] * scales).reshape(rows, -1), (-factors[..., 1:] * offsets).reshape(rows, -1)
