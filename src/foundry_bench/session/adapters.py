"""Adapters that have a name: tables of a plan or config, files named on the command line, installed packages."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from foundry_bench.session.refusals import Check, named_records, refusal
from foundry_bench.session.rules import folder, label, labels
from foundry_bench.values.adapter import GROUP
from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Target

_FIELDS: Mapping[str, Check] = {
    "path": folder,
    "entry_point": label,
    "weights": folder,
    "license": label,
    "capabilities": labels,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAdapter:
    """An adapter, its file (which ends in ``.py``) or entry point in ``code``, and what it loads by default."""

    code: str
    weights: str = ""
    license: str | None = None
    capabilities: tuple[str, ...] = ()


def read_adapters(value: object, base: Path) -> dict[str, NamedAdapter]:
    """The table ``adapters`` of a plan or config; its paths are relative to ``base``.

    Raises:
        InputError: with the key that can't be used.
    """
    found = {}
    example = 'a table such as {path = "my_adapter.py"}'
    for name, key, fields in named_records(value, "adapters", "an adapter", _FIELDS, example):
        path, entry_point = fields.pop("path", None), fields.pop("entry_point", None)
        if (path is None) == (entry_point is None):
            raise InputError(f"{key} must have either path or entry_point; give it one of them")
        fields["weights"] = _located(fields.get("weights", ""), base)
        found[name] = NamedAdapter(code=_python_file(path, base, f"{key}.path") if path else entry_point, **fields)
    return found


def adapter_files(texts: Sequence[str], name: str) -> dict[str, NamedAdapter]:
    """Adapters by their files' names without ``.py``, as the command line names them.

    Raises:
        InputError: for a name that is no Python file's.
    """
    files = [_python_file(folder(text, name), Path(), name) for text in texts]
    return {Path(file).stem: NamedAdapter(code=file) for file in files}


def refuse_unused(files: Mapping[str, NamedAdapter], models: Sequence[str], *, resumed: bool = False) -> None:
    """Refuse an adapter that the command line names and no model, of a ``resumed`` run where it is one, is run by.

    Raises:
        InputError: naming the file, and the model that is missing.
    """
    used = {name.partition(":")[0] for name in models}
    for name, adapter in files.items():
        if name not in used:
            problem = "no model of that run uses it; " if resumed else f"no model uses it; name one {name}, or "
            raise InputError(f"--adapter {adapter.code}: {problem}leave it out")


def adapter_target(name: str, adapters: Mapping[str, NamedAdapter]) -> Target | None:
    """The target that ``NAME`` or ``NAME:WEIGHTS`` stands for; None where no adapter has that name.

    An installed adapter is found by ``NAME:WEIGHTS`` alone, so that a model of the catalog keeps its name.

    Raises:
        InputError: the adapter's file is not there.
    """
    prefix, colon, weights = name.partition(":")
    adapter = adapters.get(prefix)
    if adapter is None and colon:
        from importlib.metadata import entry_points

        if prefix in entry_points(group=GROUP).names:
            adapter = NamedAdapter(code=prefix)
    if adapter is None:
        return None
    if colon:
        adapter = replace(adapter, weights=_located(weights, Path()))
    if adapter.code.endswith(".py") and not os.path.isfile(adapter.code):  # noqa: PTH113 - False for any odd name
        raise InputError(f"adapter '{prefix}': there is no file {adapter.code}; mend its path")
    return Target(
        name=name,
        backend="adapter",
        model=Path(adapter.weights).name or prefix,
        path=adapter.weights or None,
        license=adapter.license,
        adapter=adapter.code,
        capabilities=adapter.capabilities,
    )


def _python_file(path: str, base: Path, name: str) -> str:
    if not path.endswith(".py"):
        raise refusal(name, "a Python file, whose name ends in .py", path)
    return str((base / path).absolute())


def _located(weights: str, base: Path) -> str:
    """A file or folder in full; anything else, such as a name that the adapter understands, as it was written."""
    path = os.path.join(base, os.path.expanduser(weights))  # noqa: PTH111, PTH118 - any text may come here
    return os.path.abspath(path) if weights and os.path.exists(path) else weights  # noqa: PTH100, PTH110 - the same
