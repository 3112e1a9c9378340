"""OpenAI chat completions on the wire: the request's body, and what its stream or document says."""

from typing import Any

import msgspec

from foundry_bench.worker.answer import Answer, Request
from foundry_bench.worker.sse import Event, SSEDecoder

_decode_any = msgspec.json.Decoder().decode
_MOST_TOKENS = 1 << 40  # a count beyond is none, and would not fit into every reader's numbers


def decode_json(body: bytes | str) -> Any:
    """The value of a JSON text. Raises ValueError where it is none, or nested too deeply."""
    try:
        return _decode_any(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: msgspec.Raw | None = None


class _Choice(msgspec.Struct, gc=False):
    delta: _Delta
    finish_reason: str | None = None


class _Chunk(msgspec.Struct, gc=False):
    """A chunk of the usual form, which nearly all are; decoding into it costs a quarter of decoding into dicts."""

    choices: tuple[_Choice]
    id: str | None = None
    model: str | None = None
    usage: None = None
    error: None = None


_decode_usual = msgspec.json.Decoder(_Chunk).decode


def request_body(request: Request, model_id: str) -> bytes:
    """The JSON body of ``POST /v1/chat/completions``; deterministic settings are always spelled out."""
    body: dict[str, Any] = {
        "model": model_id,
        "messages": request.messages(),
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "seed": request.seed,
        "stream": request.stream,
    }
    if request.stream:
        body["stream_options"] = {"include_usage": True}
    return msgspec.json.encode(body)


class ChatStream:
    """Feeds one answer from the bytes of an event stream."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._decoder = SSEDecoder()

    def feed(self, data: bytes, stamp_ns: int) -> None:
        """Take the body bytes of one read that arrived at ``stamp_ns``."""
        value = self._decoder.lone(data)
        if value is not None:
            self._data(value, stamp_ns)
            return
        for event in self._decoder.feed(data, stamp_ns):
            self._event(event)

    def finish(self, stamp_ns: int) -> None:
        """Take the end of the stream."""
        for event in self._decoder.flush(stamp_ns):
            self._event(event)

    def _event(self, event: Event) -> None:
        lines = event.lines
        if event.is_error:
            self._answer.fail("server_error", error_message(b"\n".join(line.value for line in lines)))
        elif len(lines) == 1:
            self._data(lines[0].value, lines[0].stamp_ns)
        elif not _all_json([line.value for line in lines]):
            # One document, which the standard allows to be spread over lines.
            self._data(b"\n".join(line.value for line in lines), lines[-1].stamp_ns)
        else:
            # Each line a document of its own: a server that leaves out the blank lines.
            for line in lines:
                self._data(line.value, line.stamp_ns)

    def _data(self, value: bytes, stamp_ns: int) -> None:
        try:
            chunk = _decode_usual(value)
        except (ValueError, RecursionError):  # of another form, no JSON, or damaged
            self._unusual(value.strip(), stamp_ns)
        else:
            take_usual(self._answer, chunk, stamp_ns)

    def _unusual(self, value: bytes, stamp_ns: int) -> None:
        if not value:
            return
        if value == b"[DONE]":
            self._answer.done_marker = True
            return
        try:
            document = decode_json(value)
        except ValueError:
            self._answer.fail("malformed_stream", f"the stream held something that is not JSON: {_excerpt(value)}")
            return
        if isinstance(document, dict):
            take_document(self._answer, document, stamp_ns)


def take_usual(answer: Answer, chunk: _Chunk, stamp_ns: int) -> None:
    """Take a chunk of the usual form: one choice with a delta, no usage, no error."""
    if answer.response_id is None:
        answer.response_id = chunk.id or None
    if chunk.model:
        answer.model_id = chunk.model
    (choice,) = chunk.choices
    delta = choice.delta
    text, reasoning = delta.content or "", delta.reasoning_content or delta.reasoning or ""
    if text or reasoning:
        answer.chunk(stamp_ns, text, reasoning)
    elif delta.tool_calls is not None and bytes(delta.tool_calls) not in {b"null", b"[]"}:
        answer.called_tool = True
        answer.chunk(stamp_ns, "")
    if choice.finish_reason is not None:
        answer.finish(choice.finish_reason)


def take_document(answer: Answer, document: dict[str, Any], stamp_ns: int) -> None:
    """Take one chunk of a stream (with its stamp), or one whole reply: errors, content, finish reason, usage.

    Types are checked field by field: servers send null, wrong types and missing keys, and none of them may stop a run.
    """
    if document.get("error"):
        answer.fail("server_error", error_message(msgspec.json.encode(document)))
        return
    if answer.response_id is None and isinstance(document.get("id"), str):
        answer.response_id = document["id"] or None
    if isinstance(document.get("model"), str) and document["model"]:
        answer.model_id = document["model"]
    choices = document.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    delta = choice.get("delta") or choice.get("message") or choice
    if isinstance(delta, dict):
        text = _string(delta, "content") or _string(delta, "text")
        reasoning = _string(delta, "reasoning_content") or _string(delta, "reasoning")
        tool_call = bool(delta.get("tool_calls"))
        answer.called_tool |= tool_call
        if text or reasoning or tool_call:
            answer.chunk(stamp_ns, text, reasoning)
    if isinstance(choice.get("finish_reason"), str):
        answer.finish(choice["finish_reason"])
    usage = document.get("usage")
    if isinstance(usage, dict):
        answer.usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def error_message(body: bytes) -> str:
    """What a server's error document says, in its own words, whatever its shape."""
    try:
        document = decode_json(body)
    except ValueError:
        return _excerpt(body)
    for key in ("error", "message", "detail"):
        if isinstance(document, dict) and document.get(key):
            document = document[key]
    return document if isinstance(document, str) else _excerpt(msgspec.json.encode(document))


def _all_json(values: list[bytes]) -> bool:
    for value in values:
        if value.strip() not in {b"", b"[DONE]"}:
            try:
                decode_json(value)
            except ValueError:
                return False
    return True


def _string(mapping: dict[str, Any], key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST_TOKENS else None


def _excerpt(body: bytes) -> str:
    return body[:200].decode("utf-8", "replace")
