"""Turns a GGUF file or a Hugging Face snapshot into an ONNX Runtime GenAI model folder.

Importing this package is cheap: numpy, onnx and gguf are imported by the first conversion.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from foundry_bench.convert.errors import ConvertError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["ConvertError", "build_snapshot", "convert_gguf"]


def convert_gguf(
    source: Path,
    out: Path,
    *,
    context: int | None = None,
    accuracy_level: int = 4,
    progress: Callable[[str, float], None] | None = None,
) -> str | None:
    """Write the model of the GGUF file `source` as the new folder `out`; its license, where the file names one.

    Args:
        source: A GGUF file of one of the families in `foundry_bench.convert.families`.
        out: The folder to write, in one that exists; it appears when it is complete, and not at all after a failure.
        context: The longest context in tokens, prompt and answer together; the file's own if that is shorter or
            None is given. The runtime allocates its KV buffer for all of it.
        accuracy_level: MatMulNBits' own: 4 multiplies in int8 and is fastest, 1 in float32.
        progress: Called with the name of the stage and the fraction of it done.

    Raises:
        ConvertError: the file, or something it asks for, cannot be converted; one line says what and how to mend it.
    """
    try:
        from foundry_bench.convert.genai_folder import write_folder

        return write_folder(source, out, context, accuracy_level, progress or (lambda _stage, _done: None))
    except ModuleNotFoundError as error:
        raise ConvertError(f"{error.name} is not installed; pip install 'foundry-bench[import]'") from error


def build_snapshot(
    source: Path,
    out: Path,
    log: Path,
    *,
    precision: str = "int4",
    device: str = "cpu",
    context: int | None = None,
    accuracy_level: int | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> str | None:
    """Write the Hugging Face model in the folder `source` as the new folder `out`, through GenAI's model builder.

    The model's license is returned, where its README.md names one.

    Args:
        source: A folder with config.json, .safetensors files and a tokenizer.
        out: The folder to write, in one that exists; it appears when it is complete, and not at all after a failure.
        log: Where the builder's own words go.
        precision: Of the weights: int4, int8, fp16 or fp32, as far as the device has it.
        device: cpu, cuda, dml or webgpu.
        context: The longest context in tokens; the model's own if that is shorter or None is given.
        accuracy_level: MatMulNBits' own, the builder's choice if None is given.
        progress: Called with the name of the stage and the fraction of all done.

    Raises:
        ConvertError: the snapshot, or something asked for, cannot be built; one line says what and how to mend it.
    """
    from foundry_bench.convert.builder import build_folder

    return build_folder(
        source,
        out,
        log,
        precision=precision,
        device=device,
        context=context,
        accuracy_level=accuracy_level,
        progress=progress or (lambda _stage, _done: None),
    )
