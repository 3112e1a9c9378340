"""Copies, and pictures of the screen, in files of the user's data folder; each returns a line to tell the user."""

from datetime import datetime
from pathlib import Path

from foundry_bench.session.paths import data_dir


def keep_copy(text: str) -> str:
    """Write what was copied to a file too, since a terminal may cut or ignore what it is told to copy."""
    return f"copied; {_write(data_dir() / 'clipboard.txt', text)}"


def keep_screenshot(svg: str, now: datetime) -> str:
    """Write a picture of the screen."""
    return _write(data_dir() / "screenshots" / f"foundry-bench-{now:%Y%m%d-%H%M%S}.svg", svg)


def _write(file: Path, text: str) -> str:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", errors="replace")
    except OSError as error:
        return f"{file} could not be written: {error.strerror}"
    return f"kept in {file}"
