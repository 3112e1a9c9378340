"""A download under way as one frozen value; when it has stalled, and how long to wait before the next try."""

from dataclasses import dataclass, replace
from typing import Literal

from foundry_bench.values.record import Failure

TransferState = Literal["waiting", "downloading", "retrying", "done", "failed", "cancelled"]

ATTEMPTS = 5
_SEARCH_LIMIT_S = 60.0  # the runtime waits 30 s for a catalog that doesn't answer
_FIRST_STALL_S = 20.0
_LONGEST_STALL_S = 300.0
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_SPEED_WINDOW_S = 5.0
# What another try won't mend.
_LASTING = frozenset(
    {"unknown_model", "no_such_variant", "does_not_fit", "disk_full", "forbidden", "not_found", "unsupported"}
    | {"http_401", "http_403", "cache_unusable", "data_folder", "runtime_failed", "not_an_endpoint", "ambiguous_model"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One model's download.

    Attributes:
        fraction: what is on the disk, from 0 to 1.
        size_mb: of the whole model, where the catalog tells.
        attempt: from 1, anew after one that brought something; ``retried_s`` is when a further one begins.
        begun_at: the fraction at the attempt's beginning.
        fetching: whether the attempt is past the search in the catalog.
        moved_s: when something last arrived.
        marks: (time s, MB arrived) of the last seconds, of this attempt.
    """

    name: str
    state: TransferState = "waiting"
    id: str | None = None
    size_mb: float | None = None
    fraction: float = 0.0
    attempt: int = 1
    begun_at: float = 0.0
    retried_s: float | None = None
    fetching: bool = False
    moved_s: float = 0.0
    marks: tuple[tuple[float, float], ...] = ()
    error: Failure | None = None
    advice: str | None = None

    @property
    def open(self) -> bool:
        """Whether it is not over."""
        return self.state in {"waiting", "downloading", "retrying"}

    @property
    def arrived(self) -> float:
        """The fraction that has arrived: the disk gets it in large pieces, of which those under way may yet be lost."""
        if self.state != "downloading" or not self.marks or not self.size_mb:
            return self.fraction
        return max(self.fraction, min(0.99, self.begun_at + self.marks[-1][1] / self.size_mb))


def begun(transfer: Transfer, now_s: float) -> Transfer:
    """An attempt begins."""
    fresh = replace(transfer, state="downloading", retried_s=None, error=None, advice=None)
    return replace(fresh, begun_at=transfer.fraction, fetching=False, moved_s=now_s, marks=())


def found(transfer: Transfer, now_s: float, model_id: str, size_mb: float | None) -> Transfer:
    """The catalog knows it; what follows is the download itself."""
    return replace(transfer, id=model_id, size_mb=size_mb or transfer.size_mb, fetching=True, moved_s=now_s)


def progressed(
    transfer: Transfer, now_s: float, *, fraction: float | None = None, received_mb: float | None = None
) -> Transfer:
    """More of it is there: as a ``fraction`` of the whole, or as MB that arrived since the attempt began."""
    further = max(transfer.fraction, fraction or 0.0)
    if received_mb is None:
        received_mb = (further - transfer.begun_at) * transfer.size_mb if transfer.size_mb else None
    last = transfer.marks[-1][1] if transfer.marks else -1.0
    moved = further > transfer.fraction or (received_mb is not None and received_mb > last)
    marks = transfer.marks
    if received_mb is not None and received_mb >= last:
        kept = [mark for mark in marks if now_s - mark[0] <= _SPEED_WINDOW_S]
        marks = (*kept, (now_s, received_mb))
    return replace(transfer, fraction=further, moved_s=now_s if moved else transfer.moved_s, marks=marks)


def speed_mb_s(transfer: Transfer) -> float | None:
    """MB a second over the last five seconds; None before there are two readings."""
    if transfer.state != "downloading" or len(transfer.marks) < 2:
        return None
    (first_s, first_mb), (last_s, last_mb) = transfer.marks[0], transfer.marks[-1]
    return (last_mb - first_mb) / (last_s - first_s) if last_s > first_s else None


def eta_s(transfer: Transfer) -> float | None:
    """What is left / the speed; None where either is not known."""
    speed = speed_mb_s(transfer)
    if not speed or transfer.size_mb is None:
        return None
    return transfer.size_mb * (1 - transfer.arrived) / speed


def stall_limit_s(transfer: Transfer) -> float:
    """Longest silence of an attempt: 20 s, and twice as long each time, so that a slow line gets through at last."""
    if not transfer.fetching:
        return _SEARCH_LIMIT_S
    return min(_LONGEST_STALL_S, _FIRST_STALL_S * 2.0 ** (transfer.attempt - 1))


def stalled(transfer: Transfer, now_s: float) -> bool:
    """Whether nothing has arrived for too long."""
    return transfer.state == "downloading" and now_s - transfer.moved_s > stall_limit_s(transfer)


def wait_s(attempt: int) -> float:
    """Pause after a failed attempt: 1 s, and twice as long each time, at most 30 s."""
    return min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (attempt - 1))


def broke_off(transfer: Transfer, now_s: float, error: Failure, advice: str | None = None) -> Transfer:
    """An attempt failed: another one is due, unless the reason lasts or ``ATTEMPTS`` in a row brought nothing."""
    ended = replace(transfer, error=error, advice=advice)
    attempt = 1 if transfer.fraction > transfer.begun_at else transfer.attempt
    lasting = error.type in _LASTING or (error.type in {"offline", "unreachable"} and not transfer.fraction)
    if lasting or attempt >= ATTEMPTS:
        return replace(ended, state="failed")
    return replace(ended, state="retrying", attempt=attempt + 1, retried_s=now_s + wait_s(attempt))
