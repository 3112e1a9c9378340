"""The folder as a whole: what it says of itself, chat templates, how it comes to be."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from foundry_bench.convert import ConvertError, convert_gguf
from tiny import CHAT_TEMPLATE, SAY, base_tokens, random_network, tiny_gguf, write_gguf

if TYPE_CHECKING:
    from pathlib import Path


def converted(folder: Path, metadata: dict[str, Any], tokens: list[str] | None = None) -> Path:
    tokens = tokens or base_tokens(sentencepiece=False)
    tensors = random_network(np.random.default_rng(0), 64, 96, 0.1)
    tensors["token_embd.weight"] = np.ones((len(tokens), 64), np.float32)
    write_gguf(folder / "model.gguf", tensors, tokens, metadata=metadata)
    convert_gguf(folder / "model.gguf", folder / "out")
    return folder / "out"


def genai_config(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "genai_config.json").read_text())
    return content


def test_a_conversion_tells_what_it_did(tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "tiny.gguf", SAY, kind="Q4_1")
    heard: list[tuple[str, float]] = []
    licence = convert_gguf(
        tmp_path / "tiny.gguf", tmp_path / "out", context=256, progress=lambda stage, done: heard.append((stage, done))
    )
    assert licence == "mit"
    assert heard == [("weights", 0.5), ("weights", 1.0)]
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "chat_template.jinja",
        "genai_config.json",
        "model.onnx",
        "model.onnx.data",
        "tokenizer.json",
        "tokenizer_config.json",
    }


@pytest.mark.parametrize(("context", "expected"), [(None, 4096), (100, 100), (9999, 4096)])
def test_the_context_is_capped(tmp_path: Path, context: int | None, expected: int) -> None:
    tiny_gguf(tmp_path / "tiny.gguf")
    convert_gguf(tmp_path / "tiny.gguf", tmp_path / "out", context=context)
    config = genai_config(tmp_path / "out")
    assert (config["model"]["context_length"], config["search"]["max_length"]) == (expected, expected)


def test_an_existing_folder_is_left_alone(tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "tiny.gguf")
    (tmp_path / "out").mkdir()
    with pytest.raises(ConvertError, match="out: exists already; remove it"):
        convert_gguf(tmp_path / "tiny.gguf", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    tiny_gguf(tmp_path / "tiny.gguf")
    with pytest.raises(ConvertError, match="cannot be written"):
        convert_gguf(tmp_path / "tiny.gguf", tmp_path / "missing" / "out")


@pytest.mark.parametrize("failure", [OSError("disk full"), KeyboardInterrupt()])
def test_an_interrupted_conversion_leaves_nothing(tmp_path: Path, failure: BaseException) -> None:
    tiny_gguf(tmp_path / "tiny.gguf")
    before = set(tmp_path.iterdir())

    def fail(_stage: str, _done: float) -> None:
        raise failure

    with pytest.raises((ConvertError, KeyboardInterrupt)):
        convert_gguf(tmp_path / "tiny.gguf", tmp_path / "out", progress=fail)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("level", [-1, 5])
def test_an_accuracy_level_there_is_not_is_refused(tmp_path: Path, level: int) -> None:
    with pytest.raises(ConvertError, match=f"accuracy level {level}; choose one of 0 to 4"):
        convert_gguf(tmp_path / "tiny.gguf", tmp_path / "out", accuracy_level=level)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("foundry_bench.convert.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match=r"onnx is not installed; pip install 'foundry-bench\[import\]'"):
        convert_gguf(tmp_path / "tiny.gguf", tmp_path / "out")


def test_importing_the_package_imports_no_library() -> None:
    code = "import sys, foundry_bench.convert; print({'numpy', 'onnx', 'gguf'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_token_that_ends_an_answer_is_listed_once_the_own_one_first(tmp_path: Path) -> None:
    tokens = base_tokens(sentencepiece=False)
    unknown, _, start, end = range(4)
    config = genai_config(
        converted(tmp_path, {"tokenizer.ggml.eos_token_id": start, "tokenizer.ggml.eot_token_id": unknown})
    )
    assert config["model"]["eos_token_id"] == [start, unknown, end]
    assert config["model"]["pad_token_id"] == start
    assert config["model"]["vocab_size"] == len(tokens)


def test_a_file_without_a_begin_token_gets_its_end_token_there(tmp_path: Path) -> None:
    config = genai_config(converted(tmp_path, {"tokenizer.ggml.bos_token_id": None}))
    assert config["model"]["bos_token_id"] == 3


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({}, CHAT_TEMPLATE),
        ({"tokenizer.ggml.add_bos_token": True}, "{{ bos_token }}" + CHAT_TEMPLATE),
        ({"tokenizer.ggml.pre": "llama-bpe"}, "{{ bos_token }}" + CHAT_TEMPLATE),
        ({"tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.add_bos_token": False}, CHAT_TEMPLATE),
        ({"tokenizer.ggml.add_bos_token": True, "tokenizer.ggml.bos_token_id": None}, CHAT_TEMPLATE),
        ({"tokenizer.ggml.add_bos_token": True, "tokenizer.chat_template": "{{ bos_token }}hi"}, "{{ bos_token }}hi"),
        ({"tokenizer.ggml.add_bos_token": True, "tokenizer.chat_template": "<s>hi"}, "<s>hi"),
    ],
)
def test_the_chat_template_writes_the_begin_token_once(tmp_path: Path, metadata: dict[str, Any], expected: str) -> None:
    assert (converted(tmp_path, metadata) / "chat_template.jinja").read_text() == expected


def test_without_a_template_chatml_is_used_where_its_tokens_exist(tmp_path: Path) -> None:
    template = (converted(tmp_path, {"tokenizer.chat_template": None}) / "chat_template.jinja").read_text()
    assert template == CHAT_TEMPLATE.replace("\n", "\\n")


def test_without_a_template_and_chatml_tokens_the_file_is_refused(tmp_path: Path) -> None:
    tokens = ["<user>" if token == "<|im_start|>" else token for token in base_tokens(sentencepiece=False)]
    with pytest.raises(ConvertError, match="no chat template; take the instruct version"):
        converted(tmp_path, {"tokenizer.chat_template": None}, tokens)


def test_two_tokens_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConvertError, match="two tokens are alike"):
        converted(tmp_path, {}, [*base_tokens(sentencepiece=False), "<s>"])
