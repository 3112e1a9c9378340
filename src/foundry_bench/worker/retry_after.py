"""Reads how long a refusal asks to wait."""

import email.utils
import math
from collections.abc import Mapping
from datetime import UTC, datetime

_BUSY = (429, 503)
_LEAST_S = 0.1  # one that asks for no wait at all isn't to be asked without a pause


def retry_after_s(status: int, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait before asking again; None where the answer is no refusal for now, or doesn't say how long.

    Args:
        status: the answer's.
        headers: by their names in lower case; ``retry-after`` is a number of seconds, or a date (RFC 9110, 10.2.3).
        now: the time by the wall clock, which a date is held against.
    """
    asked = headers.get("retry-after", "").strip()
    if status not in _BUSY or not asked:
        return None
    try:
        seconds = float(asked)
    except ValueError:
        try:
            date = email.utils.parsedate_to_datetime(asked)
        except ValueError:
            return None
        seconds = ((date if date.tzinfo else date.replace(tzinfo=UTC)) - now).total_seconds()
    return max(_LEAST_S, seconds) if math.isfinite(seconds) else None
