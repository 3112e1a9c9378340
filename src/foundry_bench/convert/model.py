"""What a finished conversion tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ConvertedModel:
    """A converted model: `name` and `license` as its file has them, `context_length` in tokens as written.

    `tensor_types` counts the file's tensors by ggml type; `license` is None where the file names none.
    """

    name: str
    architecture: str
    layers: int
    context_length: int
    license: str | None
    tensor_types: Mapping[str, int]
    bytes_written: int
