"""The process in which a benchmark runs that a screen started: it goes on when the terminal goes away.

Its job comes in on standard input; how the benchmark is reached, or why it was not begun, goes out on standard output.
From then on the process needs nobody, and what it prints goes to its log.
"""

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from foundry_bench.session.beacons import Beacon
from foundry_bench.session.channel import Job, Refused, decode_line, encode_line
from foundry_bench.session.cluster import hosts_for
from foundry_bench.session.environment import describe_environment
from foundry_bench.session.serving import ServedBenchmark
from foundry_bench.session.signals import answered
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError


def main() -> None:
    """Carry the job out, to its end or to the first polite signal."""
    job = decode_line(sys.stdin.buffer.read())
    if not isinstance(job, Job):
        raise TypeError(f"expected a job, not {type(job).__name__}")
    try:
        hosts = hosts_for(job.plan, job.targets)
        run = Run.create(Path(job.out), job.plan, describe_environment(), hosts=hosts)
    except (InputError, OSError) as error:
        _answer(Refused(message=str(error)))
    else:
        asyncio.run(_measure(job, run))


async def _measure(job: Job, run: Run) -> None:
    task = asyncio.ensure_future(ServedBenchmark(job.plan, job.targets, run).measure(_answer))
    with answered(SIGTERM=task.cancel, SIGINT=task.cancel):
        await asyncio.wait([task])
    if not task.cancelled():
        task.result()


def _answer(message: Beacon | Refused) -> None:
    """Tell whoever started this process, and part from it: standard output leads to the log from now on."""
    with contextlib.suppress(OSError):  # it is gone already
        os.write(1, encode_line(message))
    os.dup2(2, 1)


if __name__ == "__main__":
    main()
