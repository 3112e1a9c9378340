"""What a server may do to harm or mislead: each costs its own answer, in bounded time and memory, and is named."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import time
import traceback
import zlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from factories import make_request
from foundry_bench.session.supervisor import Worker, start_worker
from foundry_bench.values.events import AnswerProgressed, Event, ModelFinished, SampleFinished
from foundry_bench.values.plan import Plan, Prompt, Target
from foundry_bench.values.record import Disturbance, Failure, Sample
from foundry_bench.worker import flights as flights_module
from foundry_bench.worker import http
from foundry_bench.worker import openai_http as http_endpoint
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.flights import Flights
from foundry_bench.worker.link import StampedSocket
from foundry_bench.worker.openai_client import OpenAIClient
from foundry_bench.worker.openai_http import OpenAIEndpoint
from foundry_bench.worker.protocol import Measure, encode
from foundry_bench.worker.secret import Key
from scripted_server import reply, scripted, stream

DEEP = b"[" * 5000
PLAN = Plan(models=("m",), prompts=(Prompt(id="p", prompt="P"),), rounds=1, warmup=0)


def chunk(**choice: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": {}, "finish_reason": None, **choice}]}).encode() + b"\n\n"


HELLO, STOP, DONE = chunk(delta={"content": "Hello"}), chunk(finish_reason="stop"), b"data: [DONE]\n\n"


def packed(body: bytes, encoding: str = "gzip") -> list[bytes]:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: {encoding}\r\n"
    return [f"{head}content-length: {len(body)}\r\n\r\n".encode(), body]


async def ask(url: str, *, kernel_stamps: bool = True) -> Sample:
    backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url), kernel_stamps=kernel_stamps)
    answer = Answer(make_request())
    async with asyncio.timeout(20):
        await backend.connect(1)
        await backend.answer(answer, 0)
    await backend.release()
    return answer.sample("m")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(stream(HELLO, b"data: " + DEEP + b"\n\n", STOP, DONE), "malformed_stream", id="nested"),
        pytest.param(
            stream(HELLO, b'data: {"x":' + DEEP + b"\n\n", STOP), "malformed_stream", id="nested, unknown key"
        ),
        pytest.param(
            stream(HELLO, b'data: {"choices":[{"delta":{"tool_calls":' + DEEP + b"\n\n", STOP),
            "malformed_stream",
            id="nested tool call",
        ),
        pytest.param(stream(HELLO, b"event: error\ndata: " + DEEP + b"\n\n"), "server_error", id="nested error"),
        pytest.param(reply("500 Oops", DEEP), "http_500", id="nested reply"),
        pytest.param(stream(HELLO, chunk(finish_reason="error"), DONE), "server_error", id="finish reason error"),
        pytest.param(stream(HELLO, chunk(finish_reason="abort"), DONE), "server_error", id="finish reason abort"),
        pytest.param(packed(HELLO, "br"), "not_http", id="packed otherwise"),
        pytest.param(packed(b"\x1f\x8bnonsense"), "not_http", id="packed badly"),
        pytest.param([b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000], "not_http", id="a header without end"),
    ],
)
async def test_it_costs_the_answer_and_is_named(answer: list[bytes], kind: str) -> None:
    with scripted(answer) as url:
        sample = await ask(url)
    assert sample.error
    assert (sample.status, sample.error.type) == ("error", kind)
    assert len(sample.error.message) <= 300


@pytest.mark.parametrize("kernel_stamps", [True, False])
async def test_a_thousand_interim_answers_are_passed_over(kernel_stamps: bool) -> None:
    with scripted([b"HTTP/1.1 100 Continue\r\n\r\n" * 3000, *stream(HELLO, STOP, DONE)]) as url:
        sample = await ask(url, kernel_stamps=kernel_stamps)
    assert (sample.status, sample.text) == ("ok", "Hello")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(stream(*[b": " + b"x" * 4000 + b"\n\n"] * 40), id="comments"),
        pytest.param(stream(b"data: " + b"x" * 200_000), id="a line without end"),
        pytest.param(packed(zlib.compress(b"x" * 50_000_000)), id="packed a thousandfold"),
        pytest.param(reply("200 OK", b"x" * 200_000), id="a document"),
    ],
)
async def test_an_answer_is_bounded_by_its_bytes(monkeypatch: pytest.MonkeyPatch, answer: list[bytes]) -> None:
    monkeypatch.setattr(http, "_BODY_LIMIT", 100_000)
    with scripted(answer) as url:
        sample = await ask(url)
    assert sample.error
    assert sample.error.type == "too_long"


async def test_a_second_answer_is_not_taken_for_that_of_the_next_request() -> None:
    whole = b"".join(stream(HELLO, STOP, DONE))
    with scripted([whole + whole.replace(b"Hello", b"Other")], stream(chunk(delta={"content": "Next"}), STOP)) as url:
        backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url))
        texts = []
        for _ in range(2):
            await backend.connect(1)
            await backend.answer(answer := Answer(make_request()), 0)
            texts.append(answer.sample("m").text)
        await backend.release()
    assert texts == ["Hello", "Next"]


async def test_a_request_to_a_connection_that_was_reset_is_told_by_the_next_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    ours.setblocking(False)
    ended = asyncio.get_running_loop().create_future()

    def end(data: bytes, _stamp_ns: int) -> None:
        if not ended.done():
            ended.set_result(data)

    link = StampedSocket(ours, end)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()
    for _ in range(2):
        assert link.write(b"POST / HTTP/1.1\r\n") > 0
    assert await asyncio.wait_for(ended, 5) == b""
    link.close()


class Backend:
    """Hands each answer to a function that never returns."""

    def __init__(self, act: Callable[[Answer], None]) -> None:
        self.act: Callable[[Answer], None] = act

    async def answer(self, answer: Answer, _slot: int) -> None:
        while True:
            self.act(answer)
            await asyncio.sleep(0.005)


async def asked(plan: Plan, act: Callable[[Answer], None]) -> Sample:
    events: list[Event] = []
    flights = Flights(plan, "m", Backend(act), events.append)  # type: ignore[arg-type] # as much of one as is asked

    async def watch() -> None:
        while True:
            flights.look(Disturbance())
            await asyncio.sleep(0.005)

    watcher = asyncio.create_task(watch())
    sample = await asyncio.wait_for(flights.ask(0, make_request(), "raw"), 20)
    watcher.cancel()
    return sample


async def test_an_answer_that_stands_still_is_a_timeout_whatever_else_arrives() -> None:
    def one_token(answer: Answer) -> None:
        answer.sent_ns = answer.sent_ns or 1
        if not answer.progress()[1]:
            answer.chunk(time.perf_counter_ns(), "word")

    sample = await asked(replace(PLAN, stall_s=0.2), one_token)
    assert sample.status == "timeout"
    assert sample.error == Failure(type="timeout", message="it stood still for 0.2 s, after its first tokens")


async def test_before_the_first_token_only_the_timeout_counts() -> None:
    sample = await asked(replace(PLAN, stall_s=0.05, timeout_s=0.5), lambda _answer: None)
    assert sample.error == Failure(type="timeout", message="no whole answer within 0.5 s")


async def test_an_answer_in_process_is_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights_module, "_LONGEST_ANSWER", 1000)
    sample = await asked(PLAN, lambda answer: answer.chunk(time.perf_counter_ns(), "x" * 100))
    assert (sample.status, sample.error and sample.error.type) == ("error", "too_long")


@pytest.mark.parametrize(
    ("pieces", "text"),
    [(["\ud83d", "\ude00"], "\U0001f600"), (["a\ud83d"], "a\ufffd"), (["\ude00b"], "\ufffdb"), (["é"], "é")],
)
def test_halves_of_characters_can_be_written(pieces: Sequence[str], text: str) -> None:
    answer = Answer(make_request())
    for piece in pieces:
        answer.chunk(1, piece)
    shown, _, _ = answer.progress()
    sample = answer.sample("m\ud800")
    assert (sample.text, sample.model_id) == (text, "m\ufffd")
    encode(SampleFinished(slot=0, sample=sample))
    encode(AnswerProgressed(model="m", slot=0, text=shown, chunks=1, elapsed_s=0.1, ttft_s=None))


def test_words_of_others_about_a_model_are_one_clean_line() -> None:
    error = ModelUnavailableError("load_failed", "no\x1b[2J\nmodel", "try \x9b31m[red]")
    assert (str(error), error.advice) == ("no model", "try [red]")


@pytest.mark.parametrize("key", ["sk-planted-key", 'sk-"planted\\key'])
def test_a_key_is_taken_out_of_whatever_is_told(key: str) -> None:
    error = Failure(type="x", message=f"not {key}!")
    told = Key(key).strike(encode(ModelFinished(model="m", status="failed", error=error, advice=None)))
    assert b"planted" not in told
    assert b"not [key]!" in told
    assert b"planted" not in Key(key).strike(f"raw {key}".encode())


@pytest.mark.parametrize("key", ["sk-pla\nnted", "sk-pla\u00dfnted"])
async def test_a_key_that_no_header_can_carry_is_refused_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setenv("LAB_KEY", key)
    with scripted([b""], read_first=False) as url:
        target = Target(name="m", backend="openai_http", model="m", url=url, key_env="LAB_KEY")
        with pytest.raises(
            ModelUnavailableError, match="a header that can't be sent; a key with a line break"
        ) as refused:
            await OpenAIEndpoint(target).prepare(lambda _: None)
    assert "pla" not in "".join(traceback.format_exception(refused.value))


async def test_a_server_that_repeats_the_key_puts_it_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_KEY", "sk-planted-key\n")
    echo = reply("401 Unauthorized", b'{"error":"invalid key sk-planted-key"}')
    listed = reply("200 OK", b'{"data":[{"id":"m"}]}')
    told = []
    with scripted(listed, listed, echo) as url:
        target = Target(name="m", backend="openai_http", model="m", url=url, key_env="LAB_KEY")
        async with start_worker(tmp_path / "w.log") as worker:
            worker.send(Measure(plan=PLAN, target=target))
            async for event in worker.events():
                told.append(event)
                if isinstance(event, ModelFinished):
                    break
    assert "invalid key [key]" in str(told[-1])
    assert "planted" not in str(told) + (tmp_path / "w.log").read_text("utf-8")


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (b'["Nonsense",{}]\n', "its process wrote what is no event: no message of ours: 'Nonsense'"),
        (b"\x1b[2J segmentation fault\n", "its process wrote what is no event"),
        (b"[" * 100_000 + b"\n", "its process wrote what is no event"),
        (b'["SampleFinished",' + DEEP + b"\n", "its process wrote what is no event"),
        (b"x" * 3_000_000, "its process wrote what is no event"),
    ],
)
async def test_nonsense_on_the_protocols_pipe_is_the_workers_death(tmp_path: Path, lines: bytes, says: str) -> None:
    (tmp_path / "lines").write_bytes(lines)
    script = (
        "import sys, time; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read()); sys.stdout.flush(); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "lines")]
    process = await asyncio.create_subprocess_exec(*command, stdin=-1, stdout=-1, limit=1_000_000)
    worker = Worker(process, tmp_path / "w.log")
    assert [event async for event in worker.events()] == []
    failure = await worker.cause_of_death()
    assert failure.type == "worker_garbled"
    assert says in failure.message
    assert failure.message.isprintable()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
async def test_a_worker_that_falls_silent_is_ended(tmp_path: Path) -> None:
    async with start_worker(tmp_path / "w.log") as worker:
        os.kill(worker.pid, signal.SIGSTOP)
        assert [event async for event in worker.events(2)] == []
        failure = await worker.cause_of_death()
    assert (failure.type, failure.message) == ("worker_hung", "its process said nothing for 2 s and was ended")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(stream(b'data: {"choices":[{"delta":null}]}\n\n', STOP), id="no delta"),
        pytest.param(stream(b"data: 7\n\n", STOP), id="no object"),
        pytest.param(stream(b'data: {"choices":7,"usage":7}\n\n'), id="wrong types"),
        pytest.param(stream(HELLO, STOP)[:-1], id="cut in a chunk"),
        pytest.param([b"HTTP/1.1 200 OK\r\n"], id="cut in the head"),
        pytest.param(packed(b"\x1f\x8bnonsense"), id="packed badly"),
        pytest.param(stream(HELLO, chunk(finish_reason="error")), id="gave up"),
        pytest.param(stream(HELLO, b"data: " + DEEP + b"\n\n"), id="nested"),
    ],
)
async def test_through_the_openai_package_too_it_costs_the_answer_alone(answer: list[bytes]) -> None:
    with scripted(answer) as url:
        client = OpenAIClient(f"{url}/v1", None, "m", 10)
        await client.answer(asked := Answer(make_request()))
        await client.close()
    assert asked.sample("m").status == "error"


def counted(answers: list[bytes]) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Serves connections that stay open: each request takes the next answer, b"" hangs up, and an empty list, too."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while answers:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]))
                if not (answer := answers.pop(0)):
                    break
                writer.write(answer)
        writer.close()

    return serve


@pytest.mark.parametrize(
    ("idle_ns", "kind", "left"),
    [(http_endpoint._IDLE_CLOSE_NS, None, 0), (0, "cut_off", 1)],
    ids=["closed as the request came", "closed while it worked on it"],
)
async def test_a_request_goes_again_only_where_the_server_cannot_have_had_it(
    monkeypatch: pytest.MonkeyPatch, idle_ns: int, kind: str | None, left: int
) -> None:
    monkeypatch.setattr(http_endpoint, "_IDLE_CLOSE_NS", idle_ns)
    answer = b"".join(stream(HELLO, STOP, DONE))
    script = [answer, b"", answer]
    async with await asyncio.start_server(counted(script), "127.0.0.1", 0) as server:
        url = "http://{}:{}".format(*server.sockets[0].getsockname())
        backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url))
        await backend.connect(1)
        samples = []
        for _ in range(2):
            answer_to = Answer(make_request())
            await backend.answer(answer_to, 0)
            samples.append(answer_to.sample("m"))
        await backend.release()
    first, second = samples
    assert first.status == "ok"
    assert (second.error and second.error.type) == kind
    assert len(script) == left


@pytest.mark.parametrize(("answer", "settled"), [(stream(HELLO, STOP, DONE), True), (reply("503 Busy", b"{}"), False)])
async def test_a_service_that_refuses_has_not_settled(answer: list[bytes], settled: bool) -> None:
    with scripted(answer) as url:
        backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url))
        assert await backend.settle(5.0) is settled
        await backend.release()


def test_a_running_count_that_leaves_the_chunk_itself_out_is_no_size_of_it() -> None:
    answer = Answer(make_request())
    answer.sent_ns = 1
    for number in range(10):
        answer.chunk((number + 2) * 10_000_000, "word ")
        answer.usage(5, number)
    answer.usage(5, 10)
    answer.end(200_000_000)
    assert answer.sample("m").first_chunk_tokens == 1.0
