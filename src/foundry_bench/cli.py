"""The command line: from argv to one command, or to the TUI."""

import argparse
import contextlib
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TextIO, cast

from foundry_bench.arguments import COMMANDS, command_parser, screen_parser, second_words
from foundry_bench.session.hangup import Lossy, lead_nowhere, open_closed
from foundry_bench.values.errors import InputError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 1 a check says no, 2 bad input, 130 interrupted."""
    open_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # Windows: a pipe's encoding has few of the characters
    for name in ("COLUMNS", "LINES"):
        if os.environ.get(name, "").strip("0 ") == "":  # a terminal that doesn't know its size yet
            os.environ.pop(name, None)
    # What is told beside the data may be lost; that changes nothing of what is done.
    with contextlib.redirect_stderr(cast("TextIO", Lossy(sys.stderr))):
        return _exit_code(sys.argv[1:] if argv is None else argv)


def _exit_code(argv: Sequence[str]) -> int:
    try:
        code = _dispatch(argv)
        sys.stdout.flush()
    except InputError as error:
        return _refused(str(error))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read our output has left. The interpreter flushes stdout once more at its end: let that succeed.
        lead_nowhere(sys.stdout.fileno())
        return 130
    except OSError as error:
        place = f"{error.filename}: " if error.filename else "stdout: " if _stdout_is_full() else ""
        return _refused(f"{place}{error.strerror or error}; see to the disk and to who may write there")
    return code


def _stdout_is_full() -> bool:
    """Whether what was printed can't be written; then it is dropped, as the interpreter would try again at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        lead_nowhere(sys.stdout.fileno())
        return True
    return False


def _refused(reason: str) -> int:
    from foundry_bench.values.format import one_line

    print(f"foundry-bench: {one_line(reason)}", file=sys.stderr)
    return 2


def _dispatch(argv: Sequence[str]) -> int:
    if argv[:1] == ["__complete"]:
        from foundry_bench.completing import answer

        return answer(argv[1:])
    name, rest = _command(argv)
    if name in COMMANDS:
        module = "import_model" if name == "import" else name.replace(" ", "_")
        return _start(f"commands.{module}", command_parser(name).parse(rest))
    if argv and not argv[0].startswith("-"):
        from foundry_bench.session.refusals import known

        known([argv[0]], COMMANDS, "command", "see 'foundry-bench --help'")
    args = screen_parser().parse(argv)
    served = "TEXTUAL_DRIVER" in os.environ  # there Textual speaks to a page, by pipes
    if not served and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the TUI needs a terminal; name a command to do without, see 'foundry-bench --help'")
    return _start("tui.start", args)


def _command(argv: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The command, of one word or two, and its arguments.

    Raises:
        InputError: for a second word that is none.
    """
    if not argv:
        return "", argv
    seconds = second_words(argv[0])
    if not seconds or len(argv) == 1 or argv[1].startswith("-"):
        return argv[0], argv[1:]
    from foundry_bench.session.refusals import known

    known([argv[1]], seconds, f"'{argv[0]}' command", f"see 'foundry-bench {argv[0]} --help'")
    return f"{argv[0]} {argv[1]}", argv[2:]


def _start(module: str, args: argparse.Namespace) -> int:
    code: int = importlib.import_module(f"foundry_bench.{module}").main(args)
    return code
