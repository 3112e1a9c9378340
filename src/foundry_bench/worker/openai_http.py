"""Any OpenAI-compatible endpoint: a Foundry service, llama.cpp, Ollama, vLLM, LM Studio."""

import asyncio
import difflib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

import msgspec

from foundry_bench.values.events import CatalogEntry, CatalogListed, ModelDescribed, StageStarted
from foundry_bench.values.plan import Prompt, Target
from foundry_bench.worker.answer import Answer, Request
from foundry_bench.worker.backend import Emit, ModelUnavailableError
from foundry_bench.worker.chat import ChatStream, error_message, request_body, take_document
from foundry_bench.worker.fetch import fetch
from foundry_bench.worker.http import HttpConnection, HttpError, Origin
from foundry_bench.worker.turns import ParseTurns

_CHAT = "/v1/chat/completions"
_LOAD_TIMEOUT_S = 600.0
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
    """Carries one response from the connection into its answer."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._stream = ChatStream(answer)
        self._status = 0
        self._is_stream = False
        self._document = bytearray()

    def sent(self, stamp_ns: int, *, kernel_stamps: bool) -> None:
        self._answer.sent_ns = stamp_ns
        self._answer.clock = "kernel" if kernel_stamps else "arrival"

    def headers(self, status: int, headers: Mapping[str, str], stamp_ns: int) -> None:
        self._answer.headers_ns = stamp_ns
        self._status = status
        self._is_stream = status == 200 and headers.get("content-type", "").lower().startswith("text/event-stream")

    def body(self, data: bytes, stamp_ns: int) -> None:
        if self._answer.first_byte_ns is None:
            self._answer.first_byte_ns = stamp_ns
        if self._is_stream:
            self._stream.feed(data, stamp_ns)
        else:
            self._document += data

    def ended(self, stamp_ns: int) -> None:
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
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
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
        self._url = (target.url or "").rstrip("/").removesuffix("/v1")
        self._kernel_stamps = kernel_stamps
        key = os.environ.get(target.key_env) if target.key_env else None
        self._headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
        self._connections: list[HttpConnection] = []
        self._turns = ParseTurns()
        self._load_s: float | None = None
        self.model_id = target.model

    @property
    def load_s(self) -> float | None:
        """Seconds that a load of ours took; None where the service had the model loaded."""
        return self._load_s

    @property
    def openai_url(self) -> str | None:
        """Base URL as the ``openai`` package wants it."""
        return f"{self._url}/v1"

    async def catalog(self) -> CatalogListed:
        """The ids of ``/v1/models``."""
        try:
            ids = await self._list() or []
        except ModelUnavailableError as error:
            return CatalogListed(entries=(), note=str(error))
        return CatalogListed(
            entries=tuple(CatalogEntry(id=i, alias=i.split(":")[0], name=i, source="endpoint") for i in ids)
        )

    async def prepare(self, emit: Emit) -> ModelDescribed:
        """Find the model's id at the endpoint; a Foundry service is asked to load it where it isn't loaded."""
        emit(StageStarted(model=self._target.name, stage="catalog"))
        ids = await self._list()
        if ids is None:
            self.model_id = self._target.model  # the server keeps no list: its first answer will tell
            return ModelDescribed(model=self._target.name, id=self.model_id, backend="openai_http")
        loaded = await self._loaded()
        self.model_id = _match(self._target.model, ids) or ""
        if loaded is not None and self.model_id not in loaded:
            emit(StageStarted(model=self._target.name, stage="load"))
            self.model_id = await self._load(loaded)
        if not self.model_id:
            raise _unknown(self._target.model, ids)
        return ModelDescribed(model=self._target.name, id=self.model_id, backend="openai_http")

    async def connect(self, slots: int) -> None:
        """Open ``slots`` connections, or bring back those that the server has closed."""
        while len(self._connections) < slots:
            self._connections.append(self._new_connection())
        try:
            await asyncio.gather(*(connection.open() for connection in self._connections[:slots]))
        except HttpError as error:
            raise _unreachable(error) from error

    def _new_connection(self) -> HttpConnection:
        return HttpConnection(Origin.parse(self._url), self._turns, kernel_stamps=self._kernel_stamps)

    async def answer(self, answer: Answer, slot: int) -> None:
        """Send the request on the slot's connection.

        A server may close an idle connection just as the request leaves; it then goes again on a fresh one.
        """
        connection = self._connections[slot]
        body = request_body(answer.request, self.model_id)
        for reused in (connection.usable, False):
            try:
                await connection.open()
                await connection.exchange("POST", _CHAT, _ChatSink(answer), body=body, headers=self._headers)
            except HttpError as error:
                if reused and answer.headers_ns is None:
                    continue
                answer.end(time.perf_counter_ns())
                answer.fail(error.kind, str(error))
            return

    async def settle(self) -> None:
        """Wait for one token of another request: a service that works on what was broken off answers it late."""
        await self.connect(1)
        await self.answer(Answer(_ONE_TOKEN), 0)

    async def release(self) -> None:
        """Close the connections; the service keeps its model."""
        for connection in self._connections:
            connection.close()

    async def _list(self) -> list[str] | None:
        """The ids of the service's models; None where it keeps no list."""
        try:
            status, body = await fetch(self._url, "/v1/models", headers=self._headers)
        except HttpError as error:
            raise _unreachable(error) from error
        if status == 404:
            return None
        if status in {401, 403}:
            raise ModelUnavailableError(
                f"http_{status}",
                f"{self._url} refused the request (HTTP {status})",
                "name the endpoint in config.toml with key_env, and set that variable to the key",
            )
        try:
            document = msgspec.json.decode(body)
            listed = document["data"] if isinstance(document, dict) else document
            return [entry["id"] if isinstance(entry, dict) else str(entry) for entry in listed]
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
            raise ModelUnavailableError(
                "not_an_endpoint",
                f"{self._url}/v1/models answered HTTP {status} and no list of models",
                "check the URL: it should be an OpenAI-compatible service",
            ) from error

    async def _loaded(self) -> list[str] | None:
        """What a Foundry 2.x service has loaded; None for any other kind of server."""
        try:
            status, body = await fetch(self._url, "/models/loaded", headers=self._headers)
            loaded = msgspec.json.decode(body, type=list[str]) if status == 200 else None
        except (HttpError, msgspec.DecodeError):
            return None
        return loaded

    async def _load(self, before: Sequence[str]) -> str:
        """Ask a Foundry 2.x service, which loads by alias, for the model; returns its id or "" where unknown."""
        known = self.model_id
        started = time.perf_counter_ns()
        alias = known.rpartition(":")[0] or known or self._target.model
        for name in dict.fromkeys((self._target.model, alias)):
            try:
                status, body = await fetch(
                    self._url,
                    f"/models/load/{quote(name, safe='')}",
                    headers=self._headers,
                    timeout_s=_LOAD_TIMEOUT_S,
                )
            except HttpError as error:
                raise _unreachable(error) from error
            if status == 200:
                after = await self._loaded() or []
                fresh = [model for model in after if model not in before]
                if fresh:
                    self._load_s = (time.perf_counter_ns() - started) / 1e9
                # An alias that was loaded before adds nothing: its id then begins with it.
                return known or (fresh[0] if fresh else _match(self._target.model, after, prefix=True) or "")
            if status != 404:
                raise ModelUnavailableError(
                    "load_failed",
                    f"the service could not load {name}: {error_message(body)}",
                    "see whether the model is downloaded there, and whether its memory suffices",
                )
        if known:
            raise ModelUnavailableError(
                "not_loaded", f"the service knows {known} but has not loaded it", "name the model by its alias"
            )
        return ""


def _match(name: str, ids: Sequence[str], *, prefix: bool = False) -> str | None:
    """The one id that ``name`` means: the same, the same without its version, or one that begins with it."""
    base, parameters, _ = name.partition("?")
    if parameters and base in ids:
        return name  # parameters that the server reads out of the model's name
    wanted = name.lower()
    tests: list[Callable[[str], bool]] = [
        lambda i: i == name,
        lambda i: i.lower() == wanted,
        lambda i: i.lower().rpartition(":")[0] == wanted,
    ]
    if prefix:
        tests.append(lambda i: i.lower().startswith(wanted))
    for test in tests:
        found = [i for i in ids if test(i)]
        if len(found) == 1:
            return found[0]
    return None


def _unknown(name: str, ids: Sequence[str]) -> ModelUnavailableError:
    near = difflib.get_close_matches(name, ids, n=3, cutoff=0.4)
    return ModelUnavailableError(
        "unknown_model",
        f"the endpoint has no model '{name}'",
        f"it has, for example, {', '.join(near or ids[:3])}" if ids else "it has no models at all",
        skipped=True,
    )


def _unreachable(error: HttpError) -> ModelUnavailableError:
    return ModelUnavailableError(error.kind, str(error), "is the service running, and is this its address?")
