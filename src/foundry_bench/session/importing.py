"""Takes in a model of one's own: a folder is registered, a GGUF file is turned into one first."""

import shutil
from collections.abc import Callable
from pathlib import Path

from foundry_bench.session.own_models import OwnModel, check_name, folder_for, list_own, register
from foundry_bench.values.errors import InputError

Progress = Callable[[str, float], None]


def import_model(
    source: Path,
    name: str | None,
    *,
    context: int | None = None,
    accuracy_level: int = 4,
    replace: bool = False,
    progress: Progress | None = None,
) -> tuple[str, OwnModel]:
    """Register ``source`` under ``name`` (default: from the file's own) and return both.

    Args:
        source: a folder with ``genai_config.json``, used where it lies, or a GGUF file.
        name: what ``run -m`` will call it.
        context: cap of the context in tokens for a GGUF file; the KV cache is allocated for all of it.
        accuracy_level: MatMulNBits' own, for a GGUF file: 4 computes in int8, 1 in float32.
        replace: whether a model of that name may be replaced.
        progress: is told the step and the fraction done.

    Raises:
        InputError: the path is neither, the name is taken, or the file can't be converted.
    """
    if not source.exists():
        raise InputError(f"{source}: no such file or folder")
    name = name or _default_name(source)
    check_name(name)
    if name in list_own() and not replace:
        raise InputError(f"a model named '{name}' was imported before; choose another --name, or --force to replace it")
    if source.is_dir():
        model = _take_folder(source)
    elif source.suffix.lower() == ".gguf":
        model = _convert(source, folder_for(name), context, accuracy_level, progress)
    else:
        raise InputError(f"{source}: neither a folder with genai_config.json nor a .gguf file")
    register(name, model)
    return name, model


def _default_name(source: Path) -> str:
    stem = source.stem if source.is_file() else source.name
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in stem).strip("._-").lower() or "model"


def _take_folder(folder: Path) -> OwnModel:
    if not (folder / "genai_config.json").is_file():
        raise InputError(f"{folder}: no genai_config.json in it; name a folder in ONNX Runtime GenAI's form")
    return OwnModel(path=str(folder.absolute()), source=str(folder.absolute()))


def _convert(source: Path, out: Path, context: int | None, accuracy_level: int, progress: Progress | None) -> OwnModel:
    from foundry_bench.convert import ConvertError, convert_gguf

    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    try:
        converted = convert_gguf(source, fresh, context=context, accuracy_level=accuracy_level, progress=progress)
    except ConvertError as error:
        raise InputError(str(error)) from error
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return OwnModel(path=str(out), source=str(source.absolute()), license=converted.license)
