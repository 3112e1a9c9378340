"""An ONNX graph under construction, its weights streamed to a data file beside it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

MODEL_FILE: Final = "model.onnx"
DATA_FILE: Final = "model.onnx.data"
CONTRIB: Final = "com.microsoft"
_PAGE: Final = 4096  # the ONNX specification's advice for data that is mapped into memory
_ELEMENT_TYPES: Final = {
    np.dtype(np.float32): TensorProto.FLOAT,
    np.dtype(np.float16): TensorProto.FLOAT16,
    np.dtype(np.uint16): TensorProto.BFLOAT16,  # numpy has no bfloat16: these are its bits
    np.dtype(np.uint8): TensorProto.UINT8,
}


class OnnxWriter:
    """Collects nodes and constants; a weight goes to the data file at once and is not kept in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data = (folder / DATA_FILE).open("wb")
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, TensorProto] = {}
        self._counts: Counter[str] = Counter()

    def close(self) -> None:
        """Close the data file."""
        self._data.close()

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str] = (), **attributes: Any) -> str:
        """Append a node, `domain` among its attributes; returns the name of its first output, made up if not given."""
        if not outputs:
            self._counts[kind] += 1
            outputs = [f"{kind}.{self._counts[kind]}"]
        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
        return outputs[0]

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """A small constant in the model file itself, where shape inference sees it."""
        self._constants[name] = numpy_helper.from_array(values, name)
        return name

    def weight(self, name: str, values: NDArray[np.generic]) -> str:
        """A constant in the data file."""
        offset = -(-self._data.tell() // _PAGE) * _PAGE
        self._data.seek(offset)
        self._data.write(np.ascontiguousarray(values).data)
        tensor = TensorProto(name=name, data_type=_ELEMENT_TYPES[values.dtype], dims=values.shape)
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in (("location", DATA_FILE), ("offset", offset), ("length", values.nbytes)):
            tensor.external_data.add(key=key, value=str(value))
        self._constants[name] = tensor
        return name

    def reshaped(self, name: str, shape: Sequence[int]) -> str:
        """The bytes of a weight under another shape, without a copy of them."""
        tensor = TensorProto()
        tensor.CopyFrom(self._constants[name])
        tensor.name = f"{name}.reshaped"
        tensor.dims[:] = shape
        self._constants[tensor.name] = tensor
        return tensor.name

    def save(self, name: str, inputs: Sequence[ValueInfoProto], outputs: Sequence[ValueInfoProto]) -> None:
        """Write the model file."""
        graph = helper.make_graph(self._nodes, name, inputs, outputs, list(self._constants.values()))
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid(CONTRIB, 1)]
        model: ModelProto = helper.make_model(graph, ir_version=9, opset_imports=opsets, producer_name="foundry-bench")
        (self._folder / MODEL_FILE).write_bytes(model.SerializeToString())
