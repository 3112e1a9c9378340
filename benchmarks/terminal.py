"""The application in a pseudo-terminal, as a person has it: started with a plan, watched, pressed, left with a key."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psutil

from foundry_bench.values.plan import Plan

_LIMIT_S = 60
_REMEMBERED = 1 << 16
_OPEN = """
import json, msgspec, os, sys
from pathlib import Path
from typing import Any
from foundry_bench.session.settings import resolve
from foundry_bench.tui.start import open_app
from foundry_bench.values.plan import Plan
given = json.loads(os.environ["BENCHMARK_PLAN"])
plan = msgspec.convert(given["plan"], Plan) if given["plan"] else None
options = {"out": given["out"], "models": plan.models if plan else None, "screen.low_bandwidth": given["low_bandwidth"]}
sys.exit(open_app(resolve(options, {}, models_needed=False), start=plan))
"""


@dataclass(slots=True)
class Watched:
    """What the screen cost: bytes, CPU seconds and wall seconds from first to last sample."""

    run: Path | None = None
    followed_bytes: int = 0
    followed_cpu_s: float = 0.0
    followed_s: float = 0.0


class Terminal:
    """The application in a pseudo-terminal that is read as fast as it writes.

    Args:
        plan: what it measures at once, if anything.
        out: where it keeps its runs.
        cores: confines it and its worker (Linux).
        program: another application, for comparison.
    """

    def __init__(
        self,
        plan: Plan | None,
        out: Path,
        *,
        columns: int = 120,
        rows: int = 40,
        low_bandwidth: bool = False,
        cores: str = "",
        program: str = _OPEN,
    ) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        given = {"plan": msgspec.to_builtins(plan) if plan else None, "out": str(out), "low_bandwidth": low_bandwidth}
        environ = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor", "BENCHMARK_PLAN": json.dumps(given)}
        command = [*(["taskset", "-c", cores] if cores else []), sys.executable, "-c", program]
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self.bytes_written = 0
        self._recent = b""
        self._read = threading.Condition()
        threading.Thread(target=self._drain, daemon=True).start()

    def _drain(self) -> None:
        while True:
            try:
                data = os.read(self._master, 1 << 16)
            except OSError:
                return
            with self._read:
                self.bytes_written += len(data)
                self._recent = (self._recent + data)[-_REMEMBERED:]
                self._read.notify_all()

    def press(self, keys: str, shows: str) -> float:
        """Press keys; seconds until the text comes.

        Raises:
            TimeoutError: it didn't come.
        """
        with self._read:
            self._recent = b""
            pressed = time.monotonic()
            os.write(self._master, keys.encode())
        self.wait_for(shows)
        return time.monotonic() - pressed

    def wait_for(self, text: str) -> None:
        """Wait until the text has come; a TimeoutError where it doesn't."""
        with self._read:
            if not self._read.wait_for(lambda: text.encode() in self._recent, _LIMIT_S):
                raise TimeoutError(f"{text!r} was not on the screen")

    def leave(self) -> None:
        """Leave it by its key, and by force where that takes too long."""
        os.write(self._master, b"q")
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


def watch(plan: Plan, out: Path, **terminal: Any) -> Watched:
    """Run the application on ``plan`` until the run is over, then leave it by its key; see ``Terminal``."""
    shown = Terminal(plan, out, **terminal)
    watched = Watched()
    shown.wait_for("Models")
    _follow(shown, watched, out)
    shown.leave()
    return watched


def _follow(shown: Terminal, watched: Watched, out: Path) -> None:
    screen = psutil.Process(shown.process.pid)
    begun: tuple[float, float, int] | None = None
    seen = 0
    while shown.process.poll() is None:
        time.sleep(0.05)
        for run in out.glob("*/run.json"):
            watched.run = run.parent
            samples = run.with_name("samples.jsonl")
            count = samples.read_bytes().count(b'"phase":"measure"') if samples.exists() else 0
            now = (time.monotonic(), sum(screen.cpu_times()[:2]), shown.bytes_written)
            if count and begun is None:
                begun = now
            if count > seen and begun:
                seen = count
                watched.followed_s = now[0] - begun[0]
                watched.followed_cpu_s = now[1] - begun[1]
                watched.followed_bytes = now[2] - begun[2]
            if b'"status": "running"' not in run.read_bytes()[:4096]:
                return
