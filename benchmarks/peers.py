"""How far other tools' figures are from the truth: each measures the reference server, which logs when it sent what.

    python benchmarks/peers.py [--peer NAME=EXECUTABLE] [--load STREAMS,INTERVAL_MS,TOKENS,ANSWERS] [--json FILE]

A peer's executable is named by ``--peer``, by the environment variable ``PEER_<NAME>`` or found on the path; a peer
that is nowhere is listed as "not installed". Every peer gets the same prompt and the same number of answers, and as
many answers as there are streams beforehand, which are left out: they open the connections. Nothing is downloaded: the
tokenizer and the text some peers ask for are written here, and the server's own token counts are used where possible.

Our own engine goes through the same loads as ``foundry-bench``. What other processes of the machine took of its cores
meanwhile stands at the end of each line: only lines where that is small can be compared. POSIX only: the CPU time of a
process tree is what the system accounts to finished children.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from peer.errors import Errors
from peer.measuring import TOOLS, PeerResult, measure
from peer.processes import await_quiet, others_cpu_s
from peer.tool import ItlOf

from foundry_bench.session.calibrating import FULL, Load, measure_level, reference_server
from foundry_bench.values.calibration import ErrorSize, Level

_START = Load(1, 5, 20, 1)


def executables(named: Sequence[str]) -> dict[str, str | None]:
    """Where each peer's command is: as named, by the environment, on the path, or None."""
    given = dict(name.split("=", 1) for name in named)
    return {
        peer: given.get(peer) or os.environ.get(f"PEER_{peer.upper().replace('-', '_')}") or shutil.which(peer)
        for peer in TOOLS
    }


def _row(result: PeerResult, start: PeerResult) -> str:
    """One line of the table; the CPU time is that less what a run of a single answer takes."""
    net_s = (result.cpu_s - start.cpu_s) / (result.tokens - start.tokens) * 1000
    cost = f"CPU {net_s:6.3f} s/1000 tokens" if net_s > 0 else "CPU less than its start varies by"
    cost += f" and {start.cpu_s:.1f} s to start"
    return _line(result.peer, result.streams, result.errors, result.itl_of, cost, result.elsewhere)


def _own_row(level: Level, elsewhere: float) -> str:
    errors = Errors(
        ttft=level.ttft,
        itl=level.itl,
        ttft_p50_s=None,
        ttft_p99_s=None,
        itl_p50_s=None,
        itl_p99_s=None,
        rate_bias=level.rate_bias,
    )
    cost = f"CPU {level.cpu_s_per_1000_tokens:6.3f} s/1000 tokens, worker only"
    return _line("foundry-bench", level.streams, errors, "gap", cost, elsewhere)


def _line(name: str, streams: int, errors: Errors, itl_of: ItlOf, cost: str, elsewhere: float) -> str:
    """Sizes of the errors as p50 / p99 in ms, the rate's in per cent."""
    bias = f"{errors.rate_bias:+.2%}" if errors.rate_bias is not None else "-"
    return (
        f"{name:<14}{streams:>3} streams  TTFT {_sizes(errors.ttft):>16} ms"
        f"  ITL by {itl_of:<6} {_sizes(errors.itl):>16} ms"
        f"  rate {bias:>7}  {cost}  ({elsewhere:.2f} cores taken elsewhere)"
    )


def _sizes(size: ErrorSize | None) -> str:
    return f"{size.p50_s * 1e3:.3f} / {size.p99_s * 1e3:.3f}" if size else "-"


async def _measure_peer(
    peer: str, executable: str, url: str, loads: Sequence[Load], base: Path, patience_s: float
) -> list[PeerResult]:
    """Measure and print one peer: a single answer first, to know what its start costs."""
    results: list[PeerResult] = []
    for number, load in enumerate((_START, *loads)):
        most = TOOLS[peer].most_streams
        if most and load.streams > most:
            print(
                f"{peer:<14}{load.streams:>3} streams  it has no more than {most} answer under way at once", flush=True
            )
            continue
        folder = base / f"{peer}-{number}"
        folder.mkdir(parents=True)
        await await_quiet(patience_s)
        try:
            results.append(measure(peer, executable, url, **asdict(load), folder=folder))
        except RuntimeError as error:
            print(f"{peer:<14}{load.streams:>3} streams  failed: {error}", flush=True)
            break
        if load is not _START:
            print(_row(results[-1], results[0]), flush=True)
    return results


async def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=EXECUTABLE", help="where a peer is")
    parser.add_argument("--only", action="append", help="measure only this peer (or foundry-bench)")
    parser.add_argument("--load", action="append", metavar="STREAMS,INTERVAL_MS,TOKENS,ANSWERS", help="instead of ours")
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for a quiet machine")
    parser.add_argument("--json", type=Path, help="write all results there")
    parser.add_argument("--keep", type=Path, help="keep what the peers write in this folder")
    given = parser.parse_args()
    parts = [words.split(",") for words in given.load or ()]
    loads = [Load(int(s), float(ms), int(t), int(n)) for s, ms, t, n in parts] or list(FULL)
    base = given.keep or Path(tempfile.mkdtemp(prefix="peers-"))
    results: list[PeerResult] = []
    async with reference_server() as url:
        for load in loads if not given.only or "foundry-bench" in given.only else ():
            await await_quiet(given.patience)
            before, started = others_cpu_s(), time.perf_counter()
            level = await measure_level(url, load)
            print(_own_row(level, (others_cpu_s() - before) / (time.perf_counter() - started)), flush=True)
        for peer, executable in executables(given.peer).items():
            if given.only and peer not in given.only:
                continue
            if executable:
                results += await _measure_peer(peer, executable, url, loads, base, given.patience)
            else:
                print(f"{peer:<14}not installed")
    if given.json:
        given.json.write_text(json.dumps([asdict(result) for result in results], indent=2), "utf-8")
    if not given.keep:
        shutil.rmtree(base)


if __name__ == "__main__":
    if sys.platform == "win32":
        sys.exit("the CPU time of a process tree is read the POSIX way")
    asyncio.run(_main())
