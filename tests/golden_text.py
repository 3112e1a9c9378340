"""Screens as plain text, kept in files that a person can read."""

from pathlib import Path

FOLDER = Path(__file__).parent / "tui" / "golden"


def matches_golden(name: str, text: str, *, update: bool) -> None:
    """Compare a screen with its file; ``update`` writes the file anew."""
    file = FOLDER / f"{name}.txt"
    if update:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8"), f"{name} looks different; FOUNDRY_BENCH_GOLDEN=1 writes it anew"
