"""A GGUF container read through a memory map: metadata, tensor directory, views of the raw blocks.

Source of the format: the GGUF specification of the ggml project, versions 2 and 3. The file is untrusted: every
count, length, offset and size is held against the size of the file before it is used, so that a lying header costs
an error and never an allocation.
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar, cast

import numpy as np

from foundry_bench.convert.blocks import BlockType, block_type
from foundry_bench.convert.errors import ConvertError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from foundry_bench.convert.blocks import Bytes

Scalar: TypeAlias = bool | int | float | str
Value: TypeAlias = Scalar | list[Scalar]
_T = TypeVar("_T", bool, int, float, str)

_VERSIONS: Final = (2, 3)
_MAX_ITEMS: Final = 1 << 24  # of all arrays; the largest vocabularies have 2 ** 18 tokens, some with as many merges
_MAX_ENTRIES: Final = 1 << 16  # of the metadata, and of the tensors
_MAX_TEXT: Final = 1 << 26  # bytes; some files hold a whole tokenizer.json
_MAX_DIMENSIONS: Final = 4
_MAX_MESSAGE: Final = 500  # characters
_STRING: Final = 8
_ARRAY: Final = 9
_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_U64: Final = struct.Struct("<Q")


@dataclass(frozen=True)
class Tensor:
    """A tensor's place in the file: `columns` is the fastest dimension, `rows` the product of all others."""

    name: str
    kind: BlockType
    rows: int
    columns: int
    offset: int

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.columns // self.kind.elements * self.kind.size


class GgufFile:
    """An open GGUF file: `metadata` by key, `tensors` by name in the order of the file.

    Opening reads the directory only; a tensor's bytes are read when they are used.

    Raises:
        ConvertError: the file cannot be read, or is no whole little-endian GGUF of version 2 or 3.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:  # there is nothing to map
            raise ConvertError(f"{path}: is empty; fetch the file again") from error
        except OSError as error:
            raise ConvertError(f"{path}: cannot be read: {error.strerror}") from error
        self._position = 0
        self._items_left = _MAX_ITEMS
        self.tensors: Mapping[str, Tensor]
        self.metadata: Mapping[str, Value]
        tensor_count, pair_count = self._read_header()
        self.metadata = {self._string(): self._value(self._number("I")) for _ in range(pair_count)}
        directory = [self._read_tensor() for _ in range(tensor_count)]
        alignment = self.get("general.alignment", int, 32)
        if alignment < 1:
            raise self.error("general.alignment is not positive; the file is damaged")
        self._data = -(-self._position // alignment) * alignment
        self.tensors = {tensor.name: self._checked(tensor) for tensor in directory}

    def get(self, key: str, kind: type[_T], default: _T | None = None) -> _T:
        """The metadata value of `key`, an integer also where a float is asked for.

        Raises:
            ConvertError: the key is missing and has no default, or its value is of another type.
        """
        value = self.metadata.get(key, default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(f"metadata key {key} is {'missing' if value is None else f'no {kind.__name__}'}")
        return value

    def get_list(self, key: str, kind: type[_T]) -> list[_T]:
        """The metadata array of `key`; raises `ConvertError` if it is missing or holds another type."""
        values = self.metadata.get(key)
        if not isinstance(values, list) or not all(type(value) is kind for value in values):
            raise self.error(f"metadata key {key} is missing or no array of {kind.__name__}")
        return cast("list[_T]", values)

    def rows(self, name: str) -> Bytes:
        """The raw blocks of a tensor, (rows, bytes a row), without a copy."""
        tensor = self.tensors[name]
        flat = np.frombuffer(self._map, np.uint8, tensor.rows * tensor.row_bytes, self._data + tensor.offset)
        return flat.reshape(tensor.rows, tensor.row_bytes)

    def error(self, message: str) -> ConvertError:
        """`message` as an error about this file; words from the file in it can neither run on nor steer a terminal."""
        printable = "".join(character if character.isprintable() else "?" for character in message[:_MAX_MESSAGE])
        return ConvertError(f"{self.path}: {printable}")

    def _read_header(self) -> tuple[int, int]:
        if self._take(4) != b"GGUF":
            raise self.error("not a GGUF file (its first bytes are not 'GGUF')")
        version = self._number("I")
        if version not in _VERSIONS:
            if int.from_bytes(version.to_bytes(4, "little"), "big") in _VERSIONS:
                raise self.error("a big-endian GGUF; download the little-endian one")
            raise self.error(f"GGUF version {version} is not supported; supported: 2 and 3")
        counts = self._number("Q"), self._number("Q")
        if max(counts) > _MAX_ENTRIES:
            raise self.error(f"{counts[0]:,} tensors and {counts[1]:,} metadata keys; the file is damaged")
        return counts

    def _read_tensor(self) -> Tensor:
        name = self._string()
        dimension_count = self._number("I")
        if not 1 <= dimension_count <= _MAX_DIMENSIONS:
            raise self.error(f"tensor {name}: {dimension_count} dimensions; the file is damaged")
        columns, *others = (self._number("Q") for _ in range(dimension_count))
        try:
            kind = block_type(self._number("I"))
        except ConvertError as error:
            raise self.error(f"tensor {name}: {error}") from error
        return Tensor(name, kind, math.prod(others), columns, self._number("Q"))

    def _checked(self, tensor: Tensor) -> Tensor:
        if tensor.rows < 1 or tensor.columns < 1 or tensor.columns % tensor.kind.elements:
            shape = f"{tensor.rows} rows of {tensor.columns}"
            raise self.error(f"tensor {tensor.name}: {shape} cannot be of type {tensor.kind.name}; the file is damaged")
        end = self._data + tensor.offset + tensor.rows * tensor.row_bytes
        if end > len(self._map):
            raise self._truncated(f"tensor {tensor.name} ends", end)
        return tensor

    def _truncated(self, what: str, end: int) -> ConvertError:
        return self.error(f"truncated: {what} at byte {end:,} of {len(self._map):,}; download it again")

    def _take(self, size: int) -> bytes:
        start, end = self._position, self._position + size
        if end > len(self._map):
            raise self._truncated("the header goes on", end)
        self._position = end
        return self._map[start:end]

    def _number(self, code: str) -> int:
        number: int = struct.unpack("<" + code, self._take(struct.calcsize("<" + code)))[0]
        return number

    def _string(self) -> str:
        size = _U64.unpack(self._take(8))[0]
        if size > _MAX_TEXT:
            raise self.error(f"a text of {size:,} bytes at byte {self._position:,}; the file is damaged")
        try:
            return self._take(size).decode()
        except UnicodeDecodeError as error:
            raise self.error(f"text before byte {self._position:,} is not UTF-8; the file is damaged") from error

    def _value(self, kind: int) -> Value:
        if kind == _ARRAY:
            return self._values(self._number("I"), self._number("Q"))
        return self._values(kind, 1)[0]

    def _values(self, kind: int, count: int) -> list[Scalar]:
        self._items_left -= count
        if self._items_left < 0:
            raise self.error(f"an array of {count:,} items before byte {self._position:,}; the file is damaged")
        if kind == _STRING:
            return [self._string() for _ in range(count)]
        if kind not in _NUMBERS:
            raise self.error(f"metadata type {kind} before byte {self._position:,} is unknown")
        layout = struct.Struct(f"<{count}{_NUMBERS[kind]}")
        return list(layout.unpack(self._take(layout.size)))
