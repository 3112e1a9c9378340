"""Checks the terminal: size, colours, characters, the line to it."""

import os
import shutil
import sys
from collections.abc import Mapping

from foundry_bench.values.check import Check, ok, warning

_LEAST = (60, 20)


def check_terminal(
    environ: Mapping[str, str] = os.environ, size: tuple[int, int] | None = None, *, is_terminal: bool | None = None
) -> Check:
    """Whether the screen can be drawn here as it is meant to be; off a terminal there is nothing to draw."""
    if not (sys.stderr.isatty() if is_terminal is None else is_terminal):
        return ok("terminal", "not on a terminal: commands print plain text")
    columns, lines = size or tuple(shutil.get_terminal_size())
    kind = environ.get("TERM", "") or ("Windows" if os.name == "nt" else "")
    encoding = sys.stdout.encoding or ""
    unicode = encoding.lower().replace("-", "") in {"utf8", "utf16", "utf32"}
    true_colour = environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or kind == "Windows"
    colours = "16 million" if true_colour else "256" if "256color" in kind else "8 or 16"
    remote = ", over SSH" if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY") else ""
    found = f"{columns}x{lines}, TERM {kind or 'not set'}, {colours} colours, {encoding or 'no encoding'}{remote}"
    if kind in {"", "dumb", "unknown"}:
        return warning("terminal", found, "set TERM to what your terminal is, such as xterm-256color")
    if columns < _LEAST[0] or lines < _LEAST[1]:
        return warning("terminal", found, "make the window 60x20 or larger")
    if not unicode:
        return warning("terminal", found, "use --ascii, or a UTF-8 locale such as LANG=C.UTF-8")
    return ok("terminal", found)
