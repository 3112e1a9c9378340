"""Any OpenAI-compatible endpoint: a Foundry service, llama.cpp, Ollama, vLLM, LM Studio."""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from foundry_bench.values.events import CatalogEntry, CatalogListed, ModelDescribed, StageStarted
from foundry_bench.values.plan import Prompt, Target
from foundry_bench.values.service import Service
from foundry_bench.worker.answer import Answer, Request
from foundry_bench.worker.backend import Emit, ModelUnavailableError, described
from foundry_bench.worker.chat import ChatStream, decode_json, error_message, request_body, take_document
from foundry_bench.worker.http import HttpConnection, HttpError, Origin
from foundry_bench.worker.retry_after import retry_after_s
from foundry_bench.worker.secret import Key, read_key
from foundry_bench.worker.service import FoundService, find_entry, find_service, unknown_model
from foundry_bench.worker.service_client import ServiceClient, unreachable
from foundry_bench.worker.service_control import ServiceControl
from foundry_bench.worker.turns import ParseTurns

_CHAT = "/v1/chat/completions"
_PATIENCE_S = 30.0  # longest wait in all that a server may ask one request for
_KEPT_BEYOND_S = 60.0
_IDLE_CLOSE_NS = 300_000_000  # the word of a close that crossed the request arrives within the way there and back
_ONE_TOKEN = Request(
    model="",
    prompt=Prompt(id="idle", prompt="Hi"),
    system=None,
    max_tokens=1,
    temperature=0.0,
    seed=0,
    stream=True,
    phase="warmup",
    round=0,
)


class _ChatSink:
    """Carries one response from the connection into its answer.

    A refusal for now, with a wait within ``patience_s``, leaves the answer as it was and is told by ``wait_s``.
    """

    def __init__(self, answer: Answer, key: Key, patience_s: float) -> None:
        self.wait_s: float | None = None
        self._answer = answer
        self._key = key
        self._patience_s = patience_s
        self._stream = ChatStream(answer)
        self._status = 0
        self._is_stream = False
        self._document = bytearray()

    def sent(self, stamp_ns: int, *, kernel_stamps: bool) -> None:
        self._answer.sent_ns = stamp_ns
        self._answer.clock = "kernel" if kernel_stamps else "arrival"

    def headers(self, status: int, headers: Mapping[str, str], stamp_ns: int) -> None:
        wait_s = retry_after_s(status, headers, datetime.now(UTC))
        if wait_s is not None and wait_s <= self._patience_s:
            self.wait_s = wait_s
            return
        self._answer.headers_ns = stamp_ns
        self._status = status
        self._is_stream = status == 200 and headers.get("content-type", "").lower().startswith("text/event-stream")

    def body(self, data: bytes, stamp_ns: int) -> None:
        if self.wait_s is not None:
            return
        data = self._key.strike(data)
        if self._answer.first_byte_ns is None:
            self._answer.first_byte_ns = stamp_ns
        if self._is_stream:
            self._stream.feed(data, stamp_ns)
        else:
            self._document += data

    def ended(self, stamp_ns: int) -> None:
        if self.wait_s is not None:
            return
        self._answer.end(stamp_ns)
        if self._is_stream:
            self._stream.finish(stamp_ns)
        else:
            take_reply(self._answer, self._status, bytes(self._document))


def take_reply(answer: Answer, status: int, body: bytes) -> None:
    """Take a reply that is no event stream: the answer itself without streaming, else a failure with its reason."""
    if status != 200:
        answer.fail(f"http_{status}", f"HTTP {status}: {error_message(body)}")
        return
    try:
        document = decode_json(body)
    except ValueError:
        answer.fail("not_an_answer", f"the server answered neither a stream nor JSON: {error_message(body)}")
        return
    if not isinstance(document, dict):
        answer.fail("not_an_answer", f"the server answered JSON that is no completion: {error_message(body)}")
    elif answer.request.stream and not document.get("error"):
        answer.fail("not_a_stream", "the server answered a whole document where a stream was asked for")
    else:
        take_document(answer, document, answer.end_ns or 0)


