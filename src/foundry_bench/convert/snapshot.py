"""A local snapshot of a Hugging Face model, checked without running or loading any of it.

Source of the weights' form: the safetensors specification; its header is JSON behind its length in eight bytes. The
files are untrusted: lengths are held against the size of the file before they are used.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from foundry_bench.convert.errors import ConvertError

if TYPE_CHECKING:
    from pathlib import Path

_MAX_CONFIG: Final = 1 << 20  # bytes
_MAX_INDEX: Final = 1 << 24
_MAX_HEADER: Final = 100_000_000  # the specification's own
_LENGTH: Final = struct.Struct("<Q")


@dataclass(frozen=True)
class Snapshot:
    """What a snapshot says of itself: `parameters` counts all weights, `largest` those of its largest tensor."""

    layers: int
    parameters: int
    largest: int
    license: str | None


def read_snapshot(folder: Path) -> Snapshot:
    """What the snapshot in `folder` holds.

    Raises:
        ConvertError: a file is missing, truncated or damaged, or the weights are in a form that can run code.
    """
    config = _read_json(folder / "config.json", _MAX_CONFIG)
    architectures, layers = config.get("architectures"), config.get("num_hidden_layers")
    if not (isinstance(architectures, list) and architectures and isinstance(architectures[0], str)):
        raise ConvertError(f"{folder / 'config.json'}: names no architectures; is this a whole model?")
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        pickled = any(folder.glob("*.bin")) or any(folder.glob("*.pt*"))
        mend = "; weights in pickle form can run code: take the safetensors" if pickled else "; download the weights"
        raise ConvertError(f"{folder}: no .safetensors files{mend}")
    if not any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer.model")):
        raise ConvertError(f"{folder}: no tokenizer.json and no tokenizer.model; download the tokenizer too")
    _check_shards(folder)
    counts = [count for file in files for count in _tensor_sizes(file)]
    return Snapshot(
        layers=layers if type(layers) is int and layers > 0 else 1,
        parameters=sum(counts),
        largest=max(counts, default=0),
        license=_license(folder / "README.md"),
    )


def _check_shards(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return
    names = _read_json(index, _MAX_INDEX).get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise ConvertError(f"{index}: no weight_map in it; download it again")
    here = {file.name for file in folder.iterdir()}
    missing = sorted(set(names.values()) - here)
    if missing:
        raise ConvertError(f"{folder}: {len(missing)} of its weight files are missing, {missing[0]!r} among them")


def _tensor_sizes(file: Path) -> list[int]:
    """How many numbers each tensor of `file` has."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        start = stream.read(_LENGTH.size)
        length = _LENGTH.unpack(start)[0] if len(start) == _LENGTH.size else 0
        if not 0 < length <= min(_MAX_HEADER, size - _LENGTH.size):
            raise ConvertError(f"{file}: not a safetensors file, or truncated; download it again")
        header = _parsed(file, stream.read(length))
    sizes, end = [], 0
    try:
        for name, tensor in header.items():
            if name != "__metadata__":
                sizes.append(math.prod(tensor["shape"]))
                end = max(end, tensor["data_offsets"][1])
        whole = all(type(count) is int and count >= 0 for count in (*sizes, end))
    except (TypeError, KeyError, IndexError) as error:
        raise ConvertError(f"{file}: its header is damaged; download it again") from error
    if not whole or _LENGTH.size + length + end > size:
        raise ConvertError(f"{file}: truncated: {size:,} bytes are fewer than its tensors need; download it again")
    return sizes


def _read_json(file: Path, most: int) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            content = stream.read(most + 1)
    except OSError as error:
        raise ConvertError(f"{file}: cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise ConvertError(f"{file}: larger than {most:,} bytes; this is no such file of a model")
    return _parsed(file, content)


def _parsed(file: Path, content: bytes) -> dict[str, Any]:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ConvertError(f"{file}: not JSON; download it again") from error
    if not isinstance(value, dict):
        raise ConvertError(f"{file}: not a JSON object; download it again")
    return value


def _license(card: Path) -> str | None:
    """The `license:` line of a model card's front matter."""
    try:
        with card.open(encoding="utf-8", errors="replace") as stream:
            lines = stream.read(_MAX_CONFIG).splitlines()
    except OSError:
        return None
    if not lines or lines[0].strip() != "---":
        return None
    for line in lines[1:]:
        key, _, value = line.partition(":")
        if line.strip() == "---":
            break
        if key == "license" and value.strip():
            return value.strip().strip("'\"")[:100]
    return None
