"""The application in a terminal of its own."""

import contextlib
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import pytest
from textual.drivers._writer_thread import WriterThread

from foundry_bench.session.hangup import Lossy

pty = pytest.importorskip("pty", reason="Windows has no pseudo-terminals of this kind")
fcntl = pytest.importorskip("fcntl")
termios = pytest.importorskip("termios")


@contextlib.contextmanager
def application(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The application on a terminal that shows it, and the terminal's other side."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "foundry_bench", "--out", str(folder / "runs")]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as app:
        os.close(slave)
        try:
            seen = b""
            while b"Models" not in seen:
                seen = seen[-64:] + os.read(master, 1024)
            yield app, master
        finally:
            app.kill()


def test_a_terminal_that_vanishes_without_a_signal_ends_it(tmp_path: Path) -> None:
    with application(tmp_path) as (app, master):
        os.close(master)
        assert app.wait(20) == 0


def test_a_terminal_that_vanishes_while_it_ends_does_not_begin_it_anew(tmp_path: Path) -> None:
    with application(tmp_path) as (app, master):
        app.terminate()
        for _ in range(1_000):
            app.send_signal(signal.SIGCONT)  # the system sends it along with the loss of a terminal, whenever that is
            if select.select([master], [], [], 0.02)[0]:
                with contextlib.suppress(OSError):  # the other side is closed
                    os.read(master, 1024)
            if app.poll() is not None:
                break
        assert app.poll() == 0


def test_what_is_written_after_the_terminal_is_gone_holds_nobody_up() -> None:
    master, slave = pty.openpty()
    os.close(master)
    with os.fdopen(slave, "w") as gone:
        thread = WriterThread(cast("IO[str]", Lossy(gone)))

        def write() -> None:
            thread.start()
            for _ in range(100):
                thread.write("text")
            thread.stop()

        writing = threading.Thread(target=write, daemon=True)
        writing.start()
        writing.join(10)
        assert not writing.is_alive()