class OpenAIEndpoint:
    """The ``openai_http`` backend for one model at one base URL."""

    in_process = False

    def __init__(self, target: Target, *, kernel_stamps: bool = True) -> None:
        self._target = target
        self._kernel_stamps = kernel_stamps
        self._key = read_key(target)
        self._headers = {"content-type": "application/json", **self._key.headers}
        self._client = ServiceClient(target.url or "", self._key)
        self._control: ServiceControl | None = None
        self._connections: list[HttpConnection] = []
        self._turns = ParseTurns()
        self._load_s: float | None = None
        self._last = _ONE_TOKEN
        self.model_id = target.model

    @property
    def load_s(self) -> float | None:
        """Seconds that a load of ours took; None where the service had the model loaded."""
        return self._load_s

    @property
    def openai_url(self) -> str | None:
        """Base URL as the ``openai`` package wants it."""
        return f"{self._client.url}/v1"

    async def catalog(self) -> CatalogListed:
        """The models of the service, and what it is."""
        try:
            found = await find_service(self._client)
        except ModelUnavailableError as error:
            return CatalogListed(entries=(), note=f"{error} ({error.advice})")
        return CatalogListed(entries=found.entries or (), service=found.service)

    async def prepare(self, emit: Emit) -> ModelDescribed:
        """Find the model at the endpoint; a service that can be told to load it is told to, where it hasn't."""
        emit(StageStarted(model=self._target.name, stage="catalog"))
        found = await find_service(self._client)
        self._control = found.control
        name, entries = self._target.model, found.entries or ()
        entry = find_entry(name, entries)
        if found.entries is None or ("?" in name and any(e.id == name.partition("?")[0] for e in entries)):
            self.model_id = name  # a server without a list, or one that reads parameters out of the model's name
        elif entry and (entry.loaded or not found.control):
            self.model_id = entry.id
        elif found.control and (entry or found.service.kind == "foundry"):  # whose list holds no aliases
            emit(StageStarted(model=self._target.name, stage="load"))
            self.model_id = await self._load(found.control, found, entry)
        else:
            raise unknown_model(name, entries)
        return served(self._target, self.model_id, entry, found.service)

    async def _load(self, control: ServiceControl, found: FoundService, entry: CatalogEntry | None) -> str:
        started_ns = time.perf_counter_ns()
        try:
            model_id = await control.load(self._target.model, entry)
        except ModelUnavailableError as error:
            if entry is None and error.kind == "unknown_model":
                raise unknown_model(self._target.model, found.entries or ()) from error
            if entry and error.kind == "unsupported":
                return entry.id  # it loads by itself, at the first request
            raise
        if not any(one.id == model_id and one.loaded for one in found.entries or ()):
            self._load_s = (time.perf_counter_ns() - started_ns) / 1e9
        return model_id

    async def connect(self, slots: int) -> None:
        """Open ``slots`` connections, or bring back those that the server has closed."""
        while len(self._connections) < slots:
            self._connections.append(self._new_connection())
        try:
            await asyncio.gather(*(connection.open() for connection in self._connections[:slots]))
        except HttpError as error:
            raise unreachable(error) from error

    def _new_connection(self) -> HttpConnection:
        return HttpConnection(Origin.parse(self._client.url), self._turns, kernel_stamps=self._kernel_stamps)

    async def answer(self, answer: Answer, slot: int) -> None:
        """Send the request on the slot's connection, again where the server asks to wait first.

        The clock starts anew with each try, so that no figure holds the wait; ``queued_s`` does, and a mark tells.
        """
        self._last = answer.request
        patience_s = _PATIENCE_S
        while (wait_s := await self._send(answer, self._connections[slot], patience_s)) is not None:
            patience_s -= wait_s
            await asyncio.sleep(wait_s)
            if "retried" not in answer.warnings:
                answer.warnings.append("retried")

    async def _send(self, answer: Answer, connection: HttpConnection, patience_s: float) -> float | None:
        """One try; the seconds that the server asks to wait before another.

        A server may close an idle connection just as the request leaves; it then goes again on a fresh one. Where the
        close comes later, the server had the request: it broke while it worked on it, which is the answer's failure.
        """
        body = request_body(answer.request, self.model_id)
        for reused in (connection.usable, False):
            sink = _ChatSink(answer, self._key, patience_s)
            try:
                await connection.open()
                await connection.exchange("POST", _CHAT, sink, body=body, headers=self._headers)
            except HttpError as error:
                waited_ns = time.perf_counter_ns() - answer.sent_ns
                unheard = error.kind == "cut_off" and answer.headers_ns is None and waited_ns < _IDLE_CLOSE_NS
                if reused and unheard and sink.wait_s is None:
                    continue
                if sink.wait_s is None:
                    answer.end(time.perf_counter_ns())
                    answer.fail(error.kind, str(error))
            return sink.wait_s
        return None

    async def keep_warm(self, interval_s: float) -> None:
        """Have the service keep the model: by its control plane where that can, else by one token of the last prompt.

        The last prompt again leaves what a server remembers of prompts as the measurement left it.
        """
        with contextlib.suppress(ModelUnavailableError):  # the next request will tell what is wrong
            if self._control and self._control.keeps:
                await self._control.load(self.model_id, None, keep_s=2 * interval_s + _KEPT_BEYOND_S)
            else:
                await self.connect(1)
                await self.answer(Answer(replace(self._last, max_tokens=1)), 0)

    async def settle(self, timeout_s: float) -> bool:
        """Wait for one token of another request: a service that works on what was broken off answers it late."""
        with contextlib.suppress(ModelUnavailableError, TimeoutError):  # the next request will tell what is wrong
            async with asyncio.timeout(timeout_s):
                await self.connect(1)
                probe = Answer(_ONE_TOKEN)
                await self.answer(probe, 0)
                return probe.failure is None
        return False

    async def release(self) -> None:
        """Close the connections; the service keeps its model."""
        for connection in self._connections:
            connection.close()


def served(target: Target, model_id: str, entry: CatalogEntry | None, service: Service) -> ModelDescribed:
    """What a service says of one of its models, if it lists that."""
    facts = entry or CatalogEntry(id=model_id, alias=model_id, name=model_id)
    return replace(described(target, facts), id=model_id, service=service)
