"""Scores an answer by the checks of its facets, none of which can take longer than its time."""

import json
import subprocess
import sys
import threading
from types import TracebackType
from typing import Any, Self

from foundry_bench.values.facet_checks import Finding, quick_findings, score
from foundry_bench.values.facets import Facet
from foundry_bench.values.format import one_line

LIMIT_S = 2.0
# The first check waits for the process to start as well, on a machine that may be busy.
_START_S = 20.0
_LONGEST_WHY = 200


class Checker:
    """Checks answers; use it as a context, which ends the process that it may have started.

    A pattern may take longer than anybody waits, by a text that a model wrote: patterns and schemas run in a process
    of their own, which is ended after ``limit_s`` seconds. Such a check fails.
    """

    def __init__(self, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def score(self, text: str, facet: Facet) -> tuple[float | None, str]:
        """The score of a text by one facet, from 1 to 5 (see ``values.facet_checks.score``), and why."""
        findings = list(quick_findings(text, facet))
        for kind, rule in (("regex", facet.regex), ("json_schema", facet.json_schema)):
            if rule is not None:
                findings.append(self._slow(kind, rule, text))
        return score(findings), one_line("; ".join(one.why for one in findings))[:_LONGEST_WHY]

    def _slow(self, kind: str, rule: Any, text: str) -> Finding:
        line = json.dumps([kind, rule, text]).encode() + b"\n"
        if self._child is None:
            self._start()
        answer = self._exchange(line, self._limit_s)
        if answer is None:
            return Finding(share=0, why=f"the {kind} took more than {self._limit_s:g} s, or its process died")
        met, why = answer
        return Finding(share=float(met), why=why)

    def _start(self) -> None:
        command = [sys.executable, "-P", "-m", "foundry_bench.session.facet_check_child"]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
        )
        self._exchange(b'["regex", "", ""]\n', _START_S)

    def _exchange(self, line: bytes, limit_s: float) -> tuple[bool, str] | None:
        """One line there and one back; None where none came in time, and the process is ended."""
        child = self._child
        if child is None or child.stdin is None or child.stdout is None:
            return None
        timer = threading.Timer(limit_s, child.kill)
        timer.start()
        try:
            child.stdin.write(line)
            child.stdin.flush()
            answer = child.stdout.readline()
        except OSError:
            answer = b""
        finally:
            timer.cancel()
        if not answer.endswith(b"\n"):
            self._end()
            return None
        met, why = json.loads(answer)
        return met, why

    def _end(self) -> None:
        if self._child:
            self._child.kill()
            # Closing the input may want to flush what a dead process doesn't take.
            self._child.communicate()
            self._child = None
