"""From a GGUF file to a folder that ONNX Runtime GenAI loads, all of it or nothing."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Final

from foundry_bench.convert.attention import switches_frequencies
from foundry_bench.convert.decoder import Decoder
from foundry_bench.convert.errors import ConvertError
from foundry_bench.convert.gguf_file import GgufFile
from foundry_bench.convert.hyperparameters import read_hyperparameters
from foundry_bench.convert.onnx_writer import MODEL_FILE, OnnxWriter
from foundry_bench.convert.tokenizer import tokenizer_files
from foundry_bench.convert.vocabulary import read_vocabulary
from foundry_bench.convert.whole_folder import whole_or_nothing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from foundry_bench.convert.hyperparameters import Hyperparameters
    from foundry_bench.convert.vocabulary import Vocabulary

_ACCURACY_LEVELS: Final = range(5)


def write_folder(
    source: Path,
    out: Path,
    context: int | None,
    accuracy_level: int,
    progress: Callable[[str, float], None],
) -> str | None:
    """See `foundry_bench.convert.convert_gguf`."""
    if accuracy_level not in _ACCURACY_LEVELS:
        raise ConvertError(f"accuracy level {accuracy_level}; choose one of 0 to {_ACCURACY_LEVELS[-1]}")
    gguf = GgufFile(source)
    licence = gguf.get("general.license", str, "")
    sizes = read_hyperparameters(gguf, context)
    vocabulary = read_vocabulary(gguf, sizes.vocabulary)
    texts = tokenizer_files(gguf, vocabulary, sizes.context)
    # The one type for which GenAI reads a text anew when it outgrows the short rotary frequencies, at 4,096 tokens.
    kind = "phi3" if switches_frequencies(gguf) else "llama"
    texts["genai_config.json"] = json.dumps(_genai_config(kind, sizes, vocabulary), indent=2)
    with whole_or_nothing(out) as folder:
        for file_name, text in texts.items():
            (folder / file_name).write_text(text, encoding="utf-8", newline="\n")
        with closing(OnnxWriter(folder)) as writer:
            Decoder(gguf, sizes, writer, accuracy_level).write(lambda done: progress("weights", done))
    return licence or None


def _genai_config(kind: str, sizes: Hyperparameters, vocabulary: Vocabulary) -> dict[str, object]:
    """ONNX Runtime GenAI's description of the model; the KV buffer is as long as the context says."""
    decoder = {
        "session_options": {"provider_options": []},
        "filename": MODEL_FILE,
        "head_size": sizes.head_size,
        "hidden_size": sizes.hidden,
        "inputs": {
            "input_ids": "input_ids",
            "attention_mask": "attention_mask",
            "past_key_names": "past_key_values.%d.key",
            "past_value_names": "past_key_values.%d.value",
        },
        "outputs": {
            "logits": "logits",
            "present_key_names": "present.%d.key",
            "present_value_names": "present.%d.value",
        },
        "num_attention_heads": sizes.heads,
        "num_hidden_layers": sizes.layers,
        "num_key_value_heads": sizes.kv_heads,
    }
    return {
        "model": {
            "type": kind,
            "vocab_size": sizes.vocabulary,
            "context_length": sizes.context,
            "bos_token_id": vocabulary.ends[0] if vocabulary.bos is None else vocabulary.bos,
            "eos_token_id": list(vocabulary.ends),
            "pad_token_id": vocabulary.pad,
            "decoder": decoder,
        },
        "search": {"max_length": sizes.context, "past_present_share_buffer": True},
    }
