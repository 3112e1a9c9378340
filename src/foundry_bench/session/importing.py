"""Takes in a model of one's own: a folder for the runtime is registered, any other form is turned into one first."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from foundry_bench.session.documents import parse_json, read_text
from foundry_bench.session.own_models import OwnModel, check_name, folder_for, list_own, register
from foundry_bench.session.paths import log_dir
from foundry_bench.session.refusals import place
from foundry_bench.values.errors import InputError
from foundry_bench.worker.bounded import read_bounded

Progress = Callable[[str, float], None]
Kind = Literal["genai", "gguf", "snapshot"]
_OPTIONS = {
    "genai": (),
    "gguf": ("context", "accuracy_level"),
    "snapshot": ("context", "accuracy_level", "precision", "device"),
}
_NAMES = {"genai": "an ONNX Runtime GenAI folder", "gguf": "a GGUF file", "snapshot": "a Hugging Face folder"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """How a model is converted; None leaves a choice to the conversion.

    Args:
        context: cap of the context in tokens; the KV cache is allocated for all of it.
        accuracy_level: MatMulNBits' own: 4 computes in int8, 1 in float32.
        precision: of the weights built from a Hugging Face folder.
        device: that these are built for.
    """

    context: int | None = None
    accuracy_level: int | None = None
    precision: str | None = None
    device: str | None = None


def import_model(
    source: Path,
    name: str | None,
    choices: Choices,
    *,
    replace: bool = False,
    progress: Progress | None = None,
) -> tuple[str, OwnModel]:
    """Register ``source`` under ``name`` (default: from the file's own) and return both.

    Args:
        source: a folder with ``genai_config.json``, used where it lies; a GGUF file; or a Hugging Face folder.
        name: what ``run -m`` will call it.
        choices: how to convert it.
        replace: whether a model of that name may be replaced.
        progress: is told the step and the fraction done.

    Raises:
        InputError: the path is none of these, the name is taken, a choice has no meaning for it, or the model can't
            be converted.
    """
    kind = find_kind(source)
    for option in ("context", "accuracy_level", "precision", "device"):
        if getattr(choices, option) is not None and option not in _OPTIONS[kind]:
            raise InputError(f"--{option.replace('_', '-')} has no meaning for {_NAMES[kind]}, which {source} is")
    name = name or _default_name(source)
    check_name(name)
    own = list_own()
    if name in own and not replace:
        raise InputError(f"a model named '{name}' was imported before; choose another --name, or --force to replace it")
    if alike := [one for one in own if one != name and one.lower() == name.lower()]:
        # Windows and macOS keep one folder for both.
        raise InputError(f"--name {name!r} is '{alike[0]}' in other letters, which was imported before; choose another")
    if kind == "genai":
        _see_that_it_is_whole(source)
        model = OwnModel(path=str(source.absolute()), source=str(source.absolute()))
    else:
        model = _convert(kind, source, name, choices, progress)
    register(name, model)
    return name, model


def find_kind(source: Path) -> Kind:
    """What form of model ``source`` is.

    Raises:
        InputError: there is nothing, or nothing that can be imported; says what could.
    """
    if not source.exists():
        raise InputError(f"{source}: no such file or folder; mend the path")
    if source.is_file():
        if source.suffix.lower() == ".gguf":
            return "gguf"
        beside = "; name its folder" if source.suffix in {".safetensors", ".json", ".onnx"} else ""
        raise InputError(f"{source}: not a .gguf file, the only kind of file to import{beside}")
    if (source / "genai_config.json").is_file():
        return "genai"
    if (source / "config.json").is_file():
        return "snapshot"
    files = sorted(source.glob("*.gguf"))
    if files:
        raise InputError(f"{source}: a folder of GGUF files; name one of them, for example {files[0]}")
    forms = "genai_config.json (ONNX Runtime GenAI) or config.json (Hugging Face)"
    raise InputError(f"{source}: no {forms} in it, and no .gguf file")


def _see_that_it_is_whole(folder: Path) -> None:
    """Ask that a folder's configuration can be read, and that the graphs which it names are there.

    Raises:
        InputError: it can't, or one is missing.
    """
    file = folder / "genai_config.json"
    with place(file):
        config = parse_json(read_text(file))
    for name in _graphs(config):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name} is missing, and {file.name} names it; copy the whole folder")


def _graphs(config: object) -> Iterator[str]:
    """The names of ONNX files, wherever they stand in a configuration."""
    inside = config.values() if isinstance(config, dict) else config if isinstance(config, list) else ()
    if isinstance(config, dict) and str(config.get("filename", "")).endswith(".onnx"):
        yield config["filename"]
    for one in inside:
        yield from _graphs(one)


def cache_mb(folder: Path) -> float | None:
    """What the KV cache takes for the whole context of a model folder, in MB of 32-bit floats; None if not said."""
    try:
        model = json.loads(read_bounded(folder / "genai_config.json"))["model"]
        decoder = model["decoder"]
        heads = decoder["num_key_value_heads"] * decoder["head_size"]
        return float(2 * 4 * decoder["num_hidden_layers"] * heads * model["context_length"] / 1e6)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _default_name(source: Path) -> str:
    stem = source.stem if source.is_file() else source.absolute().name
    if source.absolute().parent.name == "snapshots":  # of Hugging Face's cache: models--OWNER--NAME/snapshots/COMMIT
        stem = source.absolute().parent.parent.name.rpartition("--")[2]
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in stem).strip("._-").lower() or "model"


def _convert(kind: Kind, source: Path, name: str, choices: Choices, progress: Progress | None) -> OwnModel:
    from foundry_bench.convert import ConvertError, build_snapshot, convert_gguf

    out = folder_for(name)
    fresh, old = (out.with_name(f".{name}.{what}") for what in ("new", "old"))  # no model's name begins with a dot
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    context, level = choices.context, choices.accuracy_level
    try:
        if kind == "gguf":
            level = 4 if level is None else level
            licence = convert_gguf(source, fresh, context=context, accuracy_level=level, progress=progress)
        else:
            licence = build_snapshot(
                source,
                fresh,
                log_dir() / f"import-{name}.log",
                precision=choices.precision or "int4",
                device=choices.device or "cpu",
                context=context,
                accuracy_level=level,
                progress=progress,
            )
    except ConvertError as error:
        raise InputError(str(error)) from error
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)  # Windows refuses that while a process has it loaded: then it is whole still
    fresh.rename(out)
    shutil.rmtree(old, ignore_errors=True)
    return OwnModel(path=str(out), source=str(source.absolute()), license=licence)
