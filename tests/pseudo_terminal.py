"""The application in a terminal of its own, of 80x24."""

import contextlib
import os
import select
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals of this kind")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")


def resize(terminal: int, columns: int, rows: int) -> None:
    """Give a terminal this size; whoever draws there is told."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def read_until(master: int, *texts: str) -> bytes:
    """What comes until all of the texts have come."""
    seen = b""
    while not all(text.encode() in seen for text in texts):
        assert select.select([master], [], [], 20)[0], seen
        seen += os.read(master, 1 << 16)
    return seen


@contextlib.contextmanager
def application(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int, bytes]]:
    """The application on a terminal that shows it, the terminal's other side, and what came there until then."""
    master, slave = pty.openpty()
    resize(slave, 80, 24)
    command = [sys.executable, "-m", "foundry_bench", "--out", str(folder / "runs"), *options]
    # A size that stands in the environment, where readline puts it, would hold against the terminal's own.
    environ = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=environ) as app:
        os.close(slave)
        try:
            seen = b""
            while b"Models" not in seen:
                seen += os.read(master, 1024)
            yield app, master, seen
        finally:
            app.kill()
