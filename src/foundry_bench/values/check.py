"""One line of a checklist: what was looked at, what was found, and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A finding; ``mend`` is empty where nothing needs mending, ``seconds`` is what the look took."""

    name: str
    outcome: Outcome
    found: str
    mend: str = ""
    seconds: float | None = None


def ok(name: str, found: str) -> Check:
    """All is well."""
    return Check(name=name, outcome="ok", found=found)


def warning(name: str, found: str, mend: str) -> Check:
    """It works, but not as well as it could."""
    return Check(name=name, outcome="warning", found=found, mend=mend)


def failed(name: str, found: str, mend: str) -> Check:
    """It does not work."""
    return Check(name=name, outcome="failed", found=found, mend=mend)


def tally(checks: Iterable[Check]) -> str:
    """How many ended in which way: ``1 failed, 2 warnings, 14 ok``."""
    outcomes = [check.outcome for check in checks]
    bad, doubtful = outcomes.count("failed"), outcomes.count("warning")
    warnings = f"{doubtful} warning{'' if doubtful == 1 else 's'}"
    return f"{bad} failed, {warnings}, {outcomes.count('ok')} ok"
