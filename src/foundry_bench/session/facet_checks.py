"""Scores an answer by the checks of its facets, none of which can take longer than its time."""

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from foundry_bench.values.facet_checks import Finding, quick_findings, score
from foundry_bench.values.facets import Facet
from foundry_bench.values.format import one_line
from foundry_bench.worker.processes import apart

LIMIT_S = 2.0
_LONGEST_WHY = 200


class Checker:
    """Checks answers; use it as a context, which ends the process that it may have started.

    A pattern may take longer than anybody waits, by a text that a model wrote: patterns and schemas run in a process
    of their own, which ends itself when one takes ``LIMIT_S`` seconds. Such a check fails.
    """

    def __init__(self) -> None:
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
        answer = self._exchange(json.dumps([kind, rule, text]).encode() + b"\n")
        if not answer.endswith(b"\n"):
            self._end()
            return Finding(share=0, why=f"the {kind} took more than {LIMIT_S:g} s, or its process died")
        met, why = json.loads(answer)
        return Finding(share=float(met), why=why)

    def _exchange(self, line: bytes) -> bytes:
        """One line there and one back; none comes back where the process ended itself."""
        if self._child is None:
            command = [sys.executable, "-P", "-m", "foundry_bench.session.facet_check_child", str(LIMIT_S)]
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                **apart(),
            )
        if self._child.stdin is None or self._child.stdout is None:
            return b""
        try:
            self._child.stdin.write(line)
            self._child.stdin.flush()
            return self._child.stdout.readline()
        except OSError:
            return b""

    def _end(self) -> None:
        if self._child:
            self._child.kill()
            # Closing the input may want to flush what a dead process doesn't take: this knows.
            self._child.communicate()
            self._child = None
