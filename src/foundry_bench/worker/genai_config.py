"""What a model's folder says of itself in its ``genai_config.json``."""

import contextlib
import json
from pathlib import Path

from foundry_bench.worker.bounded import read_bounded

_CPU = "CPUExecutionProvider"
# ONNX Runtime GenAI's names of execution providers, with the device that each computes on. OpenVINO's is an option.
_PROVIDERS = {
    "cuda": ("GPU", "CUDAExecutionProvider"),
    "dml": ("GPU", "DmlExecutionProvider"),
    "nvtensorrtrtx": ("GPU", "NvTensorRTRTXExecutionProvider"),
    "openvino": ("CPU", "OpenVINOExecutionProvider"),
    "qnn": ("NPU", "QNNExecutionProvider"),
    "rocm": ("GPU", "ROCMExecutionProvider"),
    "vitisai": ("NPU", "VitisAIExecutionProvider"),
    "webgpu": ("GPU", "WebGpuExecutionProvider"),
}


def read_config(folder: Path) -> object:
    """The folder's configuration; None where there is none that can be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        return json.loads(read_bounded(folder / "genai_config.json"))
    return None


def provider_of(config: object) -> tuple[str, str]:
    """The device that a configuration's decoder is made for, and its execution provider; the processor by default."""
    match config:
        case {"model": {"decoder": {"session_options": {"provider_options": [dict() as options, *_]}}}}:
            for name, settings in options.items():
                device, provider = _PROVIDERS.get(str(name).lower(), ("CPU", _CPU))
                match settings:
                    case {"device_type": "CPU" | "GPU" | "NPU" as stated}:
                        return stated, provider
                return device, provider
    return "CPU", _CPU
