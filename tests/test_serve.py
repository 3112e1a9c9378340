"""The live page: who is let in, what it shows, how it ends."""

import asyncio
import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from foundry_bench.cli import main
from foundry_bench.commands import live_page as page
from foundry_bench.commands.live_page import live_page

LIMIT_S = 60.0
OWN = Path(sys.modules["foundry_bench"].__path__[0], "commands", "live_page")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The page's address, and the process that serves it."""
    argv = [sys.executable, "-m", "foundry_bench", "serve", "--port", "0", "--theme", "light"]
    argv += ["--catalog-url", "http://127.0.0.1:9", "--data-dir", str(tmp_path / "data")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.kill()


async def drawn(window: aiohttp.ClientWebSocketResponse, text: str) -> None:
    """Wait until a text is drawn."""
    screen = b""
    async with asyncio.timeout(LIMIT_S):
        while text.encode() not in screen:
            message = await window.receive()
            assert message.type is aiohttp.WSMsgType.BINARY, message
            screen += message.data


@pytest.mark.skipif(sys.platform == "win32", reason="a test can't send ^C to one process alone there")
async def test_a_window_is_a_screen_and_ends_with_the_page(served: tuple[str, subprocess.Popen[str]]) -> None:
    address, process = served
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{16}/", address)
    async with aiohttp.ClientSession(address) as browser:
        page = await browser.get("")
        assert (page.status, page.content_type) == (200, "text/html")
        assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
        for name in re.findall(r'(?:href|src)="([^"#]+\.\w+)"', await page.text()):
            assert (await browser.get(name)).status == 200, name
        async with browser.ws_connect("ws?width=80&height=24") as first, browser.ws_connect("ws") as second:
            await drawn(first, "Models")
            await drawn(second, "Models")
            await first.send_str("not JSON")
            await first.send_json({"neither": "this"})
            await first.send_json(["resize", {"width": 100, "height": 30}])
            await first.send_json(["stdin", "?"])
            await drawn(first, "next theme")
            (screen, _) = children = psutil.Process(process.pid).children()
            await second.send_json(["stdin", "q"])
            async with asyncio.timeout(LIMIT_S):
                while (await second.receive()).type is aiohttp.WSMsgType.BINARY:
                    pass
            process.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(process.wait, LIMIT_S) == 130
    gone, alive = psutil.wait_procs(children, LIMIT_S)
    assert (screen in gone, alive) == (True, [])
    assert process.stderr
    assert process.stderr.read() == "open it in a browser; ^C ends it, and benchmarks that run then go on\n"


async def test_without_the_secret_nobody_is_let_in() -> None:
    async with live_page("127.0.0.1", 0, ["nothing"]) as address, aiohttp.ClientSession() as browser:
        base = address.rsplit("/", 2)[0]
        for path in ("/", "/ws", "/static/js/textual.js", "/own/page.js", "/x/", "/x/ws"):
            assert (await browser.get(base + path)).status == 404
        assert (await browser.get(address + "own/../../live_page.py")).status == 404
        assert (await browser.get(address + "own/")).status == 403


async def test_a_window_whose_screen_breaks_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit('it broke')"]
    async with (
        live_page("127.0.0.1", 0, broken) as address,
        aiohttp.ClientSession(address) as browser,
        browser.ws_connect("ws") as window,
        asyncio.timeout(LIMIT_S),
    ):
        assert (await window.receive()).type is aiohttp.WSMsgType.CLOSE
    assert "it broke" in capsys.readouterr().out


@pytest.mark.skipif(sys.platform == "win32", reason="a process there can't refuse to be ended")
async def test_a_screen_that_will_not_leave_is_gone_with_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_ENDED_S", 0.3)
    stubborn = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
sys.stdout.buffer.write(b"__GANGLION__\\nD\\x00\\x00\\x00\\x04here")
sys.stdout.flush()
signal.pause()
"""
    async with (
        aiohttp.ClientSession() as browser,
        live_page("127.0.0.1", 0, [sys.executable, "-c", stubborn]) as address,
        browser.ws_connect(f"{address}ws") as window,
    ):
        await drawn(window, "here")
        (screen,) = [child for child in psutil.Process().children() if stubborn in child.cmdline()]
    assert not screen.is_running()


def test_a_port_that_is_taken_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--port", str(port)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"foundry-bench: 127.0.0.1:{port}: ")
    assert err.endswith("; choose another with --port (0 takes a free one) or --host\n")
    assert err.count("\n") == 1
    assert err.count(str(port)) == 1


def test_a_name_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--host", "no.such.host.invalid"]) == 2
    assert capsys.readouterr().err.startswith("foundry-bench: no.such.host.invalid:8000: ")


def test_the_page_names_no_other_place() -> None:
    texts = [file.read_text("utf-8") for file in OWN.iterdir()]
    assert len(texts) == 3
    assert not any(re.search(r"\w+://|@import|//\w", text) for text in texts)


def test_a_theme_that_is_none_is_refused_before_a_window_opens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--theme", "nosuch"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "nosuch" in err
