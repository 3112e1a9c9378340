"""What cannot be converted is refused in one line, and nothing is left behind."""

from __future__ import annotations

import shutil
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foundry_bench.convert import ConvertError, convert_gguf
from tiny import base_tokens, random_network, tiny_gguf, write_gguf

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Tensors = dict[str, NDArray[np.float32]]

HEADER = struct.Struct("<4sIQQ")


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def tensor(name: str, dimensions: list[int], kind: int = 0, offset: int = 0) -> bytes:
    count = len(dimensions)
    return text(name) + struct.pack(f"<I{count}QIQ", count, *dimensions, kind, offset)


DAMAGED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty; fetch the file again"),
    "another format": (b"PK\3\4" + bytes(100), "not a GGUF file"),
    "cut in the header": (b"GGUF\3\0", "truncated: the header goes on at byte 8 of 6"),
    "old version": (HEADER.pack(b"GGUF", 1, 0, 0), "GGUF version 1 is not supported"),
    "new version": (HEADER.pack(b"GGUF", 4, 0, 0), "GGUF version 4 is not supported"),
    "big-endian": (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "big-endian"),
    "tensors without end": (HEADER.pack(b"GGUF", 3, 1 << 60, 0), "1,152,921,504,606,846,976 tensors and 0 metadata"),
    "pairs without end": (HEADER.pack(b"GGUF", 3, 0, 1 << 60), "0 tensors and 1,152,921,504,606,846,976 metadata"),
    "more tensors than bytes": (HEADER.pack(b"GGUF", 3, 1 << 16, 0), "truncated"),
    "more pairs than bytes": (HEADER.pack(b"GGUF", 3, 0, 1 << 16), "truncated"),
    "a string without end": (
        HEADER.pack(b"GGUF", 3, 0, 1) + struct.pack("<Q", 1 << 31),
        "text of 2,147,483,648 bytes",
    ),
    "a string longer than the file": (HEADER.pack(b"GGUF", 3, 0, 1) + struct.pack("<Q", 1 << 20), "truncated"),
    "an array in an array": (HEADER.pack(b"GGUF", 3, 0, 1) + text("a") + struct.pack("<IIQ", 9, 9, 1), "type 9"),
    "many long arrays": (
        HEADER.pack(b"GGUF", 3, 0, 2) + 2 * (text("a") + struct.pack("<IIQ", 9, 0, 3 << 22) + bytes(3 << 22)),
        "an array of 12,582,912 items",
    ),
    "no UTF-8": (HEADER.pack(b"GGUF", 3, 0, 1) + struct.pack("<Q", 1) + b"\xff", "not UTF-8"),
    "an endless array": (HEADER.pack(b"GGUF", 3, 0, 1) + text("a") + struct.pack("<IIQ", 9, 8, 1 << 50), "an array of"),
    "a long array": (HEADER.pack(b"GGUF", 3, 0, 1) + text("a") + struct.pack("<IIQ", 9, 12, 1 << 20), "truncated"),
    "unknown metadata": (HEADER.pack(b"GGUF", 3, 0, 1) + text("a") + struct.pack("<I", 77), "metadata type 77"),
    "no dimensions": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", []), "0 dimensions"),
    "many dimensions": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", [1] * 5), "5 dimensions"),
    "unknown tensor type": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", [32], 999), "tensor t: tensor type 999"),
    "half a block": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", [33, 2], 2), "2 rows of 33 cannot be of type Q4_0"),
    "no rows": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", [32, 0]), "0 rows of 32"),
    "a tensor too large": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", [1 << 40, 1 << 40]), "truncated: tensor t ends"),
    "a tensor too far": (HEADER.pack(b"GGUF", 3, 1, 0) + tensor("t", [1], 0, 1 << 63), "truncated: tensor t ends"),
    "no alignment": (
        HEADER.pack(b"GGUF", 3, 0, 1) + text("general.alignment") + struct.pack("<II", 4, 0),
        "alignment is not positive",
    ),
    "no metadata": (HEADER.pack(b"GGUF", 3, 0, 0), "general.architecture is missing"),
}


def assert_refused(source: Path, match: str, **options: Any) -> None:
    out = source.parent / "out"
    before = set(source.parent.iterdir())
    with pytest.raises(ConvertError, match=match) as caught:
        convert_gguf(source, out, **options)
    assert str(caught.value).isprintable()
    assert set(source.parent.iterdir()) == before


@pytest.mark.parametrize("what", DAMAGED)
def test_a_damaged_file_is_refused(tmp_path: Path, what: str) -> None:
    content, match = DAMAGED[what]
    (tmp_path / "model.gguf").write_bytes(content)
    assert_refused(tmp_path / "model.gguf", match)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "model.gguf", "cannot be read")


@pytest.fixture(scope="module")
def whole_file(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    tiny_gguf(path)
    return path.read_bytes()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(part=st.floats(0, 1, exclude_max=True))
def test_a_truncated_file_is_refused(tmp_path: Path, whole_file: bytes, part: float) -> None:
    needed = len(whole_file) - 32  # the very end is padding, which may be missing
    (tmp_path / "model.gguf").write_bytes(whole_file[: int(part * needed)])
    assert_refused(tmp_path / "model.gguf", "truncated|cannot be read")


def refusal_of(source: Path, out: Path) -> str:
    """The text of the error, empty if there is none."""
    try:
        convert_gguf(source, out, context=64)
    except ConvertError as error:
        return str(error)
    return ""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255))
