"""The tokenizer files of a model folder, made from a GGUF file's own metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from foundry_bench.convert.byte_level import byte_level_parts, find_splitting
from foundry_bench.convert.sentencepiece import TOKENIZER_CLASS, sentencepiece_parts

if TYPE_CHECKING:
    from foundry_bench.convert.gguf_file import GgufFile
    from foundry_bench.convert.vocabulary import Vocabulary

_CHATML: Final = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def tokenizer_files(gguf: GgufFile, vocabulary: Vocabulary, context: int) -> dict[str, str]:
    """The text of tokenizer.json, tokenizer_config.json and chat_template.jinja, by file name.

    Raises:
        ConvertError: a tokenizer that is not known to come out right, or no chat template to be had.
    """
    model = gguf.get("tokenizer.ggml.model", str)
    if model == "gpt2":
        splitting = find_splitting(gguf)
        parts, adds_bos = byte_level_parts(gguf, vocabulary, splitting), splitting.adds_bos
    elif model == "llama":
        parts, adds_bos = sentencepiece_parts(gguf, vocabulary), True
    else:
        raise gguf.error(f"tokenizer '{model}' is not supported yet; supported: gpt2, llama")
    template = _chat_template(gguf, vocabulary)
    if gguf.get("tokenizer.ggml.add_bos_token", bool, adds_bos):
        template = _with_bos(template, vocabulary.bos_text)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast" if model == "gpt2" else TOKENIZER_CLASS,
        "bos_token": vocabulary.bos_text,
        "eos_token": vocabulary.tokens[vocabulary.ends[0]],
        "pad_token": vocabulary.tokens[vocabulary.pad],
        "add_bos_token": False,  # the chat template writes it, and a second one would be wrong
        "clean_up_tokenization_spaces": False,
        "model_max_length": context,
    }
    tokenizer = {"version": "1.0", "added_tokens": vocabulary.added_tokens(), "post_processor": None, **parts}
    return {
        "tokenizer.json": json.dumps(tokenizer, ensure_ascii=False),
        "tokenizer_config.json": json.dumps(config, ensure_ascii=False, indent=2),
        "chat_template.jinja": template,
    }


def _chat_template(gguf: GgufFile, vocabulary: Vocabulary) -> str:
    """The file's own template; ChatML for a file without one whose vocabulary has ChatML's tokens."""
    template = gguf.get("tokenizer.chat_template", str, "")
    if template:
        return template
    if {"<|im_start|>", "<|im_end|>"} <= set(vocabulary.tokens):
        return _CHATML
    raise gguf.error("no chat template; take the instruct version of the model, or set tokenizer.chat_template")


def _with_bos(template: str, bos: str | None) -> str:
    """The template with the token that begins a text, which GenAI doesn't add by itself."""
    if bos is None or bos in template or "bos_token" in template:
        return template
    return "{{ bos_token }}" + template
