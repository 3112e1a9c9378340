"""How the application is left: by its user, who is asked where work is under way, or as nobody is there any more."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from foundry_bench.tui.app import FoundryBenchApp


def ask_to_quit(app: "FoundryBenchApp") -> None:
    """Leave; while a benchmark or a download runs, only after the answer what becomes of it."""
    from foundry_bench.tui.screens.confirm import ConfirmScreen, QuitScreen  # no first frame waits for them

    def answered(answer: str | None) -> None:
        if answer == "stop":
            app.control.stop()
        if answer in {"stop", "leave"}:
            app.exit()

    if isinstance(app.screen, (ConfirmScreen, QuitScreen)):
        app.exit()
    elif app.control.running:
        app.push_screen(QuitScreen(app.control.path.name if app.control.path else None), answered)
    elif app.keeper.downloading:
        question = "A download is under way. What was fetched stays, and it resumes next time."
        app.push_screen(ConfirmScreen(question, "quit", "go on"), lambda yes: app.exit() if yes else None)
    else:
        app.exit()


def abandoned(app: "FoundryBenchApp", parent: int) -> bool:
    """Whether the terminal, or the page that served the application as the process ``parent``, is gone.

    A terminal may go without a signal, and reading from it would never wait again.
    """
    if app.is_web:
        return os.getppid() != parent
    return not (app.is_headless or sys.stdin.isatty())
