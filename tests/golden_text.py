"""Screens as plain text, kept in files that a person can read."""

import difflib
from pathlib import Path

from driving import Driver, screen_text

FOLDER = Path(__file__).parent / "tui" / "golden"


async def looks_like(driver: Driver, name: str, *, update: bool) -> None:
    """Wait until the screen is as in its file; ``update`` writes the file anew."""
    file = FOLDER / f"{name}.txt"
    if update:
        await driver.pilot.pause(1.0)
        file.parent.mkdir(exist_ok=True)
        file.write_text(screen_text(driver.app), "utf-8")
    wanted = file.read_text("utf-8")
    try:
        await driver.until(lambda: screen_text(driver.app) == wanted)
    except TimeoutError:
        seen = screen_text(driver.app)
        difference = "\n".join(
            difflib.unified_diff(wanted.split("\n"), seen.split("\n"), "file", "screen", lineterm="")
        )
        raise AssertionError(f"{name} looks different; FOUNDRY_BENCH_GOLDEN=1 writes it anew\n{difference}") from None
