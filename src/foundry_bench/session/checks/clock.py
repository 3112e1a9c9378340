"""Checks the clocks that everything is measured with, and this machine's own timing error."""

import contextlib
import ctypes
import socket
import sys
import time
from pathlib import Path

from foundry_bench.session.calibrating import calibrate, short_loads
from foundry_bench.values.calibration import timing_error
from foundry_bench.values.check import Check, failed, ok, warning
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import seconds
from foundry_bench.worker.clock import ANCILLARY_SIZE, ask_for_kernel_stamps, kernel_stamp_ns, monotonic_offset_ns

_BATCHES, _READINGS = 50, 500
_COARSE_S = 1e-6
_SLOW_READ_S = 1e-6
_TTFT_BOUND_S, _ITL_BOUND_S = 0.005, 0.001
_TIME_ERROR = 5  # what adjtimex returns where nothing sets the clock
_CLOCK_SOURCE = Path("/sys/devices/system/clocksource/clocksource0/current_clocksource")


def check_clock() -> list[Check]:
    """The monotonic clock's resolution and cost, whether it ever goes back, the kernel's stamps, the wall clock."""
    return [_monotonic(), _kernel_stamps(), *_wall_clock()]


def _monotonic() -> Check:
    backwards, costs = 0, []
    for _ in range(_BATCHES):
        began = before = time.perf_counter_ns()
        for _ in range(_READINGS):
            now = time.perf_counter_ns()
            backwards += now < before
            before = now
        costs.append((before - began) / _READINGS / 1e9)
    cost_s = min(costs)  # the others were interrupted
    resolution_s = time.get_clock_info("perf_counter").resolution
    source = ""
    with contextlib.suppress(OSError, ValueError):
        source = f", source {_CLOCK_SOURCE.read_text('ascii').strip()}"
    found = f"resolution {resolution_s * 1e9:.0f} ns, {cost_s * 1e9:.0f} ns a reading{source}"
    if backwards:
        return failed(
            "clock",
            f"went back {backwards} times in {_BATCHES * _READINGS:,} readings{source}",
            "reboot; update the system",
        )
    if resolution_s > _COARSE_S or cost_s > _SLOW_READ_S:
        return warning("clock", found, "a virtual machine's clock? times below a few microseconds mean little")
    return ok("clock", found)


def _kernel_stamps() -> Check:
    """Send a datagram to ourselves and see whether it comes with a stamp of this moment."""
    else_ = "arrivals are stamped when the worker hears of them"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(1.0)
            if not ask_for_kernel_stamps(sock):
                return ok("arrival stamps", f"none by the kernel on this system: {else_}")
            sent_ns = time.perf_counter_ns()
            sock.sendto(b"?", sock.getsockname())
            _, ancillary, _, _ = sock.recvmsg(16, ANCILLARY_SIZE)
        except OSError as error:
            return warning("arrival stamps", f"no datagram on loopback: {error}; {else_}", "check the network setup")
    stamp_ns = kernel_stamp_ns(ancillary, monotonic_offset_ns())
    late_s = None if stamp_ns is None else (time.perf_counter_ns() - stamp_ns) / 1e9
    if late_s is None or not 0 <= late_s < (time.perf_counter_ns() - sent_ns) / 1e9 + 0.001:
        return warning("arrival stamps", f"the kernel's are missing or wrong: {else_}", "update the kernel")
    return ok("arrival stamps", "by the kernel")


def _wall_clock() -> list[Check]:
    """Whether something keeps the wall clock right, where that can be read: runs are named by it, nothing else is."""
    if sys.platform != "linux":
        return []
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512))  # all zeros: a question
    except (OSError, AttributeError):
        return []
    if state < 0:
        return []
    if state == _TIME_ERROR:
        return [warning("wall clock", "nothing keeps it right", "start a time service (systemd-timesyncd, chrony)")]
    return [ok("wall clock", "kept right by a time service")]


async def check_timing() -> Check:
    """The short calibration: this machine's own error, on one stream of known cadence."""
    try:
        found = await calibrate(short_loads(1), short=True)
    except InputError as error:
        return failed("timing error", str(error), "is the loopback network blocked?")
    if found.ttft_p99_s > _TTFT_BOUND_S or found.itl_p99_s > _ITL_BOUND_S:
        mend = (
            f"close other programs: usual are TTFT below {seconds(_TTFT_BOUND_S)} and ITL below {seconds(_ITL_BOUND_S)}"
        )
        return warning("timing error", timing_error(found), mend)
    return ok("timing error", timing_error(found))
