"""What servers send, right or wrong, and the record that comes of it."""

import gzip
import json
import math
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from factories import make_request
from foundry_bench.values.plan import Target
from foundry_bench.values.record import Sample
from foundry_bench.worker import openai_http
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.openai_http import OpenAIEndpoint
from foundry_bench.worker.retry_after import retry_after_s
from scripted_server import reply, scripted, stream


def event(
    content: str | None = None, finish: str | None = None, usage: Any = None, response_id: str = "r1", **delta: Any
) -> bytes:
    if content is not None:
        delta["content"] = content
    document = {"id": response_id, "model": "m:1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    if usage is not None:
        document["usage"] = usage
    return b"data: " + json.dumps(document).encode() + b"\n\n"


ROLE = event("", role="assistant")
HELLO, WORLD, STOP = event("Hello"), event(" world"), event(finish="stop")
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":2}}\n\n'
DONE = b"data: [DONE]\n\n"


async def ask(url: str, *, streaming: bool = True, kernel_stamps: bool = True) -> Sample:
    backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url), kernel_stamps=kernel_stamps)
    await backend.connect(1)
    answer = Answer(make_request(streaming=streaming))
    answer.scheduled_ns = time.perf_counter_ns()
    try:
        await backend.answer(answer, 0)
    finally:
        await backend.release()
    return answer.sample("m")


@pytest.mark.parametrize("kernel_stamps", [True, False])
async def test_a_plain_stream(kernel_stamps: bool) -> None:
    with scripted(stream(ROLE, HELLO, WORLD, STOP, USAGE, DONE)) as url:
        sample = await ask(url, kernel_stamps=kernel_stamps)
    assert (sample.status, sample.error, sample.text, sample.finish_reason) == ("ok", None, "Hello world", "stop")
    assert (sample.prompt_tokens, sample.completion_tokens, sample.token_source) == (5, 2, "usage")
    assert (sample.response_id, sample.model_id, sample.first_chunk_tokens) == ("r1", "m:1", 1.0)
    assert sample.headers_s is not None
    assert sample.first_byte_s is not None
    assert sample.ttft_s is not None
    assert sample.latency_s is not None
    assert 0 < sample.headers_s <= sample.first_byte_s <= sample.ttft_s == sample.token_times_s[0]
    assert len(sample.token_times_s) == 2
    assert sample.token_times_s[1] <= sample.latency_s


async def test_the_role_chunk_is_no_token() -> None:
    with scripted(stream(ROLE, HELLO, STOP, DONE)) as url:
        sample = await ask(url)
    assert len(sample.token_times_s) == 1


@pytest.mark.parametrize(
    ("events", "text"),
    [
        pytest.param([b": ping\n\n", HELLO, b":\n\n", WORLD, STOP, DONE], "Hello world", id="comments"),
        pytest.param([e.replace(b"\n", b"\r\n") for e in (HELLO, STOP, DONE)], "Hello", id="crlf"),
        pytest.param([e.replace(b"\n", b"\r") for e in (HELLO, STOP, DONE)], "Hello", id="cr"),
        pytest.param([HELLO.replace(b"data: ", b"data:"), STOP], "Hello", id="no space"),
        pytest.param([HELLO.replace(b'"choices"', b'\ndata: "choices"'), STOP], "Hello", id="multi-line"),
        pytest.param([HELLO[:-1], WORLD[:-1], STOP[:-1], DONE], "Hello world", id="single newlines"),
        pytest.param([b"data:\n\n", HELLO, STOP], "Hello", id="empty data"),
        pytest.param([event("a\u0085b\u2028c"), STOP], "a\u0085b\u2028c", id="unicode line ends"),
        pytest.param(
            [HELLO, b'data: {"choices":[]}\n\n', b'data: {"choices":null}\n\n', STOP], "Hello", id="no choices"
        ),
        pytest.param([b'data: {"choices":[{"delta":null}]}\n\n', HELLO, STOP], "Hello", id="null delta"),
        pytest.param([HELLO, STOP[:-2]], "Hello", id="last newline missing"),
        pytest.param([HELLO, STOP], "Hello", id="no done"),
        pytest.param([b"data: null\n\n", b"data: 7\n\n", HELLO, STOP], "Hello", id="no object"),
        pytest.param([event("Hello", usage=None, response_id=""), STOP], "Hello", id="empty id"),
        pytest.param([event("x" * 8_000_000), STOP], "x" * 8_000_000, id="8 MB"),
    ],
)
async def test_odd_streams_are_read_all_the_same(events: list[bytes], text: str) -> None:
    with scripted(stream(*events)) as url:
        sample = await ask(url)
    assert (sample.status, sample.error, sample.text) == ("ok", None, text)


