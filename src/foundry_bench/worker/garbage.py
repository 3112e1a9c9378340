"""Keeps Python's garbage collector from stopping the world while stamps are taken; its stalls reach 60 ms."""

import contextlib
import gc
from collections.abc import Iterator

# Container objects since the last collection: some 10 MB.
_GARBAGE = 100_000


@contextlib.contextmanager
def quiet_collector() -> Iterator[None]:
    """Nothing is collected inside the block but by ``collect_if_needed``, and nothing that was there before it."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


def collect_if_needed() -> None:
    """Collect where much has piled up; to be called when no request is in flight."""
    if gc.get_count()[0] > _GARBAGE:
        gc.collect()
