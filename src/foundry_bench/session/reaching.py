"""Whether the catalog's host can be reached, found out apart from the runtime, which doesn't tell."""

import asyncio
import time
import urllib.error
import urllib.request

from foundry_bench.session.threads import in_thread
from foundry_bench.values.format import one_line

# Where the runtime looks of itself.
DEFAULT_CATALOG = "https://api.catalog.azureml.ms/asset-gallery/v1.0/models"
LIMIT_S = 3.0


async def reach(url: str) -> tuple[str | None, float]:
    """Why the host doesn't answer, None where it does, with whatever; and the seconds that took."""
    began_s = time.monotonic()
    reason: str | None = None
    try:
        async with asyncio.timeout(LIMIT_S):
            await in_thread(lambda: _knock(url))
    except TimeoutError:
        reason = f"no answer within {LIMIT_S:g} s"
    except (OSError, ValueError) as error:
        cause = getattr(error, "reason", error)
        reason = one_line(str(getattr(cause, "strerror", None) or cause)) or "no answer"
    return reason, time.monotonic() - began_s


def _knock(url: str) -> None:
    try:
        # Any answer at all will do.
        with urllib.request.urlopen(url, timeout=LIMIT_S):  # noqa: S310 - the setting is checked to be http or https
            pass
    except urllib.error.HTTPError as answer:
        answer.close()
