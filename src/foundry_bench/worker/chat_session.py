"""Answers of models that the runtime serves in-process only: a ChatSession a request, stamped as its items arrive."""

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from foundry_bench.worker.answer import Answer

_CANCEL_GRACE_S = 5.0  # the runtime hears a cancel at its next token
_FINISH = {"STOP": "stop", "LENGTH": "length", "TOOL_CALLS": "tool_calls"}


class ChatSessions:
    """Threads in which the runtime's blocking calls run. A session keeps its history, so each request has its own."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._pool: ThreadPoolExecutor | None = None
        self._slots = 0

    def open(self, slots: int) -> None:
        """Have ``slots`` threads ready."""
        if slots > self._slots:
            self.close()
            self._slots = slots
            self._pool = ThreadPoolExecutor(slots, thread_name_prefix="session")
            list(self._pool.map(lambda _: None, range(slots)))

    def close(self) -> None:
        """Let the threads go; a session under way ends on its own."""
        if self._pool:
            self._pool.shutdown(wait=False)
            self._pool = None
            self._slots = 0

    async def answer(self, answer: Answer) -> None:
        """Run the request in a thread; cancelling tells the runtime to stop and waits some seconds until it has."""
        from foundry_local_sdk import MessageItem
        from foundry_local_sdk import Request as NativeRequest

        native = NativeRequest()
        if answer.request.system:
            native.add_item(MessageItem.system(answer.request.system))
        native.add_item(MessageItem.user(answer.request.prompt.prompt))
        answer.path = "session"
        given_up = threading.Event()
        future = asyncio.get_running_loop().run_in_executor(self._pool, self._run, answer, native, given_up)
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError:
            deadline = time.monotonic() + _CANCEL_GRACE_S
            while not future.done() and time.monotonic() < deadline:
                native.cancel()
                await asyncio.wait([future], timeout=0.05)
            if not future.done():  # it hears nothing: the others get threads of their own, and it is left behind
                given_up.set()
                slots = self._slots
                self.close()
                self.open(slots)
            raise

    def _run(self, answer: Answer, native: Any, given_up: threading.Event) -> None:
        from foundry_local_sdk import ChatSession, RequestOptions, SearchOptions

        request = answer.request
        search = SearchOptions(
            temperature=request.temperature,
            do_sample=request.temperature > 0,
            max_output_tokens=request.max_tokens,
            seed=request.seed,
        )
        try:
            with ChatSession(self._model) as session:
                session.set_options(RequestOptions(search=search))
                if request.stream:
                    session.set_streaming(enabled=True)
                    self._stream(answer, session, native, given_up)
                else:
                    answer.sent_ns = time.perf_counter_ns()
                    with session.process_request(native) as response:
                        answer.end(time.perf_counter_ns())
                        for message in response:
                            for item in getattr(message, "parts", [message]):
                                answer.chunk(0, *_texts(item))
                        _take_end(answer, response)
        except Exception as error:  # noqa: BLE001 - the SDK's errors and native ones alike are the answer's failure
            if not given_up.is_set():
                answer.fail("runtime_error", str(error).partition("\n")[0])
        finally:
            if not given_up.is_set():
                answer.end(time.perf_counter_ns())

    def _stream(self, answer: Answer, session: Any, native: Any, given_up: threading.Event) -> None:
        answer.sent_ns = time.perf_counter_ns()
        with session.process_streaming_request(native) as stream:
            for item in stream:
                stamp = time.perf_counter_ns()
                if given_up.is_set():
                    return
                text, reasoning = _texts(item)
                if text or reasoning:
                    answer.chunk(stamp, text, reasoning)
            answer.end(time.perf_counter_ns())
            with stream.final_response as response:
                _take_end(answer, response)


def _texts(item: Any) -> tuple[str, str]:
    """The answer's text and the reasoning that an item holds."""
    if not hasattr(item, "text"):
        return "", ""
    reasoning = getattr(item.type, "name", "") == "REASONING"
    return ("", item.text) if reasoning else (item.text, "")


def _take_end(answer: Answer, response: Any) -> None:
    usage = response.get_usage()
    answer.usage(usage.prompt_tokens, usage.completion_tokens)
    answer.finish_reason = _FINISH.get(response.finish_reason.name)
