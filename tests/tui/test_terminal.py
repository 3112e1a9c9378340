"""The application in a terminal of its own."""

import contextlib
import os
import select
import signal
import threading
import time
from pathlib import Path
from typing import IO, cast

from textual.drivers._writer_thread import WriterThread

from foundry_bench.session.hangup import Lossy
from pseudo_terminal import application, pty


def test_a_terminal_that_vanishes_without_a_signal_ends_it(tmp_path: Path) -> None:
    with application(tmp_path) as (app, master, _):
        os.close(master)
        assert app.wait(20) == 0


def test_a_terminal_that_vanishes_while_it_ends_does_not_begin_it_anew(tmp_path: Path) -> None:
    with application(tmp_path) as (app, master, _):
        app.terminate()
        # Once it has let go of the terminal there is always something to read, while the process itself ends later.
        deadline = time.monotonic() + 20
        while app.poll() is None and time.monotonic() < deadline:
            app.send_signal(signal.SIGCONT)  # the system sends it along with the loss of a terminal, whenever that is
            if select.select([master], [], [], 0.02)[0]:
                with contextlib.suppress(OSError):  # the other side is closed
                    os.read(master, 1024)
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
