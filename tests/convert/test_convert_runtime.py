"""Converted models through the real runtime: the tiny model says its sentence, whatever its weights are made of."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def test_the_tiny_model_says_its_sentence_one_token_a_word_and_stops(tmp_path: Path) -> None:
    folders = [str(tiny_model(tmp_path / name, **how)) for name, how in MODELS.items()]
    script = str(Path(__file__).with_name("ask_runtime.py"))
    done = subprocess.run(
        [sys.executable, script, *folders],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "CI": "true"},
        timeout=120,
    )
    answers = zip(MODELS, json.loads(done.stdout), strict=True)
    found = {name: (answer["text"].strip(), answer["tokens"], answer["finish"]) for name, answer in answers}
    sentences = {name: how.get("say", SAY) for name, how in MODELS.items()}
    assert found == {name: (say, len(say.split()), "STOP") for name, say in sentences.items()}
