"""From the name of an adapter to the adapter: the user's file is run here, or an installed package's code."""

import importlib.util
import sys
import traceback
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from foundry_bench.values.adapter import GROUP, Adapter
from foundry_bench.values.format import brief

_NEEDED = ("load", "generate")


class AdapterCodeError(Exception):
    """The adapter's code can't be used: one line that says where and why."""


def find_adapter(name: str) -> Adapter:
    """The adapter in a file, whose name ends in ``.py``, or of an entry point.

    A module that has no ``load`` and ``generate`` may have a class or an object ``Adapter`` that does.

    Raises:
        AdapterCodeError: there is none, it can't be imported, or it lacks what an adapter must have.
    """
    try:
        found = _run_file(Path(name)) if name.endswith(".py") else _import_installed(name)
        if isinstance(found, ModuleType) and not _fits(found):
            found = getattr(found, "Adapter", found)
        if isinstance(found, type):
            found = found()
    except AdapterCodeError:
        raise
    except (Exception, SystemExit) as error:  # an adapter's code may raise whatever it likes
        raise AdapterCodeError(blame(error, name)) from error
    if not _fits(found):
        missing = " and ".join(part for part in _NEEDED if not callable(getattr(found, part, None)))
        raise AdapterCodeError(f"{Path(name).name} has no {missing}")
    most = getattr(found, "max_concurrency", 1)
    if not isinstance(most, int) or most < 1:
        raise AdapterCodeError(f"{Path(name).name}: max_concurrency must be a whole number of at least 1")
    adapter: Adapter = found
    return adapter


def blame(error: BaseException, name: str) -> str:
    """An error of the adapter's in one line: its file, the last line of it that ran, the error's type and text.

    The whole traceback goes to standard error, which is the worker's log.
    """
    traceback.print_exception(error)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == name]
    text = str(error)
    if isinstance(error, SyntaxError) and error.filename == name:
        lines, text = [error.lineno], error.msg
    where = f"{Path(name).name}, line {lines[-1]}" if lines else Path(name).name
    return brief(f"{where}: {type(error).__name__}: {text}" if text else f"{where}: {type(error).__name__}")


def _run_file(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{GROUP}.{file.stem}", file)
    if spec is None or spec.loader is None:
        raise AdapterCodeError(f"{file} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses and pickle look their module up
    sys.dont_write_bytecode = True  # a benchmark leaves nothing in the user's folders
    sys.path.append(str(file.parent))  # it may import its neighbours; last, so that they hide nothing
    spec.loader.exec_module(module)
    return module


def _import_installed(name: str) -> Any:
    for entry_point in entry_points(group=GROUP, name=name):
        return entry_point.load()
    raise AdapterCodeError(f"no installed package has an adapter '{name}'")


def _fits(found: Any) -> bool:
    return all(callable(getattr(found, part, None)) for part in _NEEDED)
