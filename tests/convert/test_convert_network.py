"""The converted network against plain numpy: same logits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from convert.onnx_run import all_logits
from convert.reference import reference_logits
from foundry_bench.convert import convert_gguf
from tiny import HEAD_SIZE, HEADS, KV_HEADS, LAYERS, base_tokens, random_network, write_gguf

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

HIDDEN, FEED_FORWARD = 64, 96
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tied": {"tied": True},
    "biases": {"biases": True},
    "rope frequencies divided": {"divisors": np.linspace(1, 8, HEAD_SIZE // 2)},
    "another rope base": {"metadata": {"llama.rope.freq_base": 500.0}},
    "positions scaled": {"metadata": {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0}},
    "no scaling": {"metadata": {"llama.rope.scaling.type": "none"}},
}
# What the reference chooses after each token of the story, in half a minute; FOUNDRY_BENCH_GOLDEN=1 writes it anew.
CHOICES = Path(__file__).with_name("smollm2_choices.json")
ONE_BY_ONE = 100
KINDS = ("F32", "F16", "BF16", "Q4_0", "Q4_1", "Q8_0")


def random_gguf(
    path: Path,
    kind: str = "F32",
    *,
    tied: bool = False,
    biases: bool = False,
    divisors: NDArray[np.float64] | None = None,
    metadata: dict[str, Any] | None = None,
) -> list[int]:
    """Write a random network whose answers hang on every part of it; returns some token ids."""
    rng = np.random.default_rng(7)
    base = base_tokens(sentencepiece=False)
    tokens = [*base, *(f"word {number}" for number in range(27))]
    tensors = random_network(rng, HIDDEN, FEED_FORWARD, 0.3)
    for name in ("token_embd.weight", *(() if tied else ("output.weight",))):
        tensors[name] = rng.normal(0, 1, (len(tokens), HIDDEN)).astype(np.float32)
    if biases:
        sizes = {"q": HEADS * HEAD_SIZE, "k": KV_HEADS * HEAD_SIZE, "v": KV_HEADS * HEAD_SIZE, "output": HIDDEN}
        for layer in range(LAYERS):
            for part, size in sizes.items():
                tensors[f"blk.{layer}.attn_{part}.bias"] = rng.normal(0, 0.5, size).astype(np.float32)
    if divisors is not None:
        tensors["rope_freqs.weight"] = divisors.astype(np.float32)
    write_gguf(path, tensors, tokens, kind=kind, metadata=metadata)
    return [int(number) for number in rng.integers(0, len(tokens), 50)]


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("step", [1, 7, 50])
def test_each_variant_of_the_network_gives_the_reference_logits(tmp_path: Path, variant: str, step: int) -> None:
    ids = random_gguf(tmp_path / "random.gguf", **VARIANTS[variant])
    convert_gguf(tmp_path / "random.gguf", tmp_path / "out", accuracy_level=1)
    expected = reference_logits(tmp_path / "random.gguf", ids)
    np.testing.assert_allclose(all_logits(tmp_path / "out", ids, step), expected, atol=5e-3)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_each_type_of_tensor_gives_the_reference_logits(tmp_path: Path, kind: str, tied: bool) -> None:
    ids = random_gguf(tmp_path / "random.gguf", kind, tied=tied)
    convert_gguf(tmp_path / "random.gguf", tmp_path / "out", accuracy_level=1)
    expected = reference_logits(tmp_path / "random.gguf", ids)
    np.testing.assert_allclose(all_logits(tmp_path / "out", ids, 50), expected, atol=5e-3)


def test_smollm2_agrees_token_by_token(
    smollm2_gguf: Path,
    smollm2_folder: Callable[[int], Path],
    llama_cpp_tokens: dict[str, Any],
    update_golden: bool,
) -> None:
    """Teacher-forced on a text of some 300 tokens: the same first choice, in float32 and as shipped."""
    ids = llama_cpp_tokens["story_ids"]
    if update_golden:
        choices = reference_logits(smollm2_gguf, ids).argmax(axis=-1).tolist()
        CHOICES.write_text(f"{json.dumps(choices)}\n", "utf-8")
    expected = np.array(json.loads(CHOICES.read_text("utf-8")))
    exact = all_logits(smollm2_folder(1), ids, len(ids)).argmax(axis=-1)
    shipped = all_logits(smollm2_folder(4), ids[:ONE_BY_ONE], 1).argmax(axis=-1)
    assert np.mean(exact == expected) >= 0.99
    assert np.mean(shipped == expected[:ONE_BY_ONE]) >= 0.95
