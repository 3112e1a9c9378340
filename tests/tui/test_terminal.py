"""The application in a terminal of its own."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals of this kind")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")


def test_a_terminal_that_vanishes_without_a_signal_ends_it(tmp_path: Path) -> None:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "foundry_bench", "--out", str(tmp_path / "runs")]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as app:
        os.close(slave)
        try:
            seen = b""
            while b"Models" not in seen:
                seen = seen[-64:] + os.read(master, 1024)
            os.close(master)
            assert app.wait(20) == 0
        finally:
            app.kill()
