"""Closes a run with whatever status its measuring earned it."""

import asyncio
import contextlib
import threading
from collections.abc import Awaitable

from foundry_bench.session.facet_ratings import check_run
from foundry_bench.session.store import Run
from foundry_bench.values.errors import InputError
from foundry_bench.values.result import RunStatus


async def close_after(measuring: Awaitable[bool], run: Run) -> RunStatus:
    """Await ``measuring``, which tells whether it came to its own end, and close the run, whatever happens.

    Of a run that is done the answers are scored by the checks of their facets.

    Returns:
        "done", "failed" where no model has answered, or "interrupted".

    Raises:
        OSError: ``run.json`` can't be written; what ``measuring`` raises comes through too.
    """
    status: RunStatus = "interrupted"
    try:
        if await measuring:
            answered = any(result.counts.answered for result in run.record.models)
            status = "done" if answered else "failed"
    finally:
        run.close(status)
    if status == "done":
        # What can't be checked now, or is interrupted, is checked by `rate --check`: the run is done all the same.
        over = threading.Event()
        with contextlib.suppress(InputError, OSError, asyncio.CancelledError):
            try:
                await asyncio.to_thread(check_run, run.path, over.is_set)
            finally:
                over.set()
    return status
