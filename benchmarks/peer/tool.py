"""What a measuring tool is asked to do, how it is driven, which answers it exports."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROMPT = "Answer at your own pace."

ItlOf = Literal["gap", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as the peer exports it; seconds, None where it exports no such figure.

    ``start`` orders the answers by when they were sent, on any scale. ``itl_s`` is the peer's own figure for the
    answer, ``gaps_s`` the time from each token-bearing event to the next.
    """

    start: float
    response_id: str | None = None
    ttft_s: float | None = None
    itl_s: float | None = None
    gaps_s: tuple[float, ...] = ()
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of a peer; ``answers`` includes those that are left out."""

    executable: str
    url: str
    model: str
    streams: int
    tokens: int
    answers: int
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """How a peer is driven and read.

    Attributes:
        command: writes what the peer needs into the job's folder; its command line.
        read: its answers from that folder.
        rate_means: what it calls tokens a second.
        itl_of: what it exports of the time between tokens.
        most_streams: how many answers it can have under way at once.
    """

    command: Callable[[Job], list[str]]
    read: Callable[[Path], list[Answer]]
    rate_means: str
    itl_of: ItlOf = "answer"
    most_streams: int | None = None


def only_file(folder: Path, name: str) -> Path:
    """The only file of that name in the folder, however deep.

    Raises:
        RuntimeError: there is none, or several.
    """
    found = sorted(folder.rglob(name))
    if len(found) != 1:
        raise RuntimeError(f"the peer wrote {len(found)} files named {name}")
    return found[0]
