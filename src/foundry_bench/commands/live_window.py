"""A window of the live page: a process of the TUI, and what its browser says to it."""

from typing import Any

from aiohttp import WSMessage, WSMsgType, web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager


class _Screen(AppService):
    """Tells the browser of the end, whether the application left or broke."""

    async def run(self) -> None:
        """Pass on what the application draws, until it ends."""
        await super().run()
        await self.remote_close()
        if self._process:  # it has closed its output: it is about to end
            await self._process.wait()


async def window(request: web.Request, command: str) -> web.WebSocketResponse:
    """Runs a Textual application for the websocket of a browser's window, and has it leave when the window is closed.

    Args:
        request: its query says how many columns (``width``) and rows (``height``) there are.
        command: of the application.
    """
    width, height = (_cells(request.query.get(name, ""), few) for name, few in (("width", 80), ("height", 24)))
    socket = web.WebSocketResponse(heartbeat=15)
    await socket.prepare(request)
    screen = _Screen(
        command,
        write_bytes=socket.send_bytes,
        write_str=socket.send_str,
        close=socket.close,  # type: ignore[arg-type]  # whose answer nobody reads
        download_manager=DownloadManager(),
    )
    await screen.start(width, height)
    try:
        async for message in socket:
            await _pass_on(message, screen, socket)
    finally:
        await screen.stop()
    return socket


async def _pass_on(message: WSMessage, screen: AppService, socket: web.WebSocketResponse) -> None:
    """What a browser tells: a list of a kind and its content."""
    try:
        told: Any = message.json() if message.type is WSMsgType.TEXT else []
    except ValueError:
        return
    match told:
        case ["stdin", str(typed)]:
            await screen.send_bytes(typed.encode("utf-8", "replace"))
        case ["resize", {"width": int(width), "height": int(height)}]:
            await screen.set_terminal_size(_cells(width, 80), _cells(height, 24))
        case ["ping", content]:
            await socket.send_json(["pong", content])
        case ["focus" | "blur" as change, *_]:
            await (screen.focus() if change == "focus" else screen.blur())


def _cells(told: object, few: int) -> int:
    """A number of columns or rows that can be drawn; ``few`` for anything else."""
    text = str(told)
    return int(text) if text.isdecimal() and 0 < len(text) < 4 and int(text) else few
