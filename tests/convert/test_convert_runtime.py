"""Converted models through the real runtime: the tiny model says its sentence, and each family what numpy says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convert.ask_runtime import QUESTION
from convert.random_families import SHAPES, random_family, spoken
from convert.reference import Reference
from foundry_bench.convert import convert_gguf
from tiny import SAY, long_answer, tiny_model

MODELS: dict[str, dict[str, Any]] = {
    "Q4_0": {"kind": "Q4_0"},
    "Q4_0 tied": {"kind": "Q4_0", "tied": True},
    "Q4_1 tied": {"kind": "Q4_1", "tied": True},
    "Q5_1": {"kind": "Q5_1"},
    "Q8_0": {"kind": "Q8_0"},
    "Q8_0 tied, SentencePiece": {"kind": "Q8_0", "tied": True, "sentencepiece": True},
    "F16": {"kind": "F16"},
    "BF16 tied": {"kind": "BF16", "tied": True},
    "long": {"kind": "Q8_0", "say": long_answer(250)},
}


def answers_of(folders: list[str]) -> list[dict[str, Any]]:
    script = str(Path(__file__).with_name("ask_runtime.py"))
    done = subprocess.run(
        [sys.executable, script, *folders],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "CI": "true"},
        timeout=120,
    )
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def test_the_tiny_model_says_its_sentence_one_token_a_word_and_stops(tmp_path: Path) -> None:
    answers = answers_of([str(tiny_model(tmp_path / name, **how)) for name, how in MODELS.items()])
    found = {
        name: (answer["text"].strip(), answer["tokens"], answer["finish"])
        for name, answer in zip(MODELS, answers, strict=True)
    }
    sentences = {name: how.get("say", SAY) for name, how in MODELS.items()}
    assert found == {name: (say, len(say.split()), "STOP") for name, say in sentences.items()}


def reference_answer(source: Path, folder: Path, words: int) -> str:
    """The first tokens that the numpy network puts after the question, each time the likeliest one."""
    tokenizer = pytest.importorskip("tokenizers").Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokens = list(tokenizer.get_vocab(with_added_tokens=True))
    tokens.sort(key=tokenizer.token_to_id)
    bos = "<s>" if "<0x00>" in tokens else ""  # SentencePiece models begin with it
    chat = f"{bos}<|im_start|>user\n{QUESTION}<|im_end|>\n<|im_start|>assistant\n"
    ids = tokenizer.encode(chat, add_special_tokens=False).ids
    start = len(ids)
    network = Reference(source)
    for _ in range(words):
        ids.append(int(network.logits(np.asarray(ids))[-1].argmax()))
    return "".join(spoken(tokens, number) for number in ids[start:])


def test_each_family_answers_as_its_reference_does(tmp_path: Path) -> None:
    for family in SHAPES:
        random_family(tmp_path / f"{family}.gguf", family)
        convert_gguf(tmp_path / f"{family}.gguf", tmp_path / family, accuracy_level=1)
    answers = answers_of([str(tmp_path / family) for family in SHAPES])
    expected = {family: reference_answer(tmp_path / f"{family}.gguf", tmp_path / family, 12) for family in SHAPES}
    found = {
        family: answer["text"].lstrip()[: len(expected[family])] for family, answer in zip(SHAPES, answers, strict=True)
    }
    assert found == expected
