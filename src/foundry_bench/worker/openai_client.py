"""The same request through the ``openai`` package, as an application would feel it."""

import contextlib
import time
from typing import Any

from foundry_bench.worker.answer import Answer
from foundry_bench.worker.chat import error_message


class OpenAIClient:
    """Streams answers through ``AsyncOpenAI``; every stamp is taken when the application gets hold of the thing."""

    def __init__(self, base_url: str, key: str | None, model_id: str, timeout_s: float) -> None:
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(base_url=base_url, api_key=key or "none", max_retries=0, timeout=timeout_s)
        self._model_id = model_id

    async def connect(self) -> None:
        """Open the connection beforehand, as for our own transport, by a request that costs nothing."""
        from openai import OpenAIError

        with contextlib.suppress(OpenAIError):
            await self._client.models.list()

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def answer(self, answer: Answer) -> None:
        """Send the request and fill ``answer``; failure is part of the answer."""
        from openai import APIStatusError

        request = answer.request
        answer.path = "openai"
        arguments: dict[str, Any] = {
            "model": self._model_id,
            "messages": request.messages(),
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
        }
        try:
            answer.sent_ns = time.perf_counter_ns()
            if request.stream:
                await self._stream(answer, arguments)
            else:
                completion = await self._client.chat.completions.create(**arguments)
                answer.end(time.perf_counter_ns())
                _take(answer, completion, answer.end_ns or 0)
        except APIStatusError as error:
            answer.fail(f"http_{error.status_code}", error_message(error.response.content))
        except Exception as error:  # noqa: BLE001 - it lets through what its parts raise, and builds any type from JSON
            answer.fail("client_error", str(error) or type(error).__name__)
        finally:
            answer.end(time.perf_counter_ns())

    async def _stream(self, answer: Answer, arguments: dict[str, Any]) -> None:
        stream = await self._client.chat.completions.create(
            **arguments, stream=True, stream_options={"include_usage": True}
        )
        answer.headers_ns = time.perf_counter_ns()
        async for chunk in stream:
            stamp = time.perf_counter_ns()
            if answer.first_byte_ns is None:
                answer.first_byte_ns = stamp
            _take(answer, chunk, stamp)
        answer.end(time.perf_counter_ns())


def _take(answer: Answer, document: Any, stamp_ns: int) -> None:
    """Take a typed chunk or completion by its attributes, the way an application reads it."""
    answer.response_id = answer.response_id or document.id
    answer.model_id = document.model or answer.model_id
    if document.choices:
        choice = document.choices[0]
        delta = choice.delta if hasattr(choice, "delta") else choice.message
        reasoning = getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None) or ""
        if delta.content or reasoning:
            answer.chunk(stamp_ns, delta.content or "", reasoning)
        if choice.finish_reason:
            answer.finish(choice.finish_reason)
    if document.usage:
        answer.usage(document.usage.prompt_tokens, document.usage.completion_tokens)
