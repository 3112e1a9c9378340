"""The file ``judge.jsonl`` of a run: every answer of every judge, raw and as it was read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec

from foundry_bench.session.verdicts import FacetScore
from foundry_bench.values.errors import InputError
from foundry_bench.values.pairs import Said
from foundry_bench.worker.bounded import read_bounded

JUDGE_FILE = "judge.jsonl"
_MOST_BYTES = 1 << 30  # it grows by a line a question


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One answer of a judge.

    Attributes:
        question: the id of what it was asked.
        texts: hashes of the judged texts: one, or those of A and B.
        answer: what the judge wrote, as it wrote it.
        error: why there are no ``scores`` or no ``better``; None where there are.
    """

    at: datetime
    judge: str
    kind: Literal["score", "pair"]
    question: str
    prompt_id: str
    texts: tuple[str, ...]
    attempt: int
    answer: str
    error: str | None = None
    scores: Mapping[str, FacetScore] = field(default_factory=dict)
    better: Said | None = None
    reason: str = ""


_verdicts = msgspec.json.Decoder(Verdict)


def read_verdicts(path: Path) -> dict[str, dict[str, Verdict]]:
    """The usable verdicts in the run's folder ``path``, by judge and question; of several to one the last.

    Raises:
        InputError: a line but for the last, which a killed process may have torn, can't be read.
    """
    file = path / JUDGE_FILE
    try:
        lines = read_bounded(file, _MOST_BYTES).splitlines() if file.exists() else []
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; a run keeps what its judges said there") from error
    found: dict[str, dict[str, Verdict]] = {}
    for number, line in enumerate(lines, 1):
        try:
            verdict = _verdicts.decode(line)
        except (ValueError, RecursionError) as error:
            if number < len(lines):
                raise InputError(f"{file}, line {number}: {error}; mend or remove it") from error
            break
        if verdict.error is None:
            found.setdefault(verdict.judge, {})[verdict.question] = verdict
    return found
