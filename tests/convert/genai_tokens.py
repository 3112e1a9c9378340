"""Tokenises with ONNX Runtime GenAI's C interface, in a process of its own: FOLDER, texts as JSON in, ids as JSON out.

The SDK offers no way to see token ids. The functions used are those of the public header `ort_genai_c.h`.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import sys
from pathlib import Path
from typing import Final

_LIBRARIES: Final = (
    ("onnxruntime", "capi", "*onnxruntime.*"),
    ("onnxruntime_genai_core", "bin", "*onnxruntime-genai.*"),
)
_HANDLE: Final = ctypes.c_void_p


def load_genai() -> ctypes.CDLL:
    """The GenAI library that the SDK uses, its onnxruntime loaded first."""
    for package, folder, pattern in _LIBRARIES:
        spec = importlib.util.find_spec(package)
        if spec is None or spec.origin is None:
            raise ImportError(package)
        (file,) = (path for path in Path(spec.origin).parent.glob(f"{folder}/{pattern}") if path.suffix != ".lib")
        library = ctypes.CDLL(str(file), mode=ctypes.RTLD_GLOBAL)
    library.OgaResultGetError.restype = ctypes.c_char_p
    library.OgaSequencesGetSequenceCount.restype = ctypes.c_size_t
    library.OgaSequencesGetSequenceData.restype = ctypes.POINTER(ctypes.c_int32)
    return library


class Tokenizer:
    """The tokenizer of a model folder."""

    def __init__(self, folder: str) -> None:
        self._library = load_genai()
        model = self._made("OgaCreateModel", folder.encode())
        self._tokenizer = self._made("OgaCreateTokenizer", model)

    def ids(self, text: str) -> list[int]:
        """The token ids of `text`, which holds no NUL."""
        sequences = self._made("OgaCreateSequences")
        self._call("OgaTokenizerEncode", self._tokenizer, text.encode(), sequences)
        count = self._library.OgaSequencesGetSequenceCount(sequences, ctypes.c_size_t(0))
        data = self._library.OgaSequencesGetSequenceData(sequences, ctypes.c_size_t(0))
        return list(data[:count])

    def _made(self, name: str, *arguments: object) -> ctypes.c_void_p:
        handle = _HANDLE()
        self._call(name, *arguments, ctypes.byref(handle))
        return handle

    def _call(self, name: str, *arguments: object) -> None:
        function = getattr(self._library, name)
        function.restype = _HANDLE
        result = function(*arguments)
        if result:
            raise RuntimeError(self._library.OgaResultGetError(_HANDLE(result)).decode())


if __name__ == "__main__":
    tokenizer = Tokenizer(sys.argv[1])
    json.dump([tokenizer.ids(text) for text in json.load(sys.stdin)], sys.stdout)
