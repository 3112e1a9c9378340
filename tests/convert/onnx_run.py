"""Runs a converted folder's network in ONNX Runtime itself, where all logits can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]


def session(model: onnx.ModelProto, folder: Path | None = None) -> onnxruntime.InferenceSession:
    """A session of a model in memory whose external data lie in `folder`."""
    options = onnxruntime.SessionOptions()
    if folder is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(folder))
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def all_logits(folder: Path, ids: Sequence[int], step: int) -> Floats:
    """(tokens, vocabulary): the logits after each of `ids`, fed `step` at a time with the key-value cache kept.

    The only change to the graph is that the last step doesn't pick the last token.
    """
    model = onnx.load(folder / "model.onnx", load_external_data=False)
    (pick,) = (node for node in model.graph.node if list(node.input[1:]) == ["last"])
    pick.op_type = "Identity"
    del pick.input[1], pick.attribute[:]
    model.graph.initializer.remove(next(constant for constant in model.graph.initializer if constant.name == "last"))
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_param = "tokens"
    network = session(model, folder)
    past = {info.name: np.zeros((1, info.shape[1], 0, info.shape[3]), np.float32) for info in network.get_inputs()[2:]}
    found = []
    for start in range(0, len(ids), step):
        chunk = np.asarray([ids[start : start + step]], np.int64)
        mask = np.ones((1, start + chunk.shape[1]), np.int64)
        logits, *present = network.run(None, {"input_ids": chunk, "attention_mask": mask, **past})
        past = dict(zip(past, present, strict=True))
        found.append(logits[0])
    return np.concatenate(found)