async def test_utf8_cut_anywhere() -> None:
    whole = event("日本 🙂 ñ") + STOP
    with scripted(stream(*(whole[i : i + 1] for i in range(len(whole))))) as url:
        assert (await ask(url)).text == "日本 🙂 ñ"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(stream(HELLO, b'data: {"error":{"message":"boom"}}\n\n'), "server_error", id="error in a 200"),
        pytest.param(stream(HELLO, b"error: boom\n\n", STOP), "server_error", id="error field"),
        pytest.param(stream(HELLO, b"event: error\ndata: boom\n\n", STOP), "server_error", id="error event"),
        pytest.param(stream(HELLO, b"data: {oops\n\n", STOP), "malformed_stream", id="malformed JSON"),
        pytest.param(stream(ROLE, event(finish="length"), DONE), "no_answer", id="no text"),
        pytest.param(stream(HELLO, WORLD), "cut_off", id="neither finish reason nor done"),
        pytest.param(stream(HELLO, WORLD)[:-1], "cut_off", id="chunked body cut"),
        pytest.param(stream(HELLO, WORLD, chunked=False), "cut_off", id="HTTP/1.0 manner, cut"),
        pytest.param([b""], "cut_off", id="closed without an answer"),
        pytest.param([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], "not_http", id="not HTTP"),
        pytest.param(reply("200 OK", b'{"choices":[{"message":{"content":"x"}}]}'), "not_a_stream", id="JSON reply"),
        pytest.param(reply("200 OK", b"<html>", content_type="text/html"), "not_an_answer", id="HTML with 200"),
        pytest.param(reply("404 Not Found", b'{"error":{"message":"no such model"}}'), "http_404", id="404"),
        pytest.param(reply("503 Busy", b"Loading model"), "http_503", id="503"),
        pytest.param(reply("429 Slow", b'{"detail":"slow down"}'), "http_429", id="429"),
    ],
)
async def test_what_is_no_answer_is_a_failure_with_its_reason(answer: list[bytes], kind: str) -> None:
    with scripted(answer) as url:
        sample = await ask(url)
    assert sample.status == "error"
    assert sample.error is not None
    assert sample.error.type == kind
    assert sample.latency_s is not None
    assert not sample.counts


@pytest.mark.parametrize("status", ["429 Slow down", "503 Loading model"])
async def test_a_server_that_asks_to_wait_is_asked_again_and_no_figure_holds_the_wait(status: str) -> None:
    refusal = reply(status, b"not yet", "retry-after: 0.2")
    with scripted(refusal, refusal, stream(HELLO, STOP, DONE)) as url:
        sample = await ask(url)
    assert (sample.status, sample.text, sample.warnings) == ("ok", "Hello", ("retried", "tokens_counted_as_chunks"))
    assert sample.latency_s is not None
    assert sample.ttft_s is not None
    assert sample.queued_s is not None
    assert sample.ttft_s <= sample.latency_s < 0.2
    assert sample.queued_s >= 0.4


async def test_a_server_that_goes_on_refusing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openai_http, "_PATIENCE_S", 0.25)
    with scripted(reply("503 Busy", b"Loading model", "retry-after: 0.1")) as url:
        sample = await ask(url)
    assert sample.error is not None
    assert (sample.error.message, sample.warnings) == ("HTTP 503: Loading model", ("retried",))


@pytest.mark.parametrize("wait", ["31", "3600", "Fri, 31 Dec 2100 23:59:59 GMT", "soon", "nan"])
async def test_a_wait_that_is_too_long_or_unclear_is_a_failure(wait: str) -> None:
    with scripted(reply("429 Slow down", b"busy", f"retry-after: {wait}")) as url:
        sample = await ask(url)
    assert sample.error is not None
    assert (sample.error.type, sample.warnings) == ("http_429", ())


NOW = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "2", 2.0),
        (503, " 1.5 ", 1.5),
        (503, "Sun, 22 Nov 2026 12:00:20 GMT", 20.0),
        (503, "Sun, 22 Nov 2026 12:00:20 -0000", 20.0),
        (503, "Sun, 22 Nov 2026 11:00:00 GMT", 0.1),
        (429, "0", 0.1),
        (429, "-5", 0.1),
        (429, "", None),
        (429, "inf", None),
        (429, "tomorrow", None),
        (500, "2", None),
        (200, "2", None),
    ],
)
def test_how_long_a_refusal_asks_to_wait(status: int, value: str, seconds: float | None) -> None:
    assert retry_after_s(status, {"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error":{"message":"a\\nb\\u001b[31m"}}', "HTTP 500: a b"),
        (b'{"error":"plain"}', "HTTP 500: plain"),
        (b"\xff\xfe", "HTTP 500: \ufffd\ufffd"),
        (b"y" * 1000, "HTTP 500: " + "y" * 200),
    ],
)
async def test_a_servers_words_are_one_clean_line(body: bytes, message: str) -> None:
    with scripted(reply("500 Oops", body)) as url:
        sample = await ask(url)
    assert sample.error is not None
    assert sample.error.message == message


