"""A web server whose page is the TUI: a process of it for each browser window, at an address that can't be guessed."""

import asyncio
import contextlib
import logging
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import psutil
import textual_serve
from aiohttp import web
from aiohttp.typedefs import Handler

from foundry_bench.commands.live_window import window
from foundry_bench.values.errors import InputError

_OWN = Path(__file__).with_name("live_page")
_LIBRARY = Path(textual_serve.__file__).with_name("static")
_ENDED_S = 3.0

# The page loads and talks to nothing but this server. The terminal in it sets its colors by style elements.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "font-src 'self'; img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@contextlib.asynccontextmanager
async def live_page(host: str, port: int, argv: Sequence[str]) -> AsyncIterator[str]:
    """Serves the page inside the block, and ends the processes behind it after.

    Args:
        host: address to listen on.
        port: 0 for any that is free.
        argv: the command of a Textual application.

    Yields:
        The page's address. Part of it is random: no other user of this machine, and no page elsewhere, can know it.

    Raises:
        InputError: the address can't be had.
    """
    logging.getLogger("textual-serve").addHandler(logging.NullHandler())
    secret = secrets.token_urlsafe(12)
    app = web.Application(middlewares=[_guarded])
    app.add_subapp(f"/{secret}/", _routes(argv))
    # Longer than a process may take to leave: a window is let go of when its process is gone, and no sooner.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2 * _ENDED_S)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except (OSError, OverflowError) as error:
            # asyncio's own words hold the address as a tuple, and what is the matter behind the last colon.
            reason = (getattr(error, "strerror", None) or str(error)).rpartition(": ")[2]
            raise InputError(
                f"{host}:{port}: {reason}; choose another with --port (0 takes a free one) or --host"
            ) from error
        yield f"http://{_name(host)}:{runner.addresses[0][1]}/{secret}/"
    finally:
        await _end(runner, argv)


def _routes(argv: Sequence[str]) -> web.Application:
    command = subprocess.list2cmdline(argv) if sys.platform == "win32" else f"exec {shlex.join(argv)}"
    routes = web.Application()
    routes.router.add_get("/", _index)
    routes.router.add_get("/ws", partial(window, command=command))
    routes.router.add_static("/own", _OWN)
    routes.router.add_static("/static", _LIBRARY)
    return routes


async def _index(_request: web.Request) -> web.FileResponse:
    return web.FileResponse(_OWN / "index.html")


@web.middleware
async def _guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    response = await handler(request)
    response.headers.update(_HEADERS)
    return response


async def _end(runner: web.AppRunner, argv: Sequence[str]) -> None:
    """Ask the processes behind the page to leave, as a closed terminal does; end those that don't.

    They are known by their arguments: on Windows a shell stands between, and what they started themselves is not ours.
    """
    ours = [child for child in psutil.Process().children(recursive=True) if _arguments(child) == argv[1:]]
    for child in ours:
        with contextlib.suppress(psutil.Error):
            child.terminate()
    cleaned = asyncio.ensure_future(runner.cleanup())
    await asyncio.wait([cleaned], timeout=_ENDED_S)
    for child in ours:
        with contextlib.suppress(psutil.Error):
            child.kill()
    await cleaned


def _arguments(process: psutil.Process) -> list[str]:
    with contextlib.suppress(psutil.Error):
        return list(process.cmdline()[1:])
    return []


def _name(host: str) -> str:
    """The host as another machine may write it."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - only looked for
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host
