"""The checklist: runs every check, whatever the others find, and cuts off what hangs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from foundry_bench.session.checks.cache import check_cache
from foundry_bench.session.checks.clock import check_clock, check_timing
from foundry_bench.session.checks.endpoints import check_endpoints
from foundry_bench.session.checks.folders import check_folders
from foundry_bench.session.checks.machine import check_load, check_meters, check_power, check_telemetry
from foundry_bench.session.checks.runtime import RuntimeState, check_runtime
from foundry_bench.session.checks.software import check_software
from foundry_bench.session.checks.targets import check_targets
from foundry_bench.session.checks.terminal import check_terminal
from foundry_bench.session.settings import Settings
from foundry_bench.session.threads import in_thread
from foundry_bench.values.check import Check, failed
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line

_QUICK_LIMIT_S = 3.0
_CACHE_LIMIT_S = 6.0
_RUNTIME_LIMIT_S = 10.0
_TIMING_LIMIT_S = 10.0

Doing = Callable[[str], None]
Found = Check | Sequence[Check]


async def examine(settings: Settings, doing: Doing) -> AsyncGenerator[Check]:
    """Every check in turn; ``doing`` is told what is looked at. Models are asked last but for the clock's own error,
    as both want a quiet machine.
    """
    state = RuntimeState(())

    async def runtime() -> Found:
        nonlocal state
        state = await check_runtime(settings)
        return state.checks

    for name, check in _quick(settings):
        doing(name)
        for found in await _bounded(name, in_thread(check), _QUICK_LIMIT_S):
            yield found
    doing("runtime, catalog, endpoints and models on the disk")
    together = [
        asyncio.ensure_future(_bounded("runtime", runtime(), _RUNTIME_LIMIT_S)),
        asyncio.ensure_future(_bounded("endpoints", check_endpoints(settings), _RUNTIME_LIMIT_S)),
        asyncio.ensure_future(
            _bounded("models on disk", in_thread(lambda: check_cache(settings.plan.runtime)), _CACHE_LIMIT_S)
        ),
    ]
    try:
        for task in together:
            for found in await task:
                yield found
    finally:
        for task in together:
            task.cancel()
    doing("whether models answer")
    async with aclosing(check_targets(settings, state)) as answers:
        try:
            async for one in answers:
                yield one
        except Exception as error:  # noqa: BLE001 - as below
            yield _broken("models", error)
    doing("this machine's own timing error")
    for found in await _bounded("timing error", check_timing(), _TIMING_LIMIT_S):
        yield found


def _quick(settings: Settings) -> Sequence[tuple[str, Callable[[], Found]]]:
    """What takes no time where all is well; a folder on a dead network drive may hang."""
    return (
        ("software", check_software),
        ("terminal", check_terminal),
        ("folders", lambda: check_folders(settings)),
        ("power", check_power),
        ("load", check_load),
        ("energy meters", check_meters),
        ("telemetry", check_telemetry),
        ("clock", check_clock),
    )


async def _bounded(name: str, check: Awaitable[Found], limit_s: float) -> Sequence[Check]:
    """The findings with the time they took; whatever goes wrong in a check is a finding too."""
    began_s = time.monotonic()
    try:
        async with asyncio.timeout(limit_s):
            found = await check
    except TimeoutError:
        found = failed(name, f"cut off after {limit_s:g} s", "something it needs hangs: a network drive, a driver?")
    except InputError as error:  # which ends in its mend
        reason, _, mend = one_line(str(error)).rpartition("; ")
        found = failed(name, reason or mend, mend)
    except Exception as error:  # noqa: BLE001 - a checklist goes on and tells what broke it
        found = _broken(name, error)
    took_s = round(time.monotonic() - began_s, 3)
    return [replace(one, seconds=took_s) for one in ([found] if isinstance(found, Check) else found)]


def _broken(name: str, error: Exception) -> Check:
    reason = one_line(str(error)) or type(error).__name__
    return failed(name, f"the check itself failed: {reason}", "tell the makers of foundry-bench, with this line")
