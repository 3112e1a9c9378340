"""Servers elsewhere that refuse, reset, dawdle or can't be trusted: each request fails by itself, with its reason."""

import asyncio
import json
import shutil
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from foundry_bench.values.events import Event, ModelFinished, SampleFinished
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Sample
from foundry_bench.worker.engine import Engine
from foundry_bench.worker.openai_http import OpenAIEndpoint
from scripted_server import reply, scripted, stream

Act = Callable[[asyncio.StreamWriter], Awaitable[None]]
PLAN = Plan(models=("m",), prompts=(Prompt(id="p", prompt="P"),), rounds=3, warmup=0, timeout_s=1.0)
PARTS = stream(
    b'data: {"choices":[{"delta":{"content":"Hello"},"finish_reason":"stop"}]}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}\n\n',
    b"data: [DONE]\n\n",
)
WELL = b"".join(PARTS)
LISTED = b"".join(reply("200 OK", json.dumps({"data": [{"id": "m"}]}).encode()))


@asynccontextmanager
async def server(*acts: Act, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """Lists one model, answers the canary well, then each chat request as it is told; the last act goes on."""
    waiting = [well, *acts]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := (await reader.readuntil(b"\r\n\r\n")).lower():
                length = head.partition(b"content-length:")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length or b"0"))
                if b" /v1/chat/" in head:
                    await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(writer)
                else:
                    writer.write(LISTED if b" /v1/models" in head else b"".join(reply("404 Not Found", b"{}")))
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    at = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{at.sockets[0].getsockname()[1]}"
    finally:
        at.close()


async def well(writer: asyncio.StreamWriter) -> None:
    writer.write(WELL)


async def well_in_parts(writer: asyncio.StreamWriter) -> None:
    """Under TLS each part is a record of its own; its text is not what ``well`` may have left in a buffer."""
    for part in PARTS:
        writer.write(part.replace(b"Hello", b"Howdy"))


async def reset(writer: asyncio.StreamWriter) -> None:
    writer.write(WELL[:200])
    await writer.drain()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def dawdle(writer: asyncio.StreamWriter) -> None:
    """A head that comes byte by byte and never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nx: ")
    while not writer.is_closing():
        writer.write(b"y")
        await writer.drain()
        await asyncio.sleep(0.02)


async def busy(writer: asyncio.StreamWriter) -> None:
    writer.write(b"".join(reply("503 Loading", b"Loading model", "retry-after: 0.3")))


async def measured(url: str) -> tuple[ModelFinished, list[Sample]]:
    """How the model ended, and its measured samples."""
    events = list[Event]()
    backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url))
    async with asyncio.timeout(30):
        await Engine(PLAN, "m", backend, events.append).measure()
    assert isinstance(events[-1], ModelFinished)
    samples = [event.sample for event in events if isinstance(event, SampleFinished)]
    return events[-1], [sample for sample in samples if sample.phase == "measure"]


@pytest.mark.parametrize(("act", "status", "kind"), [(reset, "error", "cut_off"), (dawdle, "timeout", "timeout")])
async def test_it_costs_the_request_in_flight_alone(act: Act, status: str, kind: str) -> None:
    async with server(well, act, well) as url:
        finished, samples = await measured(url)
    assert [sample.status for sample in samples] == ["ok", status, "ok"]
    assert samples[1].error
    assert samples[1].error.type == kind
    assert finished.status == "partial"


async def test_a_server_that_goes_away_is_named_in_each_request_that_finds_it_gone() -> None:
    events, first = list[Event](), asyncio.Event()

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, SampleFinished) and event.sample.phase == "measure":
            first.set()

    async with server(well) as url:
        backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url))
        engine = Engine(PLAN, "m", backend, listen, in_turns=True)
        measuring = asyncio.create_task(engine.measure())
        engine.grant(1)
        await first.wait()
    for connection in backend._connections:
        connection.close()
    engine.grant(3)
    engine.finish()
    async with asyncio.timeout(30):
        await measuring
    samples = [event.sample for event in events if isinstance(event, SampleFinished)]
    assert [(one.status, one.error and one.error.message) for one in samples[-2:]] == [
        ("error", f"{url.removeprefix('http://')}: Connection refused")
    ] * 2


async def test_the_wait_that_a_busy_server_asks_for_is_in_no_latency() -> None:
    async with server(well, busy, well) as url:
        _, samples = await measured(url)
    assert [(one.status, "retried" in one.warnings) for one in samples] == [("ok", False), ("ok", True), ("ok", False)]
    assert samples[1].latency_s is not None
    assert samples[1].queued_s is not None
    assert samples[1].latency_s < 0.3 <= samples[1].queued_s


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself; its key stands in the same file."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("openssl makes the certificate")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    options = ["-newkey", "rsa:2048", "-nodes", "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    paths = ["-keyout", f"{file}.key", "-out", f"{file}.crt"]
    subprocess.run([openssl, "req", "-x509", *options, *paths], check=True, capture_output=True)
    file.write_text(Path(f"{file}.key").read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.mark.parametrize("trusted", [True, False])
async def test_a_certificate_is_checked(certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool) -> None:
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with server(well, context=context) as url:
        finished, samples = await measured(url)
    if trusted:
        assert [sample.status for sample in samples] == ["ok"] * 3
    else:
        assert finished.error
        assert (finished.status, finished.error.type) == ("failed", "unreachable")
        assert "TLS failed" in finished.error.message


async def test_records_that_come_together_are_read_whole(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with server(well_in_parts, context=context) as url:
        _, samples = await measured(url)
    assert [(sample.status, sample.text) for sample in samples] == [("ok", "Howdy")] * 3


async def test_a_server_without_tls_is_named() -> None:
    with scripted([b"HTTP/1.1 400 Bad Request\r\n\r\n"], read_first=False) as url:
        finished, _ = await measured(url.replace("http", "https"))
    assert finished.error
    assert finished.error.message.isprintable()
    assert "TLS failed" in finished.error.message
