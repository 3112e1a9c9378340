"""Byte-level BPE vocabularies (`tokenizer.ggml.model` = gpt2) in the terms of tokenizer.json.

Source of the expressions: llama.cpp's `llama-vocab.cpp`, which knows them by the name in `tokenizer.ggml.pre`; written
here as GenAI's matchers know them. GenAI 0.18 departs from llama.cpp in one corner: the expressions of the Llama 3
kind end a run of white space at its first line break, not its last, when blanks stand between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from foundry_bench.convert.gguf_file import GgufFile
    from foundry_bench.convert.vocabulary import Vocabulary

_GPT2: Final = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_LLAMA3: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_TEKKEN: Final = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_GPT4O: Final = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Splitting:
    """How text is cut before merging: by `expressions`, one after the other.

    `whole_words`: a piece that is a token is taken whole, whatever the merges say. `adds_bos`: the token that begins
    a text is added unless the file says otherwise.
    """

    expressions: tuple[str, ...]
    whole_words: bool = False
    adds_bos: bool = False


_SINGLE_DIGITS: Final = Splitting((r"\p{N}", _GPT2))
_LLAMA_BPE: Final = Splitting((_LLAMA3,), whole_words=True, adds_bos=True)
_QWEN: Final = Splitting((_LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}"),))
_SPLITTINGS: Final = {
    "gpt-2": Splitting((_GPT2,)),
    "smollm": _SINGLE_DIGITS,
    "starcoder": _SINGLE_DIGITS,
    "refact": _SINGLE_DIGITS,
    "llama-bpe": _LLAMA_BPE,
    "llama-v3": _LLAMA_BPE,
    "llama3": _LLAMA_BPE,
    "dbrx": Splitting((_LLAMA3,)),  # Phi-4
    "gpt-4o": Splitting((_GPT4O,)),  # Phi-4-mini
    "qwen2": _QWEN,
    "deepseek-r1-qwen": _QWEN,
    "tekken": Splitting((_TEKKEN,), whole_words=True, adds_bos=True),
}


def find_splitting(gguf: GgufFile) -> Splitting:
    """The splitting that `gguf` names; raises `ConvertError` for one that GenAI is not known to do alike."""
    name = gguf.get("tokenizer.ggml.pre", str, "default")
    if name not in _SPLITTINGS:
        raise gguf.error(f"pre-tokenizer '{name}' is not supported yet; supported: {', '.join(_SPLITTINGS)}")
    return _SPLITTINGS[name]


def byte_level_parts(gguf: GgufFile, vocabulary: Vocabulary, splitting: Splitting) -> dict[str, object]:
    """The parts of tokenizer.json that make a byte-level tokenizer; raises `ConvertError` if the merges are damaged."""
    merges = [merge.split(" ", 1) for merge in gguf.get_list("tokenizer.ggml.merges", str)]
    if any(len(merge) != 2 for merge in merges):
        raise gguf.error("a merge of tokenizer.ggml.merges is no pair; the file is damaged")
    cuts: list[dict[str, object]] = [
        {"type": "Split", "pattern": {"Regex": expression}, "behavior": "Isolated", "invert": False}
        for expression in splitting.expressions
    ]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "normalizer": None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [*cuts, byte_level]},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "byte_fallback": False,
            "ignore_merges": splitting.whole_words,
            "vocab": {token: number for number, token in enumerate(vocabulary.tokens)},
            "merges": merges,
        },
    }
