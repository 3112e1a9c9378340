"""The terminal application: it draws what the session tells and never measures.

Textual reads its own settings from the environment once, when it is imported. They are put there here, since this
package is imported before any module of it that imports Textual.
"""

import os
import sys
from collections.abc import Mapping, MutableMapping, Sequence


def is_slow_line(argv: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether to be sparing with bytes: asked for on the command line, or the terminal is at the end of an SSH line."""
    if "--no-low-bandwidth" in argv:
        return False
    return "--low-bandwidth" in argv or bool(environ.get("SSH_CONNECTION"))


def _prepare(argv: Sequence[str], environ: MutableMapping[str, str]) -> None:
    slow = is_slow_line(argv, environ)
    environ.setdefault("TEXTUAL_FPS", "15" if slow else "60")
    # Nothing here moves by itself: an animation is bytes and delay.
    environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")


_prepare(sys.argv, os.environ)
