"""Whether a process is at rest, also where others leave it no processor."""

import asyncio
import subprocess
import sys
import threading

import pytest

from foundry_bench.worker.rest import at_rest

# It gets a hundredth of the one processor that it may use: another program has the rest.
_STARVED = """
import asyncio, os, subprocess, sys, threading
from foundry_bench.worker.rest import at_rest

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
    os.nice(19)
    over = threading.Event()

    def compute():
        while not over.is_set():
            pass

    computing = threading.Thread(target=compute)
    computing.start()
    busy = asyncio.run(at_rest(2.0))
    over.set()
    computing.join()
    other.kill()
    print(busy)
"""


@pytest.mark.alone
async def test_a_process_is_at_rest_when_its_threads_are() -> None:
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            pass

    computing = threading.Thread(target=compute)
    computing.start()
    try:
        assert not await at_rest(1.0)
    finally:
        over.set()
        await asyncio.to_thread(computing.join)
    assert await at_rest(20.0)


@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't tell how long threads waited for a processor")
def test_a_process_that_waits_for_a_processor_is_not_at_rest() -> None:
    done = subprocess.run([sys.executable, "-c", _STARVED], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
