"""Checks the folders that are written: whether they can be, and the room on their disks."""

import shutil
import tempfile
from pathlib import Path

from foundry_bench.session.paths import data_dir, with_default_folders
from foundry_bench.session.settings import Settings
from foundry_bench.values.check import Check, failed, ok, warning
from foundry_bench.values.format import megabytes

# A small model's download, a few runs: least free MB to be well, and to work at all.
_CACHE_ROOM, _RUNS_ROOM = (5_000.0, 200.0), (1_000.0, 50.0)


def check_folders(settings: Settings) -> list[Check]:
    """A line for each folder."""
    runtime = with_default_folders(settings.plan.runtime)
    return [
        check_folder("runs", settings.out, _RUNS_ROOM, "choose another with --out"),
        check_folder("model cache", Path(runtime.model_cache_dir or ""), _CACHE_ROOM, "choose another: --model-cache"),
        check_folder("data", data_dir(), _RUNS_ROOM, "set FOUNDRY_BENCH_HOME to another"),
    ]


def check_folder(name: str, folder: Path, room: tuple[float, float], mend: str) -> Check:
    """Whether files can be made in a folder, or the folder itself, and how much room there is in MB."""
    name = f"{name} folder"
    there = next((path for path in (folder, *folder.absolute().parents) if path.exists()), folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            free_mb = shutil.disk_usage(there).free / 1e6
    except OSError as error:
        return failed(name, f"{folder} can't be written: {error.strerror or error}", mend)
    found = f"{folder}{'' if there == folder else ' (to be made)'}, {megabytes(free_mb)} free"
    enough, least = room
    if free_mb < least:
        return failed(name, found, f"make room, or {mend}")
    return ok(name, found) if free_mb >= enough else warning(name, found, f"make room, or {mend}")
