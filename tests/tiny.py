"""Tiny Llama models for tests: real files for the real runtime, written in well under a second.

The known-answer model says one sentence, one token a word, and stops. Each token has an axis of its own in the residual
stream; the last feed-forward layer moves a token's axis to that of the word after it, and attention adds a little
noise that a greedy choice doesn't hear.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from gguf import GGMLQuantizationType, GGUFValueType, GGUFWriter, TokenType
from gguf.quants import quantize

from foundry_bench.convert import convert_gguf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

SAY: Final = (
    "Every word of this sentence is one token so a test can count them, "
    "know when each should come and see that nothing was lost"
)
CHAT_TEMPLATE: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
HEADS, KV_HEADS, HEAD_SIZE, LAYERS = 4, 2, 16, 2
_SPECIAL: Final = ("<unk>", "<s>", "<|im_start|>", "<|im_end|>")
_NOISE: Final = 0.02


def long_answer(words: int) -> str:
    """So many different words of two syllables, at most 10,000."""
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvwz", "aeiouy")]
    return " ".join(map("".join, itertools.islice(itertools.product(syllables, syllables), words)))


def tiny_model(
    out: Path, say: str = SAY, *, kind: str = "Q8_0", tied: bool = False, sentencepiece: bool = False
) -> Path:
    """The known-answer model as the ONNX Runtime GenAI folder `out`, which it returns; see `tiny_gguf`."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "tiny.gguf")
        tiny_gguf(source, say, kind=kind, tied=tied, sentencepiece=sentencepiece)
        convert_gguf(source, out)
    return out


def tiny_gguf(
    path: Path, say: str = SAY, *, kind: str = "Q8_0", tied: bool = False, sentencepiece: bool = False
) -> None:
    """A model whose greedy answer to any chat is `say`, all of whose words must differ.

    `kind` is the ggml type of all matrices. `tied` leaves the output matrix to the embedding; `sentencepiece` gives the
    vocabulary that form instead of byte-level BPE.
    """
    first, *others = say.split()
    blank = "\u2581" if sentencepiece else "\u0120"
    words = [blank + first if sentencepiece else first, *(blank + word for word in others)]
    if len(set(words)) != len(words):
        raise ValueError("each word must be different from all others")
    base = base_tokens(sentencepiece=sentencepiece)
    size = -(-(len(base) + len(words)) // 32) * 32  # blocks have 32 columns
    ids = range(len(base), len(base) + len(words))
    after = np.full(size, ids[0])
    after[ids] = [*ids[1:], _SPECIAL.index("<|im_end|>")]
    rng = np.random.default_rng(0)
    tensors = random_network(rng, size, size, _NOISE)
    axes = np.eye(size, dtype=np.float32)
    known = axes[: len(base) + len(words)]  # llama.cpp wants a row for each token and none besides
    last = f"blk.{LAYERS - 1}.ffn"
    tensors |= {
        "token_embd.weight": known * 8,
        f"{last}_gate.weight": axes,
        f"{last}_up.weight": axes,
        f"{last}_down.weight": axes[after].T.copy(),
    }
    if not tied:
        tensors["output.weight"] = known
    write_gguf(path, tensors, [*base, *words], kind=kind, sentencepiece=sentencepiece)


def base_tokens(*, sentencepiece: bool) -> list[str]:
    """The special tokens, the 256 bytes, and the one merge that a byte-level vocabulary must have."""
    if sentencepiece:
        return [*_SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581"]
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    stand_in = {byte: chr(byte) for byte in printable} | {byte: chr(256 + n) for n, byte in enumerate(others)}
    return [*_SPECIAL, *(stand_in[byte] for byte in range(256)), "\u0120\u0120"]


def random_network(rng: np.random.Generator, hidden: int, feed_forward: int, scale: float) -> dict[str, Floats]:
    """The tensors of all layers, normal with deviation `scale`, and gains of one; (rows, columns)."""
    width, kv_width = HEADS * HEAD_SIZE, KV_HEADS * HEAD_SIZE
    shapes = {
        "attn_q": (width, hidden),
        "attn_k": (kv_width, hidden),
        "attn_v": (kv_width, hidden),
        "attn_output": (hidden, width),
        "ffn_gate": (feed_forward, hidden),
        "ffn_up": (feed_forward, hidden),
        "ffn_down": (hidden, feed_forward),
    }
    tensors = {"output_norm.weight": np.ones(hidden, np.float32)}
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            tensors[f"blk.{layer}.{name}.weight"] = rng.normal(0, scale, shape).astype(np.float32)
        for name in ("attn_norm", "ffn_norm"):
            tensors[f"blk.{layer}.{name}.weight"] = np.ones(hidden, np.float32)
    return tensors


def write_gguf(
    path: Path,
    tensors: Mapping[str, Floats],
    tokens: Sequence[str],
    *,
    kind: str = "F32",
    sentencepiece: bool = False,
    metadata: Mapping[str, str | float | bool | list[int] | None] | None = None,
) -> None:
    """A Llama file of these tensors, its matrices as `kind` and its vectors as F32.

    `metadata` adds or changes pairs; None takes one away.
    """
    writer = GGUFWriter(path, "llama")
    hidden = len(tensors["output_norm.weight"])
    writer.add_name("Tiny")
    writer.add_license("mit")
    writer.add_block_count(LAYERS)
    writer.add_context_length(4096)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(len(tensors["blk.0.ffn_gate.weight"]))
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-5)
    write_tokenizer(writer, tokens, sentencepiece=sentencepiece)
    for key, value in (metadata or {}).items():
        if value is None:
            del writer.kv_data[0][key]
        else:
            writer.add_key_value(key, value, GGUFValueType.get_type(value))
    write_tensors(writer, tensors, kind)


def write_tokenizer(writer: GGUFWriter, tokens: Sequence[str], *, sentencepiece: bool) -> None:
    """A tokenizer without merges that matter, which begins with the special tokens and ends a turn with the last."""
    writer.add_tokenizer_model("llama" if sentencepiece else "gpt2")
    writer.add_tokenizer_pre("default" if sentencepiece else "gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([token_type(token) for token in tokens])
    if sentencepiece:
        writer.add_token_scores([-float(number) for number in range(len(tokens))])
    else:
        writer.add_token_merges(["\u0120 \u0120"])
    writer.add_bos_token_id(_SPECIAL.index("<s>"))
    writer.add_eos_token_id(_SPECIAL.index("<|im_end|>"))
    writer.add_chat_template(CHAT_TEMPLATE)


def write_tensors(writer: GGUFWriter, tensors: Mapping[str, Floats], kind: str) -> None:
    """The matrices as `kind`, all else as F32; then the file is whole."""
    for name, values in tensors.items():
        dtype = GGMLQuantizationType[kind if values.ndim > 1 else "F32"]
        writer.add_tensor(name, quantize(values, dtype), raw_dtype=dtype)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def token_type(token: str) -> TokenType:
    """What kind of token it is by its text."""
    if token in _SPECIAL:
        return TokenType.CONTROL
    return TokenType.BYTE if token.startswith("<0x") else TokenType.NORMAL
