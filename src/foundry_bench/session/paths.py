"""Where the product keeps what belongs to a user."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from platformdirs import user_config_path, user_data_path

from foundry_bench.values.errors import InputError
from foundry_bench.values.plan import Runtime


def data_dir() -> Path:
    """The data folder: ``FOUNDRY_BENCH_HOME``, or the platform's own place.

    Raises:
        InputError: the variable names what can't be a folder.
    """
    home = os.environ.get("FOUNDRY_BENCH_HOME")
    if not home:
        return user_data_path("foundry-bench", appauthor=False)
    path = Path(home)
    there = next((one for one in (path, *path.parents) if os.path.lexists(one)), path)
    if os.path.lexists(there) and not os.path.isdir(there):  # noqa: PTH112 - a Path's own raises for some names
        raise InputError(f"FOUNDRY_BENCH_HOME: {home}: Not a directory; mend FOUNDRY_BENCH_HOME, or unset it")
    return path


def config_path(environ: Mapping[str, str]) -> Path:
    """The user's config file, whether or not it is there."""
    named = environ.get("FOUNDRY_BENCH_CONFIG", "").strip()
    return Path(named) if named else user_config_path("foundry-bench", appauthor=False) / "config.toml"


def from_here(path: Path) -> str:
    """A path as one types it where one stands: short below the current folder, in quotes where it holds a space."""
    with contextlib.suppress(ValueError):
        path = path.absolute().relative_to(Path.cwd())
    return f'"{path}"' if " " in str(path) else str(path)


def log_dir() -> Path:
    """Where workers that belong to no run write their logs."""
    return data_dir() / "logs"


def running_dir() -> Path:
    """Where benchmarks under way say how they are reached."""
    return data_dir() / "running"


def with_default_folders(runtime: Runtime) -> Runtime:
    """The runtime's settings with both folders filled in."""
    app_data = Path(runtime.app_data_dir).expanduser() if runtime.app_data_dir else data_dir() / "runtime"
    cache = Path(runtime.model_cache_dir).expanduser() if runtime.model_cache_dir else app_data / "cache" / "models"
    return replace(runtime, app_data_dir=str(app_data.absolute()), model_cache_dir=str(cache.absolute()))
