"""How much the TCP connections of this process have brought, by the system's own count."""

import contextlib
import os
import socket
import sys
from pathlib import Path

# In Linux's struct tcp_info: eight one-byte fields, 24 of four bytes, then of eight bytes pacing rate, its maximum,
# bytes acknowledged, bytes received.
_TCP_INFO_BYTES, _BYTES_RECEIVED = 136, slice(128, 136)


class Received:
    """Sums what arrived, over open connections and those that have closed since."""

    def __init__(self) -> None:
        self._by_socket: dict[str, int] = {}
        self._closed = 0

    def megabytes(self) -> float | None:
        """MB so far, as of the first call only what is still open then; None where the system doesn't tell."""
        if sys.platform != "linux":
            return None
        found = dict(_sockets())
        for name, count in self._by_socket.items():
            if found.get(name, -1) < count:
                self._closed += count
        self._by_socket = found
        return (self._closed + sum(found.values())) / 1e6


def _sockets() -> list[tuple[str, int]]:
    """The inode of each TCP socket of this process, with the bytes it received."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # closed meanwhile, no socket, or none of TCP
            name = str(entry.readlink())
            if name.startswith("socket:"):
                # A duplicate, as closing the Python object closes its descriptor.
                with socket.socket(fileno=os.dup(int(entry.name))) as connection:
                    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
                found.append((name, int.from_bytes(info[_BYTES_RECEIVED], sys.byteorder)))
    return found
