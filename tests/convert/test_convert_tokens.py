"""The written tokenizer against llama.cpp's ids, in Hugging Face's library and in GenAI itself."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from gguf import TokenType

from foundry_bench.convert import convert_gguf
from foundry_bench.convert.gguf_file import GgufFile
from foundry_bench.convert.tokenizer import tokenizer_files
from foundry_bench.convert.vocabulary import read_vocabulary
from tiny import base_tokens, random_network, tiny_model, token_type, write_gguf

if TYPE_CHECKING:
    from collections.abc import Callable

BLANK_LINE = "word\n  \n  word"  # where GenAI 0.18 ends the Llama 3 expression's white space too early
# Tokens beside the pieces: control, and the user's own, among them an end token that is meant to be a control one.
OWN_TOKENS: dict[str, tuple[list[str], list[str]]] = {
    "llama": ([], []),
    "gemma": (["<start_of_turn>"], ["<end_of_turn>", "  ", "   ", "\n\n\n", "<h1>"]),
    "phi3": (["<|user|>", "<|assistant|>", "<|end|>", "<|endoftext|>"], ["</s>"]),
}
BYTE_LEVEL = ("smollm", "gpt-2", "llama-bpe", "qwen2", "tekken", "dbrx", "gpt-4o")
KNOWN = {pre: {BLANK_LINE} for pre in ("llama-bpe", "qwen2", "tekken", "dbrx", "gpt-4o")}


@pytest.fixture(scope="module")
def folder_with(smollm2_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Makes a loadable folder with SmolLM2's vocabulary under the pre-tokenizer of a name, once each."""
    gguf = GgufFile(smollm2_gguf)
    network = tiny_model(tmp_path_factory.mktemp("network") / "tiny")

    @functools.cache
    def folder(pre: str) -> Path:
        gguf.metadata = {**gguf.metadata, "tokenizer.ggml.pre": pre}
        out = tmp_path_factory.mktemp(pre) / "out"
        shutil.copytree(network, out)
        for name, text in tokenizer_files(gguf, read_vocabulary(gguf, 1 << 20), 2048).items():
            (out / name).write_text(text, encoding="utf-8")
        return out

    return folder


@pytest.fixture(scope="module")
def sentencepiece_folder(
    llama_cpp_tokens: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """Converts a small SentencePiece model with the manners of a family, once each."""
    made: dict[str, Path] = {}

    def folder(family: str) -> Path:
        if family not in made:
            scratch = tmp_path_factory.mktemp(family)
            sentencepiece_gguf(scratch / "model.gguf", family, llama_cpp_tokens["pieces"])
            convert_gguf(scratch / "model.gguf", scratch / "out")
            gguf = GgufFile(scratch / "model.gguf")
            gguf.metadata = {**gguf.metadata, "general.architecture": family}
            for name, text in tokenizer_files(gguf, read_vocabulary(gguf, 1 << 20), 2048).items():
                (scratch / "out" / name).write_text(text, encoding="utf-8")
            made[family] = scratch / "out"
        return made[family]

    return folder


def sentencepiece_gguf(path: Path, family: str, pieces: list[str]) -> None:
    """A Llama network whose vocabulary has the manners of `family`; llama.cpp knows Phi-3's by the model's name."""
    control, own = OWN_TOKENS[family]
    tokens = [*base_tokens(sentencepiece=True), *pieces, *control, *own]
    kinds = [*map(token_type, tokens[: -len(control + own) or None])]
    kinds += [TokenType.CONTROL] * len(control) + [TokenType.USER_DEFINED] * len(own)
    tensors = random_network(np.random.default_rng(0), 64, 64, 0.1)
    tensors["token_embd.weight"] = np.ones((len(tokens), 64), np.float32)
    metadata: dict[str, Any] = {"general.name": family, "tokenizer.ggml.token_type": [int(kind) for kind in kinds]}
    if family == "gemma":
        metadata["tokenizer.ggml.add_space_prefix"] = False
    write_gguf(path, tensors, tokens, sentencepiece=True, metadata=metadata)


def genai_ids(folder: Path, texts: list[str]) -> list[list[int]]:
    script = str(Path(__file__).with_name("genai_tokens.py"))
    done = subprocess.run(
        [sys.executable, script, str(folder)],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "CI": "true"},
        timeout=120,
    )
    ids: list[list[int]] = json.loads(done.stdout)
    return ids


def library_ids(folder: Path, texts: list[str]) -> list[list[int]]:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]


def differing(texts: list[str], found: list[list[int]], expected: list[list[int]]) -> set[str]:
    return {text for text, ids, wanted in zip(texts, found, expected, strict=True) if ids != wanted}


@pytest.mark.parametrize("pre", BYTE_LEVEL)
def test_genai_tokenises_as_llama_cpp_does(
    folder_with: Callable[[str], Path], llama_cpp_tokens: dict[str, Any], pre: str
) -> None:
    texts = llama_cpp_tokens["texts"]
    found = genai_ids(folder_with(pre), texts)
    assert differing(texts, found, llama_cpp_tokens["byte_level"][pre]) == KNOWN.get(pre, set())


@pytest.mark.parametrize("pre", BYTE_LEVEL)
def test_the_tokenizers_library_tokenises_as_llama_cpp_does(
    folder_with: Callable[[str], Path], llama_cpp_tokens: dict[str, Any], pre: str
) -> None:
    texts = llama_cpp_tokens["texts"]
    found = library_ids(folder_with(pre), texts)
    assert differing(texts, found, llama_cpp_tokens["byte_level"][pre]) == set()


def test_a_long_text_comes_out_alike(smollm2_folder: Callable[[int], Path], llama_cpp_tokens: dict[str, Any]) -> None:
    assert genai_ids(smollm2_folder(4), [llama_cpp_tokens["story"]]) == [llama_cpp_tokens["story_ids"]]


@pytest.mark.parametrize("tokenise", [genai_ids, library_ids])
@pytest.mark.parametrize("family", OWN_TOKENS)
def test_sentencepiece_vocabularies_tokenise_as_in_llama_cpp(
    sentencepiece_folder: Callable[[str], Path],
    llama_cpp_tokens: dict[str, Any],
    family: str,
    tokenise: Callable[[Path, list[str]], list[list[int]]],
) -> None:
    texts = llama_cpp_tokens["texts"] + llama_cpp_tokens["chat_texts"]
    found = tokenise(sentencepiece_folder(family), texts)
    assert differing(texts, found, llama_cpp_tokens["sentencepiece"][family]) == set()
