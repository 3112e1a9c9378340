"""Starts the embedded runtime and lists its catalog in a process of its own, so that a crash is news and no accident.

Reads one ``Catalog`` command, and tells: a stage as soon as each is reached, then the list.
"""

import os
import sys

from foundry_bench.values.events import CatalogListed, Event, StageStarted
from foundry_bench.worker.foundry_runtime import FoundryRuntime
from foundry_bench.worker.protocol import Catalog, decode_command, encode


def main() -> None:
    """One trial. Any error ends the process with its traceback in the log, where descriptors 1 and 2 lead."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)

    def tell(event: Event) -> None:
        out.write(encode(event))

    command = decode_command(sys.stdin.buffer.readline())
    if isinstance(command, Catalog):
        tell(StageStarted(model="", stage="start"))
        runtime = FoundryRuntime(command.runtime)
        tell(StageStarted(model="", stage="catalog"))
        tell(CatalogListed(entries=tuple(entry for entry, _ in runtime.variants())))
    # The runtime's own exit handlers may wait for its threads.
    os._exit(0)


if __name__ == "__main__":
    main()
