"""What a screen that shows a run says while there is none."""

from pathlib import Path

from foundry_bench.session.run_list import list_runs
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line


def nothing_recorded(out: Path) -> str:
    """That the folder ``out`` holds no run, and how one comes about."""
    return f"Nothing is recorded in {one_line(str(out))} yet. Mark models (g m, space) and run them (r)."


def why_nothing(out: Path, chosen: Path | None, error: InputError) -> str:
    """Why no run is shown: ``error``, unless none was chosen and there is none; reads the disk."""
    return one_line(str(error)) if chosen or list_runs(out) else nothing_recorded(out)
