"""A tokenizer of words, for tools that want one: nothing is downloaded."""

import json
from pathlib import Path
from typing import Any

from peer.tool import PROMPT

TOKENIZER = "reference/words"


def write_tokenizer(folder: Path) -> Path:
    """A folder with a tokenizer that splits at white space, in the ``tokenizers`` library's format.

    It stands where the Hugging Face libraries keep what they have downloaded, so it is found by name as well.
    """
    cached = folder / ".cache" / "huggingface" / "hub" / f"models--{TOKENIZER.replace('/', '--')}"
    home = cached / "snapshots" / "1"
    home.mkdir(parents=True)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text("1", "utf-8")
    words = ["[UNK]", *dict.fromkeys(PROMPT.split()), *(f"w{n}" for n in range(4096))]
    model = {"type": "WordLevel", "vocab": {word: n for n, word in enumerate(words)}, "unk_token": "[UNK]"}
    parts = dict.fromkeys(("truncation", "padding", "normalizer", "post_processor", "decoder"))
    document: dict[str, Any] = {
        "version": "1.0",
        **parts,
        "added_tokens": [],
        "pre_tokenizer": {"type": "WhitespaceSplit"},
    }
    (home / "tokenizer.json").write_text(json.dumps({**document, "model": model}), "utf-8")
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]", "model_max_length": 1 << 20}
    (home / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")
    (home / "config.json").write_text(json.dumps({"model_type": "llama"}), "utf-8")
    return home