async def test_done_without_a_finish_reason_is_unverified() -> None:
    with scripted(stream(HELLO, WORLD, DONE)) as url:
        sample = await ask(url)
    assert (sample.status, sample.counts) == ("unverified", True)


async def test_a_server_without_usage_is_counted_by_chunks_and_marked() -> None:
    with scripted(stream(HELLO, WORLD, STOP, DONE)) as url:
        sample = await ask(url)
    assert (sample.completion_tokens, sample.token_source, sample.prompt_tokens) == (2, "chunks", None)
    assert "tokens_counted_as_chunks" in sample.warnings


async def test_several_tokens_in_a_chunk_make_the_first_one_an_estimate() -> None:
    four = [event(f"w{n}") for n in range(4)]
    usage = b'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":16}}\n\n'
    with scripted(stream(*four, STOP, usage, DONE)) as url:
        sample = await ask(url)
    assert (sample.completion_tokens, sample.first_chunk_tokens) == (16, 4.0)
    assert "first_chunk_estimated" in sample.warnings


async def test_usage_on_every_chunk_tells_the_size_of_the_first() -> None:
    events = [event(f"w{n}", usage={"prompt_tokens": 5, "completion_tokens": 3 + 2 * n}) for n in range(4)]
    with scripted(stream(*events, STOP, DONE)) as url:
        sample = await ask(url)
    assert (sample.completion_tokens, sample.first_chunk_tokens, sample.warnings) == (9, 3.0, ())


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning"])
async def test_reasoning_counts_as_tokens_and_the_answer_has_its_own_first(key: str) -> None:
    with scripted(stream(event(**{key: "hm"}), event(**{key: " so"}), HELLO, STOP, DONE)) as url:
        sample = await ask(url)
    assert (sample.text, sample.reasoning, len(sample.token_times_s)) == ("Hello", "hm so", 3)
    assert sample.ttft_s == sample.token_times_s[0]
    assert sample.ttfa_s == sample.token_times_s[2]


@pytest.mark.parametrize(
    "pieces",
    [
        ["<think>hm", " so</think>", "Hello"],
        ["<th", "ink>hm so</thi", "nk>\n\nHel", "lo"],
        ["<think>hm so</think>Hello"],
    ],
)
async def test_reasoning_between_think_tags(pieces: list[str]) -> None:
    with scripted(stream(*map(event, pieces), STOP, DONE)) as url:
        sample = await ask(url)
    assert (sample.text, sample.reasoning, len(sample.token_times_s)) == ("Hello", "hm so", len(pieces))


async def test_an_answer_cut_while_thinking_is_kept_as_reasoning() -> None:
    with scripted(stream(event("<think>hm"), event(" so"), event(finish="length"), DONE)) as url:
        sample = await ask(url)
    assert (sample.status, sample.text, sample.reasoning, sample.ttfa_s) == ("ok", "", "hm so", None)
    assert "reasoning_only" in sample.warnings


async def test_tool_calls_are_an_answer() -> None:
    call = event(tool_calls=[{"index": 0, "function": {"name": "f", "arguments": "{}"}}])
    with scripted(stream(call, event(finish="tool_calls"), DONE)) as url:
        sample = await ask(url)
    assert (sample.status, sample.finish_reason, len(sample.token_times_s)) == ("ok", "tool_calls", 1)


async def test_chunks_that_share_a_read_are_marked() -> None:
    with scripted(stream(HELLO + WORLD + event("!"), STOP, DONE)) as url:
        sample = await ask(url)
    assert sample.shared_reads == (1, 2)
    assert len(set(sample.token_times_s)) == 1


async def test_gzip_that_nobody_asked_for() -> None:
    body = gzip.compress(HELLO + STOP)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip\r\n"
    with scripted([head + b"content-length: %d\r\n\r\n" % len(body), body]) as url:
        assert (await ask(url)).text == "Hello"


async def test_without_streaming_only_the_whole_is_timed() -> None:
    document = {
        "id": "r9",
        "model": "m:1",
        "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 1},
    }
    with scripted(reply("200 OK", json.dumps(document).encode())) as url:
        sample = await ask(url, streaming=False)
    assert (sample.status, sample.text, sample.completion_tokens) == ("ok", "Hello", 1)
    assert (sample.ttft_s, sample.ttfa_s, sample.token_times_s) == (None, None, ())
    assert sample.latency_s is not None
    assert math.isfinite(sample.latency_s)


async def test_a_connection_is_used_again_and_replaced_when_the_server_closed_it() -> None:
    with scripted(stream(HELLO, STOP, DONE)) as url:
        backend = OpenAIEndpoint(Target(name="m", backend="openai_http", model="m", url=url))
        texts = []
        for _ in range(3):  # each answer ends with the server closing
            await backend.connect(1)
            answer = Answer(make_request())
            await backend.answer(answer, 0)
            texts.append(answer.sample("m").text)
        await backend.release()
    assert texts == ["Hello"] * 3
