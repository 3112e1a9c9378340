"""The real model the proofs run on, and its conversions."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from foundry_bench.convert import convert_gguf

if TYPE_CHECKING:
    from collections.abc import Callable

_VARIABLE = "FOUNDRY_BENCH_SMOLLM2_GGUF"


@pytest.fixture(scope="session")
def smollm2_gguf() -> Path:
    """SmolLM2-135M-Instruct as Q4_1, the demo's weights."""
    path = os.environ.get(_VARIABLE)
    if not path:
        pytest.skip(f"{_VARIABLE} names no SmolLM2-135M-Instruct.Q4_1.gguf")
    return Path(path)


@pytest.fixture(scope="session")
def smollm2_folder(smollm2_gguf: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """SmolLM2 converted at an accuracy level, once a session."""
    made: dict[int, Path] = {}

    def folder(accuracy_level: int) -> Path:
        if accuracy_level not in made:
            out = tmp_path_factory.mktemp("smollm2") / f"level-{accuracy_level}"
            convert_gguf(smollm2_gguf, out, context=2048, accuracy_level=accuracy_level)
            made[accuracy_level] = out
        return made[accuracy_level]

    return folder


@pytest.fixture(scope="session")
def llama_cpp_tokens() -> dict[str, Any]:
    """Texts and the ids llama.cpp gives them; the file says how they were made."""
    content: dict[str, Any] = json.loads(Path(__file__).with_name("llama_cpp_tokens.json").read_text(encoding="utf-8"))
    return content
