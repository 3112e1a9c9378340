"""Opens the application as the command line, the environment and the user's config want it."""

import argparse
import asyncio
import gc
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from rich.console import Console

from foundry_bench.session.paths import config_path
from foundry_bench.session.settings import Settings, resolve
from foundry_bench.tui import is_slow_line
from foundry_bench.tui.app import FoundryBenchApp
from foundry_bench.tui.display import Display
from foundry_bench.values.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from foundry_bench.session.beacons import Beacon


def open_app(settings: Settings, start: "Plan | Beacon | Path | None" = None, *, rater: str | None = None) -> int:
    """Open the application with these settings; returns its exit code.

    Args:
        settings: resolved.
        start: a plan to measure at once, a running benchmark to show, or the folder of a run to rate.
        rater: who rates; None is the user of this machine.

    Raises:
        InputError: for a theme or a key that can't be used.
    """
    gc.disable()  # until it is there: nothing of what it begins with is garbage
    app = FoundryBenchApp(settings, options=display(settings), start=start)
    app.rater = rater
    code = asyncio.run(_run(app))
    if app.control.left:
        with suppress(OSError):  # the terminal may have gone away: then nobody asks
            back = f"foundry-bench attach {app.control.left.name}"
            sys.stderr.write(f"the benchmark goes on; back to it with: {back}\n")
    return code


def display(settings: Settings) -> Display:
    """How the screen is to look and which keys it has.

    Raises:
        InputError: for a key that can't be used.
    """
    keys = {}
    if settings.keys:
        from foundry_bench.tui.keys import action_ids, read_keys

        keys = read_keys(settings.keys, action_ids())
    asked = settings.screen
    return Display(
        theme=asked.get("theme", fitting_theme(os.environ)),
        ascii=asked.get("ascii", False),
        low_bandwidth=asked.get("low_bandwidth", is_slow_line((), os.environ)),
        keys=keys,
        theme_folder=config_path(os.environ).parent / "themes",
    )


def fitting_theme(environ: Mapping[str, str]) -> str:
    """The theme where none is asked for: a terminal of sixteen colors has names for them that fit each other."""
    few = Console(force_terminal=True, _environ=environ).color_system == "standard"
    return "ansi-16" if few else "dark"


def main(args: argparse.Namespace) -> int:
    """Open the application as the command line says; 0 when it was left as usual."""
    return open_app(resolve(vars(args), os.environ, models_needed=False))


async def _run(app: FoundryBenchApp) -> int:
    loop = asyncio.get_running_loop()
    for name in ("SIGTERM", "SIGHUP"):
        with suppress(NotImplementedError, AttributeError):  # Windows has no such signals
            # In its turn: in the midst of mounting a screen it would leave that without its widgets.
            loop.add_signal_handler(getattr(signal, name), app.call_later, app.exit)
    await app.run_async()
    return app.return_code or 0
