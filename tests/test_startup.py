"""What is imported before a person sees something: told by names, which no busy machine changes."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("numpy", "msgspec", "psutil", "openai", "httpx", "pydantic", "plotext", "importlib.metadata", "statistics")

HELP = """
import sys
from foundry_bench.cli import main
try:
    main(["--help"])
except SystemExit:
    pass
"""
VALUES = """
import sys
import foundry_bench.values.calibration, foundry_bench.values.result, foundry_bench.values.summary
"""
FIRST_PAINT = """
import os, sys
from foundry_bench.session.settings import resolve
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.start import display

class Painted(FoundryBenchApp):
    def on_ready(self, event):
        event.prevent_default()  # it would go on to the first mode
        global imported
        imported = set(sys.modules)
        self.exit()

settings = resolve({}, os.environ, models_needed=False)
Painted(settings, options=display(settings)).run(headless=True)
"""


def imported(program: str, folder: Path) -> set[str]:
    """The names of all modules that a program has imported at its end, or put into ``imported``."""
    told = f"{program}\nprint('\\n' + ' '.join(globals().get('imported', sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("program", "never"),
    [
        (
            HELP,
            (*HEAVY, "asyncio", "difflib", "json", "pathlib", "platformdirs", "rich", "textual", "tomllib", "urllib"),
        ),
        (HELP, ("foundry_bench.session.settings", "foundry_bench.session.prompts", "foundry_bench.values.telemetry")),
        (VALUES, ("asyncio", "json", "pathlib", "statistics", "foundry_bench.values.events", "foundry_bench.session")),
        (FIRST_PAINT, (*HEAVY, "textual.widgets._data_table", "foundry_bench.worker.protocol")),
        (
            FIRST_PAINT,
            ("foundry_bench.tui.screens.models", "foundry_bench.values.events", "foundry_bench.values.record"),
        ),
    ],
)
def test_what_is_not_needed_yet_is_not_imported(program: str, never: tuple[str, ...], tmp_path: Path) -> None:
    found = imported(program, tmp_path)
    assert "foundry_bench" in found
    assert [name for name in never if name in found] == []
