"""Kernel receive stamps on the monotonic clock.

Linux stamps each packet with the real-time clock (``SO_TIMESTAMPNS``); everything here is measured with the
monotonic one. The offset between them is read often, as the real-time clock may be set while a run goes on.
"""

import socket
import struct
import sys
import time

# The 64-bit form of the option and of its datum; the socket module has no name for it.
_SO_TIMESTAMPNS = 35
_DATUM = struct.Struct("qq")
_READINGS = 300
_OFFSET_AGE_NS = 250_000_000

KERNEL_STAMPS = sys.platform == "linux" and struct.calcsize("P") == 8
ANCILLARY_SIZE = socket.CMSG_SPACE(_DATUM.size) if KERNEL_STAMPS else 0


def monotonic_offset_ns() -> int:
    """Nanoseconds to add to the real-time clock to get the monotonic one: the tightest of many readings."""
    best_span, best_offset = 1 << 62, 0
    for _ in range(_READINGS):
        before = time.perf_counter_ns()
        real = time.time_ns()
        after = time.perf_counter_ns()
        if after - before < best_span:
            best_span, best_offset = after - before, (before + after) // 2 - real
    return best_offset


_offset_ns, _offset_read_ns = 0, -1 << 62


def recent_offset_ns() -> int:
    """``monotonic_offset_ns``, read again when the last reading is over a quarter of a second old."""
    global _offset_ns, _offset_read_ns  # noqa: PLW0603 - one clock, one offset: a value of the process
    if time.perf_counter_ns() - _offset_read_ns > _OFFSET_AGE_NS:
        _offset_ns = monotonic_offset_ns()
        _offset_read_ns = time.perf_counter_ns()
    return _offset_ns


def ask_for_kernel_stamps(sock: socket.socket) -> bool:
    """Ask the kernel to stamp what arrives on ``sock``; False where it can't."""
    if not KERNEL_STAMPS:
        return False
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    except OSError:
        return False
    return True


def kernel_stamp_ns(ancillary: list[tuple[int, int, bytes]], offset_ns: int) -> int | None:
    """The arrival on the monotonic clock that came with a ``recvmsg``, or None if none did."""
    for level, kind, datum in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(datum) >= _DATUM.size:
            seconds, nanoseconds = _DATUM.unpack_from(datum)
            return int(seconds * 1_000_000_000 + nanoseconds + offset_ns)
    return None
