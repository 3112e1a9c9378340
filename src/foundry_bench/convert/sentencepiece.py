"""SentencePiece BPE vocabularies (`tokenizer.ggml.model` = llama) in the terms of tokenizer.json.

Source of the rules: llama.cpp's `llama-vocab.cpp`, which merges the neighbours whose joint token has the highest score.
Here each way to halve a token is a merge, ranked by that score; bytes stand in for what no token covers.
GenAI 0.18 departs from llama.cpp in one corner: it cuts a run of more than 100 characters without a blank.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from foundry_bench.convert.vocabulary import NORMAL

if TYPE_CHECKING:
    from foundry_bench.convert.gguf_file import GgufFile
    from foundry_bench.convert.vocabulary import Vocabulary

# GenAI cuts the text of every other class by an expression that SentencePiece doesn't know.
TOKENIZER_CLASS: Final = "GemmaTokenizer"
_BLANK: Final = "\u2581"


def sentencepiece_parts(gguf: GgufFile, vocabulary: Vocabulary) -> dict[str, object]:
    """The parts of tokenizer.json that make a SentencePiece tokenizer; raises `ConvertError` if scores are missing."""
    scores = gguf.get_list("tokenizer.ggml.scores", float)
    if len(scores) != len(vocabulary.tokens):
        raise gguf.error(f"{len(vocabulary.tokens)} tokens and {len(scores)} scores; the file is damaged")
    normalizers: list[dict[str, object]] = [{"type": "Replace", "pattern": {"String": " "}, "content": _BLANK}]
    decoders: list[dict[str, object]] = [
        {"type": "Replace", "pattern": {"String": _BLANK}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
    ]
    if gguf.get("tokenizer.ggml.add_space_prefix", bool, default=True):
        normalizers.insert(0, {"type": "Prepend", "prepend": _BLANK})
        decoders.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return {
        "normalizer": {"type": "Sequence", "normalizers": normalizers},
        "pre_tokenizer": None,
        "decoder": {"type": "Sequence", "decoders": decoders},
        "model": {
            "type": "BPE",
            "byte_fallback": True,
            "fuse_unk": True,
            "vocab": {token: number for number, token in enumerate(vocabulary.tokens)},
            "merges": _merges(vocabulary, scores),
        },
    }


def _merges(vocabulary: Vocabulary, scores: list[float]) -> list[list[str]]:
    """All pairs of tokens whose concatenation is a token, the highest score of that token first."""
    ids = {token: number for number, token in enumerate(vocabulary.tokens) if vocabulary.kinds[number] == NORMAL}
    merges = []
    for token in sorted(ids, key=lambda token: -scores[ids[token]]):
        halves = ((token[:cut], token[cut:]) for cut in range(1, len(token)))
        pairs = [(ids[left], ids[right]) for left, right in halves if left in ids and right in ids]
        merges += [[vocabulary.tokens[left], vocabulary.tokens[right]] for left, right in sorted(pairs)]
    return merges
