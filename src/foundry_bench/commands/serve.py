"""``foundry-bench serve``: the TUI as a page, for those without a terminal."""

import argparse
import asyncio
import contextlib
import ipaddress
import os
import sys
from collections.abc import Iterator, Mapping

from foundry_bench.session.fields import FIELDS
from foundry_bench.session.settings import resolve
from foundry_bench.session.signals import answered
from foundry_bench.values.errors import InputError


def main(args: argparse.Namespace) -> int:
    """Serve the page until it is interrupted; returns 130.

    Raises:
        InputError: for settings that the TUI would refuse, for an address that can't be had, or without the extra.
    """
    given = vars(args)
    settings = resolve(given, os.environ, models_needed=False)
    try:
        import textual_serve  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        raise InputError(f"{error.name} is not installed; pip install 'foundry-bench[serve]'") from error
    from foundry_bench.tui.start import display
    from foundry_bench.tui.themes import find_theme, read_theme

    looks = display(settings)
    read_theme(find_theme(looks.theme, looks.theme_folder))
    # What the page shows is a terminal of its own, whatever this one can do.
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        asyncio.run(_serve(args.host, args.port, list(_options(given))))
    return 130


async def _serve(host: str, port: int, options: list[str]) -> None:
    from foundry_bench.commands.live_page import live_page

    task = asyncio.current_task()
    assert task  # noqa: S101 - a coroutine runs in one
    with answered(SIGINT=task.cancel, SIGTERM=task.cancel, SIGHUP=task.cancel):
        async with live_page(host, port, [sys.executable, "-m", "foundry_bench", *options]) as address:
            print(address, flush=True)
            if not _is_loopback(host):
                print(
                    "warning: anyone who reaches this machine and has this address operates its benchmarks, and "
                    "nothing on the way is encrypted; without --host only this machine is let in",
                    file=sys.stderr,
                )
            print("open it in a browser; ^C ends it, and benchmarks that run then go on", file=sys.stderr)
            with contextlib.redirect_stdout(sys.stderr):  # what the page's processes complain of at their end
                await asyncio.Event().wait()


def _options(given: Mapping[str, object]) -> Iterator[str]:
    """The arguments for the TUI, as they were given here."""
    for name, value in given.items():
        if name in FIELDS and value is not None:
            option = FIELDS[name].options[-1]
            yield option if value is True else f"--no-{option[2:]}" if value is False else f"{option}={value}"


def _is_loopback(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"
