"""One tool measured on one load."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.request import urlopen

from foundry_bench.values.calibration import SendLog
from peer import aiperf, benchrig, guidellm, llama_benchy
from peer.errors import Errors, Figures, compare, pair
from peer.processes import others_cpu_s, run_command, version
from peer.tool import ItlOf, Job, Tool

_DELAY_MS = 20

TOOLS: Mapping[str, Tool] = {
    "aiperf": aiperf.TOOL,
    "guidellm": guidellm.TOOL,
    "llama-benchy": llama_benchy.TOOL,
    "benchrig": benchrig.TOOL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerResult:
    """What a peer reported of one load, what was true, and what it cost.

    Attributes:
        n: answers compared, those of the start left out.
        itl_of: whether ``itl`` is of single gaps between tokens or of each answer's mean gap.
        rate_means: what the peer calls tokens a second.
        paired: how its answers were matched with the server's.
        reported: the peer's figures, from the records it exports.
        truth: the same from the server's log: from a request's arrival to the first token's sending, between sendings,
            and decode rate (tokens after the first / time from the first to the last).
        wall_s: time of the whole command, its start included.
        cpu_s: CPU time of its process tree, likewise.
        tokens: output tokens it received in that time, those of the start included.
        elsewhere: cores taken meanwhile by processes that are neither the peer's nor ours.
    """

    peer: str
    version: str
    streams: int
    interval_ms: float
    n: int
    itl_of: ItlOf
    rate_means: str
    paired: Literal["response id", "order"]
    reported: Figures
    truth: Figures
    errors: Errors
    wall_s: float
    cpu_s: float
    tokens: int
    elsewhere: float


def measure(
    peer: str, executable: str, url: str, *, streams: int, interval_ms: float, tokens: int, answers: int, folder: Path
) -> PeerResult:
    """Run a peer against the reference server at ``url`` and compare what it exports with the server's log.

    ``folder`` must be empty; it is the peer's home and keeps all it writes.

    Raises:
        RuntimeError: the peer failed, or did not measure every answer.
    """
    tool = TOOLS[peer]
    job = Job(
        executable=executable,
        url=url,
        model=f"reference?interval_ms={interval_ms:g}&delay_ms={_DELAY_MS}",
        streams=streams,
        tokens=tokens,
        answers=answers + streams,
        folder=folder,
    )
    _logs(url)
    command = tool.command(job)
    others_before = others_cpu_s()
    wall_s, cpu_s = run_command(command, folder)
    elsewhere = (others_cpu_s() - others_before) / wall_s
    logs = _logs(url)
    found = tool.read(folder)
    if len(found) != job.answers or len(logs) != job.answers:
        raise RuntimeError(f"{peer} was asked for {job.answers} answers, sent {len(logs)} and exports {len(found)}")
    pairs = pair(found, logs, left_out=streams)
    reported, truth, errors = compare(pairs, tool.itl_of)
    return PeerResult(
        peer=peer,
        version=version(executable),
        streams=streams,
        interval_ms=interval_ms,
        n=len(pairs),
        itl_of=tool.itl_of,
        rate_means=tool.rate_means,
        paired="response id" if found[0].response_id else "order",
        reported=reported,
        truth=truth,
        errors=errors,
        wall_s=wall_s,
        cpu_s=cpu_s,
        tokens=tokens * job.answers,
        elsewhere=elsewhere,
    )


def _logs(url: str) -> dict[str, SendLog]:
    """What the server has sent since it was last asked."""
    with urlopen(f"{url}/logs", timeout=30) as answer:
        return {name: SendLog(**log) for name, log in json.load(answer).items()}
