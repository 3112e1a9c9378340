"""One request to an adapter: its pieces are stamped the moment they are yielded, before anything else is done."""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from foundry_bench.values.adapter import ENDING, Adapter
from foundry_bench.worker.adapter_code import blame
from foundry_bench.worker.answer import Answer


def ask(adapter: Adapter, code: str, answer: Answer, cancelled: threading.Event) -> None:
    """Have the adapter generate, and fill ``answer``; call it in a thread.

    Once ``cancelled`` is set the answer is left as it is and a generator is closed at its next piece.

    Args:
        adapter: a loaded one.
        code: the file or name that it came from, for its errors.
        answer: holds the request.
        cancelled: is set, from another thread, where nobody waits for the answer any more.
    """
    if cancelled.is_set():
        return
    request = answer.request
    try:
        answer.sent_ns = time.perf_counter_ns()
        produced: object = adapter.generate(
            request.prompt.prompt,
            system=request.system,
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            seed=request.seed,
        )
        if isinstance(produced, Iterator):
            text, said = _follow(answer, produced, cancelled)
        else:
            text, said = _take_whole(answer, produced, cancelled), None
        if not cancelled.is_set():
            answer.end(time.perf_counter_ns())
            _take_ending(adapter, answer, text, said)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - an adapter's code may raise whatever it likes
        reason = blame(error, code)
        if not cancelled.is_set():
            answer.fail("adapter_error", reason)
            answer.end(time.perf_counter_ns())


def _follow(answer: Answer, pieces: Iterator[object], cancelled: threading.Event) -> tuple[str, object]:
    """Every piece until the last; returns the text and what a generator returned."""
    texts: list[str] = []
    while True:
        try:
            piece = next(pieces)
        except StopIteration as ended:
            return "".join(texts), ended.value
        stamp_ns = time.perf_counter_ns()
        if cancelled.is_set():
            getattr(pieces, "close", lambda: None)()
            return "", None
        if not isinstance(piece, str):
            raise TypeError(f"generate yielded {type(piece).__name__} where text was due")
        if piece:
            answer.chunk(stamp_ns, piece)
            texts.append(piece)


def _take_whole(answer: Answer, produced: object, cancelled: threading.Event) -> str:
    stamp_ns = time.perf_counter_ns()
    if not isinstance(produced, str):
        raise TypeError(f"generate returned {type(produced).__name__}, neither text nor an iterator of texts")
    if produced and not cancelled.is_set():
        answer.request = replace(answer.request, stream=False)  # text that comes in one piece has no first token
        answer.end(stamp_ns)
        answer.chunk(stamp_ns, produced)
    return produced


def _take_ending(adapter: Adapter, answer: Answer, text: str, said: object) -> None:
    """What the adapter knows of a finished answer; one that says nothing ended by itself, and that is all we know."""
    answer.done_marker = True
    ending = _checked({} if said is None else said)
    if reason := ending.get("finish_reason"):
        answer.finish(reason)
    answer.usage(ending.get("prompt_tokens"), ending.get("completion_tokens"))
    count = getattr(adapter, "count_tokens", None)
    if text and answer.completion_tokens is None and callable(count):
        answer.usage(None, _checked({"completion_tokens": count(text)})["completion_tokens"])


def _checked(ending: object) -> Mapping[str, Any]:
    if not isinstance(ending, Mapping):
        raise TypeError(f"generate's return value must be a mapping, not {type(ending).__name__}")
    for key, kind in ENDING.items():
        value = ending.get(key)
        if value is not None and (not isinstance(value, kind) or value is True or value is False):
            raise TypeError(f"{key} must be {kind.__name__}, not {type(value).__name__}")
    return ending