def test_a_wrong_byte_in_the_header_is_refused_or_harmless(
    tmp_path: Path, whole_file: bytes, place: float, byte: int
) -> None:
    content = bytearray(whole_file)
    content[int(place * whole_file.index(b"tokenizer.ggml.tokens"))] = byte
    source, out = tmp_path / "model.gguf", tmp_path / "out"
    source.write_bytes(content)
    refusal = refusal_of(source, out)
    assert not refusal or refusal.isprintable()
    assert out.exists() == (not refusal)
    shutil.rmtree(out, ignore_errors=True)


def without(name: str) -> Callable[[Tensors], object]:
    return lambda tensors: tensors.pop(name)


def with_one(name: str, *shape: int) -> Callable[[Tensors], object]:
    return lambda tensors: tensors.update({name: np.zeros(shape, np.float32)})


METADATA: dict[str, tuple[dict[str, Any], str]] = {
    "another family": (
        {"general.architecture": "mamba"},
        "architecture 'mamba' is not supported yet; supported: llama, qwen2, qwen3, phi3, gemma, gemma2, gemma3$",
    ),
    "a family of experts": ({"general.architecture": "qwen3moe"}, "architecture 'qwen3moe' is not supported yet"),
    "a family that steers terminals": ({"general.architecture": "\n\x1b[31m"}, r"architecture '\?\?\[31m'"),
    "a family without end": ({"general.architecture": "x" * 10_000}, "x{400}$"),
    "a license that is none": ({"general.license": 7}, "general.license is no str"),
    "one part of several": ({"split.count": 3}, "one of 3 parts of a model; join them first"),
    "experts": ({"llama.expert_count": 8}, "mixture of experts"),
    "yarn": ({"llama.rope.scaling.type": "yarn"}, "rope scaling 'yarn' is not supported yet"),
    "no factor": ({"llama.rope.scaling.factor": 0.0}, "scaling factor of 0.0"),
    "a quarter rotated": ({"llama.rope.dimension_count": 8}, "8 rotary dimensions in heads of 16; .* multiples of 16"),
    "other values": ({"llama.attention.value_length": 8}, "llama.attention.value_length differs"),
    "heads that don't share": ({"llama.attention.head_count_kv": 3}, "4 heads cannot share 3"),
    "a crooked head size": ({"llama.attention.key_length": 24}, "a head size of 24; .* multiples of 16"),
    "no rope base": ({"llama.rope.freq_base": 0.0}, "a rope base of 0.0"),
    "no heads": ({"llama.attention.head_count": 0}, "0 heads"),
    "more heads than rows": ({"llama.attention.head_count": 8}, "blk.0.attn_q.weight is 64 x 64, .* 128 x 64"),
    "layers without end": ({"llama.block_count": 1 << 30}, "1,073,741,824 layers in 20 tensors"),
    "a cap below zero": ({"llama.final_logit_softcapping": -1.0}, "final_logit_softcapping is -1.0"),
    "an attention factor of none": ({"llama.rope.scaling.attn_factor": 0.0}, "an attention factor of 0.0"),
    "text for a number": ({"llama.block_count": "two"}, "llama.block_count is no int"),
    "more layers than tensors": ({"llama.block_count": 3}, "tensor blk.2.attn_norm.weight is missing"),
    "fewer layers than tensors": ({"llama.block_count": 1}, "9 tensors, blk.1.attn_k.weight among them,"),
    "no context": ({"llama.context_length": 0}, "a context of 0 tokens"),
    "an endless context": ({"llama.context_length": 1 << 30}, "a context of 1,073,741,824 tokens"),
    "another tokenizer": ({"tokenizer.ggml.model": "bert"}, "tokenizer 'bert' is not supported yet"),
    "another pre-tokenizer": ({"tokenizer.ggml.pre": "viking"}, "pre-tokenizer 'viking' is not supported yet"),
    "no such token": ({"tokenizer.ggml.eos_token_id": 9999}, "the eos token is number 9999 of"),
}
TENSORS: dict[str, tuple[Callable[[Tensors], object], str]] = {
    "no gain": (without("blk.1.ffn_norm.weight"), "blk.1.ffn_norm.weight is missing"),
    "no matrix": (without("blk.1.ffn_up.weight"), "blk.1.ffn_up.weight is missing"),
    "no embedding": (without("token_embd.weight"), "the file holds no network"),
    "another variant": (with_one("blk.0.attn_q_norm.weight", 16), "1 tensors, blk.0.attn_q_norm.weight among them"),
    "half of two sets of frequencies": (with_one("rope_factors_long.weight", 8), "1 tensors, rope_factors_long.weight"),
    "two sets for no length": (
        lambda tensors: tensors.update({f"rope_factors_{n}.weight": np.ones(8, np.float32) for n in ("short", "long")}),
        "no rope.scaling.original_context_length",
    ),
    "a crooked head": (with_one("output.weight", 64, 64), "tensor output.weight is 64 x 64"),
}


def write_random(path: Path, metadata: dict[str, Any], change: Callable[[Tensors], object]) -> None:
    tokens = base_tokens(sentencepiece=False)
    tensors = random_network(np.random.default_rng(0), 64, 96, 0.1)
    tensors["token_embd.weight"] = np.ones((len(tokens), 64), np.float32)
    change(tensors)
    write_gguf(path, tensors, tokens, metadata=metadata)


@pytest.mark.parametrize("what", METADATA)
def test_a_network_we_cannot_write_is_refused(tmp_path: Path, what: str) -> None:
    metadata, match = METADATA[what]
    write_random(tmp_path / "model.gguf", metadata, lambda _tensors: None)
    assert_refused(tmp_path / "model.gguf", match)


@pytest.mark.parametrize("what", TENSORS)
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, what: str) -> None:
    change, match = TENSORS[what]
    write_random(tmp_path / "model.gguf", {}, change)
    assert_refused(tmp_path / "model.gguf", match)
