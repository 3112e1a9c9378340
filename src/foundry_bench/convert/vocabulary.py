"""What a GGUF file says of its vocabulary: the tokens, and which of them have a role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from foundry_bench.convert.gguf_file import GgufFile

NORMAL: Final = 1  # this and the next are ggml's numbers for types of token
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
_WHOLE: Final = {_UNKNOWN, _CONTROL, _USER_DEFINED}  # recognised as a whole before the text is cut
_MAX_TOKEN: Final = 1024  # characters; the longest of real vocabularies is a run of 128 blanks
# The metadata name one end token or two; chat models may have more, which llama.cpp also finds by their text and takes
# for control tokens whatever the file says: Gemma's calls them user-defined.
_END_TEXTS: Final = (
    "<|im_end|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|end|>",
    "<|end_of_text|>",
    "<|endoftext|>",
    "<end_of_turn>",
)
# Phi-3's special tokens swallow the white space after them, save these; no key of the file says so.
_PHI3_PLAIN: Final = ("<unk>", "<s>", "<|endoftext|>")


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and their ggml types by id, and ids with a role: `ends` end an answer, the file's own end token first.

    `greedy` are those that swallow the white space after them.
    """

    tokens: Sequence[str]
    kinds: Sequence[int]
    ends: Sequence[int]
    pad: int
    bos: int | None
    greedy: Collection[int] = ()

    @property
    def bos_text(self) -> str | None:
        """The token that begins a text, if there is one."""
        return None if self.bos is None else self.tokens[self.bos]

    def added_tokens(self) -> list[dict[str, object]]:
        """The tokens recognised as a whole before the text is cut, as entries of tokenizer.json."""
        flags = dict.fromkeys(("single_word", "lstrip", "normalized"), False)
        return [
            {
                "id": number,
                "content": token,
                **flags,
                "rstrip": number in self.greedy,
                "special": kind != _USER_DEFINED,
            }
            for number, (token, kind) in enumerate(zip(self.tokens, self.kinds, strict=True))
            if kind in _WHOLE
        ]


def read_vocabulary(gguf: GgufFile, rows: int) -> Vocabulary:
    """The vocabulary of `gguf`, whose embedding has `rows` rows.

    Raises:
        ConvertError: it is missing, doesn't fit the embedding, or a role belongs to no token.
    """
    tokens = gguf.get_list("tokenizer.ggml.tokens", str)
    kinds = list(gguf.get_list("tokenizer.ggml.token_type", int))  # some are corrected below
    if not 0 < len(tokens) == len(kinds) <= rows:
        raise gguf.error(f"{len(tokens)} tokens, {len(kinds)} token types, {rows} embeddings; the file is damaged")
    if len(set(tokens)) != len(tokens) or max(map(len, tokens)) > _MAX_TOKEN:
        raise gguf.error(f"two tokens are alike, or one is longer than {_MAX_TOKEN} characters; the file is damaged")

    def role(name: str) -> int | None:
        number = gguf.get(f"tokenizer.ggml.{name}_token_id", int, -1)
        if number >= len(tokens):
            raise gguf.error(f"the {name} token is number {number} of {len(tokens)}; the file is damaged")
        return None if number < 0 else number

    ids = {token: number for number, token in enumerate(tokens)}
    by_text = [ids[text] for text in _END_TEXTS if text in ids]
    for number in by_text:
        kinds[number] = _CONTROL
    candidates = [role("eos"), role("eot"), role("eom"), *by_text]
    ends = list(dict.fromkeys(number for number in candidates if number is not None))
    if not ends:
        raise gguf.error("no token ends an answer; set tokenizer.ggml.eos_token_id in the file")
    pad = role("padding")
    return Vocabulary(tokens, kinds, ends, ends[0] if pad is None else pad, role("bos"), _greedy(gguf, tokens, kinds))


def _greedy(gguf: GgufFile, tokens: Sequence[str], kinds: Sequence[int]) -> set[int]:
    if (gguf.get("general.architecture", str), gguf.get("tokenizer.ggml.model", str, "")) != ("phi3", "llama"):
        return set()
    numbered = enumerate(zip(tokens, kinds, strict=True))
    return {number for number, (token, kind) in numbered if kind in _WHOLE and token not in _PHI3_PLAIN}
