"""The first, light request: a damaged model loads without complaint and then says nothing."""

import asyncio
import time

from foundry_bench.values.plan import Prompt
from foundry_bench.worker.answer import Request
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.flights import Flights

CANARY = Prompt(id="canary", prompt="Say hello.")
CANARY_TOKENS = 16
_RETRY_S = 1.0
_STILL_LOADING = {"http_503", "http_429"}
_ADVICE = {
    "no_answer": "its files may be damaged: remove the model and download or import it again",
    "timeout": "give it more time with --timeout, or choose a smaller variant",
}
_ELSE = "try it alone with `foundry-bench probe`, and see the worker's log of this run"


async def first_answer(flights: Flights, request: Request, timeout_s: float) -> float | None:
    """The TTFT (s) of a model that has just been loaded; a server that is still loading it is asked again.

    Raises:
        ModelUnavailableError: if it doesn't answer.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        sample = await flights.ask(0, request, "raw")
        if sample.counts or flights.stopped:
            return sample.ttft_s
        kind, message = (sample.error.type, sample.error.message) if sample.error else ("error", "")
        if kind not in _STILL_LOADING or time.monotonic() > deadline:
            advice = _ADVICE.get(kind, _ELSE)
            raise ModelUnavailableError(kind, f"the model did not answer a first prompt: {message}", advice)
        await asyncio.sleep(_RETRY_S)
