"""What MatMulNBits makes of the carried blocks is what ggml's own dequantisation gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader
from gguf.quants import dequantize, quantize
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from convert.onnx_run import session
from foundry_bench.convert import ConvertError
from foundry_bench.convert.blocks import BLOCK, Packed, block_type, carry, stack, widen
from foundry_bench.convert.gguf_file import GgufFile

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Bytes = NDArray[np.uint8]

EXACT = ("Q4_0", "Q5_0", "Q8_0")
WITH_OFFSETS = ("Q4_1", "Q4_K", "Q5_1", "Q5_K")
REQUANTISED = ("Q2_K", "Q3_K", "Q6_K", "IQ4_NL", "IQ4_XS")
# Of a real model's matrices; each row is carried by itself.
ROWS_APART = 7


def weights_of(packed: Packed) -> Floats:
    """The matrix (rows, columns) as ONNX Runtime multiplies with it: the product with the unit matrix, transposed."""
    rows, blocks = packed.scales.shape
    columns = blocks * BLOCK
    nodes = [
        helper.make_node(
            "MatMulNBits",
            ["x", "quants", "scales"],
            ["product"],
            domain="com.microsoft",
            K=columns,
            N=rows,
            bits=packed.bits,
            block_size=BLOCK,
            accuracy_level=1,
        )
    ]
    constants: dict[str, NDArray[Any]] = {"quants": packed.quants, "scales": packed.scales}
    if packed.offsets is not None:
        constants |= {"offsets": packed.offsets, "in_blocks": np.array([0, -1, BLOCK]), "last": np.array([-1])}
        nodes += [
            helper.make_node("Reshape", ["x", "in_blocks"], ["blocks"]),
            helper.make_node("ReduceSum", ["blocks", "last"], ["sums"], keepdims=0),
            helper.make_node("FusedMatMul", ["sums", "offsets"], ["shift"], domain="com.microsoft", transB=1),
            helper.make_node("Add", ["product", "shift"], ["shifted"]),
        ]
    graph = helper.make_graph(
        nodes,
        "product",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", columns])],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, ["n", rows])],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    (product,) = session(helper.make_model(graph, ir_version=9, opset_imports=opsets)).run(
        None, {"x": np.eye(columns, dtype=np.float32)}
    )
    transposed: Floats = product.T
    return transposed


def carried(raw: Bytes, kind: str) -> Packed:
    packed = carry(raw, block_type(GGMLQuantizationType[kind]))
    assert isinstance(packed, Packed)
    return packed


def dequantised(raw: Bytes, kind: str) -> Floats:
    values: Floats = dequantize(raw, GGMLQuantizationType[kind])
    return values


def random_blocks(seed: int, kind: str, rows: int, blocks: int) -> Bytes:
    """Random bits with finite, ordinary scales in front, as float16, of each block."""
    rng = np.random.default_rng(seed)
    size = block_type(GGMLQuantizationType[kind]).size
    raw = rng.integers(0, 256, (rows, blocks, size), np.uint8)
    halves = 2 if kind in WITH_OFFSETS else 1
    raw[..., : 2 * halves] = rng.normal(0, 0.1, (rows, blocks, halves)).astype(np.float16).view(np.uint8)
    return raw.reshape(rows, -1)


shapes = st.tuples(st.integers(0, 2**32), st.integers(1, 9), st.integers(1, 5))


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=20)
@given(shape=shapes)
def test_blocks_without_an_offset_are_carried_bit_by_bit(kind: str, shape: tuple[int, int, int]) -> None:
    seed, rows, blocks = shape
    raw = random_blocks(seed, kind, rows, blocks)
    np.testing.assert_array_equal(weights_of(carried(raw, kind)), dequantised(raw, kind))


@pytest.mark.parametrize("kind", WITH_OFFSETS)
@settings(max_examples=20)
@given(shape=shapes)
def test_blocks_with_an_offset_are_carried_to_the_last_bits_of_float32(kind: str, shape: tuple[int, int, int]) -> None:
    """d q + m is computed as d (q - 8) + (m + 8 d): equal but for roundings where m and d lie far apart."""
    seed, rows, blocks = shape
    raw = random_blocks(seed, kind, rows, blocks)
    found, expected = weights_of(carried(raw, kind)), dequantised(raw, kind)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2 * float(np.spacing(np.abs(expected).max())))


@pytest.mark.parametrize("kind", REQUANTISED)
def test_requantised_blocks_are_within_half_a_step_of_254(kind: str) -> None:
    size = block_type(GGMLQuantizationType[kind]).size
    raw = np.random.default_rng(1).integers(0, 256, (64, 4 * size), np.uint8)
    with np.errstate(all="ignore"):
        raw = raw[np.isfinite(dequantised(raw, kind)).all(axis=1)]
    expected = dequantised(raw, kind)
    error = np.abs(weights_of(carried(raw, kind)) - expected).reshape(len(raw), -1, BLOCK)
    steps = np.abs(expected).reshape(len(raw), -1, BLOCK).max(axis=-1, keepdims=True) / 127
    assert len(raw) > 10
    assert np.all(error <= 0.5001 * steps)


def test_blocks_of_zeros_stay_zeros() -> None:
    raw = np.zeros((3, 210), np.uint8)
    np.testing.assert_array_equal(weights_of(carried(raw, "Q6_K")), np.zeros((3, 8 * BLOCK)))


def test_a_large_matrix_is_carried_in_parts_to_the_same_end() -> None:
    raw = random_blocks(5, "Q4_K", 3, 4)
    whole = weights_of(carried(raw, "Q4_K"))
    many = np.tile(raw, (700, 1))
    np.testing.assert_array_equal(weights_of(carried(many, "Q4_K")), np.tile(whole, (700, 1)))


@pytest.mark.parametrize(("kind", "dtype"), [("F32", np.float32), ("F16", np.float16), ("BF16", np.uint16)])
def test_dense_tensors_are_taken_as_they_are(kind: str, dtype: type[np.generic]) -> None:
    raw = quantize(np.random.default_rng(2).normal(0, 1, (4, 6)).astype(np.float32), GGMLQuantizationType[kind])
    raw = np.ascontiguousarray(raw).view(np.uint8).reshape(4, -1)
    kept = carry(raw, block_type(GGMLQuantizationType[kind]))
    assert not isinstance(kept, Packed)
    assert kept.dtype == dtype
    assert kept.tobytes() == raw.tobytes()
    np.testing.assert_array_equal(widen(raw, block_type(GGMLQuantizationType[kind])), dequantised(raw, kind).ravel())


def test_a_vector_is_not_quantised() -> None:
    with pytest.raises(ConvertError, match="Q8_0 is not expected"):
        widen(np.zeros((1, 34), np.uint8), block_type(GGMLQuantizationType.Q8_0))


def test_matrices_of_one_kind_stack_and_others_do_not() -> None:
    first, second = (carried(random_blocks(seed, "Q4_1", 2, 3), "Q4_1") for seed in (1, 2))
    both = stack([first, second])
    assert both is not None
    np.testing.assert_array_equal(weights_of(both), np.concatenate([weights_of(first), weights_of(second)]))
    assert stack([first, carried(random_blocks(3, "Q4_0", 2, 3), "Q4_0")]) is None


@pytest.mark.parametrize("kind", [*EXACT, *WITH_OFFSETS, "Q6_K"])
def test_scales_that_are_no_numbers_are_refused(kind: str) -> None:
    raw = np.full((1, block_type(GGMLQuantizationType[kind]).size), 0xFF, np.uint8)
    with pytest.raises(ConvertError, match="no numbers"):
        carried(raw, kind)


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ConvertError, match="tensor type 4711 is unknown"):
        block_type(4711)


def test_every_matrix_of_smollm2_is_carried_without_error(smollm2_gguf: Path) -> None:
    gguf = GgufFile(smollm2_gguf)
    matrices = [tensor for tensor in GGUFReader(smollm2_gguf).tensors if len(tensor.shape) > 1]
    assert len(matrices) == 211
    for tensor in matrices:
        some = slice(None, None, ROWS_APART)
        found = weights_of(carried(gguf.rows(tensor.name)[some], tensor.tensor_type.name))
        np.testing.assert_array_equal(found, dequantize(tensor.data[some], tensor.tensor_type))
