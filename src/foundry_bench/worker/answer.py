"""One answer as it arrives: stamped chunks become a Sample, failure included."""

import hashlib
from array import array
from dataclasses import dataclass

from foundry_bench.values.format import brief
from foundry_bench.values.plan import Prompt
from foundry_bench.values.record import Clock, Disturbance, Failure, Path, Phase, Sample, Status, TokenSource

_NS = 1e9  # dividing keeps nine decimals exact where multiplying by 1e-9 does not
_THINK, _THINK_END = "<think>", "</think>"
# Finish reasons by which servers say that something went wrong.
_BROKEN_OFF = {"error", "abort", "aborted", "cancelled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model, and where in the plan it stands."""

    model: str
    prompt: Prompt
    system: str | None
    max_tokens: int
    temperature: float
    seed: int
    stream: bool
    phase: Phase
    round: int
    level: str | None = None

    def messages(self) -> list[dict[str, str]]:
        """The chat messages, system prompt first."""
        system = [{"role": "system", "content": self.system}] if self.system else []
        return [*system, {"role": "user", "content": self.prompt.prompt}]


class Answer:
    """Collects what arrives for one request; ``sample()`` turns it into a record.

    A backend sets ``sent_ns`` and, where there are any, ``headers_ns`` and ``first_byte_ns``, stamps of the monotonic
    clock; it calls ``chunk`` with the stamp of each piece, ``usage``, ``finish`` and ``fail`` with what the server
    said, and ``end`` when nothing more will come. Chunks may be added from another thread while ``progress`` is read.
    """

    def __init__(self, request: Request, *, path: Path = "raw") -> None:
        self.request = request
        self.path: Path = path
        self.clock: Clock = "arrival"
        self.scheduled_ns = 0
        self.sent_ns = 0
        self.headers_ns: int | None = None
        self.first_byte_ns: int | None = None
        self.end_ns: int | None = None
        self.answer_ns: int | None = None
        self.model_id: str | None = None
        self.response_id: str | None = None
        self.finish_reason: str | None = None
        self.prompt_tokens: int | None = None
        self.completion_tokens: int | None = None
        self.done_marker = False
        self.failure: Failure | None = None
        self.cancelled = False
        self.called_tool = False
        self.characters = 0  # of text and reasoning
        self.warnings: list[str] = []
        self.disturbance = Disturbance()
        self._stamps = array("q")
        self._shared = array("q")
        self._first_usage: int | None = None
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._shown = (0, 0)
        self._thinking: bool | None = None
        self._held = ""

    def chunk(self, stamp_ns: int, text: str, reasoning: str = "") -> None:
        """A content-bearing chunk arrived at ``stamp_ns``; chunks of one read share their stamp."""
        if self.request.stream:
            if self._stamps and self._stamps[-1] == stamp_ns:
                self._shared.append(len(self._stamps))
            self._stamps.append(stamp_ns)
        self.characters += len(text) + len(reasoning)
        if reasoning:
            self._reasoning.append(reasoning)
        if text:
            self._add_text(stamp_ns, text)

    def usage(self, prompt_tokens: int | None, completion_tokens: int | None) -> None:
        """The server's own token counts so far; the last one stands, the one with the first chunk is its size."""
        self.prompt_tokens = prompt_tokens if prompt_tokens is not None else self.prompt_tokens
        if completion_tokens is not None:
            self.completion_tokens = completion_tokens
            if len(self._stamps) == 1 and self._first_usage is None:
                self._first_usage = completion_tokens

    def finish(self, reason: str) -> None:
        """The server's reason for the answer's end; some are failures, whatever is said after them."""
        self.finish_reason = reason
        if reason in _BROKEN_OFF:
            self.fail("server_error", f"the server gave up: {reason}")

    def fail(self, kind: str, message: str) -> None:
        """Something went wrong; the first reason stands."""
        if self.failure is None:
            self.failure = Failure(type=kind, message=brief(message))

    def end(self, stamp_ns: int) -> None:
        """Nothing more will come."""
        if self.end_ns is None:
            self.end_ns = stamp_ns

    def progress(self) -> tuple[str, int, float | None]:
        """The text since the last call, chunks so far, and the TTFT in seconds once there is one."""
        thought, said = len(self._reasoning), len(self._text)
        fresh = "".join(self._reasoning[self._shown[0] : thought] + self._text[self._shown[1] : said])
        self._shown = (thought, said)
        return _writable(fresh), len(self._stamps), self._since(self._stamps[0]) if self._stamps else None

    def waited_s(self, now_ns: int) -> float:
        """How long the next token has been waited for; 0 before the first, which takes as long as its prompt."""
        return (now_ns - self._stamps[-1]) / _NS if self._stamps else 0.0

    def _add_text(self, stamp_ns: int, text: str) -> None:
        """Text, of which what stands between think tags at its very start is reasoning."""
        if self._thinking is False:
            if self.answer_ns is None and text.strip():
                self.answer_ns = stamp_ns
            self._text.append(text)
            return
        self._held += text
        if self._thinking is None:
            start = self._held.lstrip()
            if _THINK.startswith(start[: len(_THINK)]) and len(start) < len(_THINK):
                return
            self._thinking = start.startswith(_THINK)
            if self._thinking:
                self._held = start.removeprefix(_THINK)
        if self._thinking:
            inside, closed, after = self._held.partition(_THINK_END)
            if not closed:
                keep = _overlap(inside, _THINK_END)
                self._reasoning.append(inside[: len(inside) - keep])
                self._held = inside[len(inside) - keep :]
                return
            self._reasoning.append(inside)
            self._held = after.lstrip("\n")
            self._thinking = False
        held, self._held, self._thinking = self._held, "", False
        if held:
            self._add_text(stamp_ns, held)

    def sample(self, model_id: str) -> Sample:
        """The finished record."""
        if self._held:
            (self._reasoning if self._thinking else self._text).append(self._held)
            self._held = ""
        text, reasoning = _writable("".join(self._text)), _writable("".join(self._reasoning))
        status, error = self._judge(text, reasoning)
        source, tokens = self._tokens()
        first_tokens = self._first_chunk_tokens(source, tokens)
        if source == "chunks":
            self.warnings.append("tokens_counted_as_chunks")
        if not text and reasoning:
            self.warnings.append("reasoning_only")
        stamps = self._stamps
        return Sample(
            model=self.request.model,
            model_id=_writable(self.model_id or model_id),
            prompt_id=self.request.prompt.id,
            response_id=self.response_id and _writable(self.response_id),
            phase=self.request.phase,
            round=self.request.round,
            level=self.request.level,
            status=status,
            error=error,
            sent_ns=self.sent_ns,
            headers_s=self._since(self.headers_ns),
            first_byte_s=self._since(self.first_byte_ns),
            ttft_s=self._since(stamps[0]) if stamps else None,
            ttfa_s=self._since(self.answer_ns) if stamps else None,
            latency_s=self._since(self.end_ns),
            token_times_s=tuple((stamp - self.sent_ns) / _NS for stamp in stamps),
            prompt_tokens=self.prompt_tokens,
            completion_tokens=tokens,
            token_source=source,
            finish_reason=self.finish_reason and _writable(self.finish_reason),
            text=text,
            text_sha256=hashlib.sha256(text.encode()).hexdigest(),
            reasoning=reasoning,
            path=self.path,
            clock=self.clock,
            first_chunk_tokens=first_tokens,
            shared_reads=tuple(self._shared),
            queued_s=(self.sent_ns - self.scheduled_ns) / _NS if self.sent_ns and self.scheduled_ns else None,
            warnings=tuple(self.warnings),
            disturbance=self.disturbance if self.disturbance.notable else None,
        )

    def _since(self, stamp_ns: int | None) -> float | None:
        return None if stamp_ns is None or not self.sent_ns else (stamp_ns - self.sent_ns) / _NS

    def _judge(self, text: str, reasoning: str) -> tuple[Status, Failure | None]:
        """ok: a whole answer with a finish reason and text. unverified: whole as far as an old server can tell."""
        if self.cancelled:
            return "cancelled", self.failure or Failure(type="cancelled", message="stopped before its answer was whole")
        if self.failure is not None:
            return ("timeout" if self.failure.type == "timeout" else "error"), self.failure
        if not (text or reasoning or self.called_tool):
            return "error", Failure(type="no_answer", message="the model answered without any text")
        if self.finish_reason is None and not self.done_marker:
            return "error", Failure(type="cut_off", message="the stream ended with neither a finish reason nor [DONE]")
        return ("ok" if self.finish_reason is not None else "unverified"), None

    def _tokens(self) -> tuple[TokenSource, int | None]:
        if self.completion_tokens is not None:
            return "usage", self.completion_tokens
        return ("chunks", len(self._stamps)) if self._stamps else ("none", None)

    def _first_chunk_tokens(self, source: TokenSource, tokens: int | None) -> float | None:
        """Tokens of the first chunk: the server's word, else 1 where chunks are tokens, else the mean (an estimate).

        One token more than chunks is still one token a chunk: many servers count the end-of-text token.
        """
        chunks = len(self._stamps)
        if not chunks or tokens is None:
            return None
        if self._first_usage and self._first_usage < tokens:  # 0 counts what came before the chunk
            return float(self._first_usage)
        if source == "chunks" or chunks <= tokens <= chunks + 1:
            return 1.0
        self.warnings.append("first_chunk_estimated")
        return tokens / chunks


def _writable(text: str) -> str:
    """The text with halves of surrogate pairs, which no file can hold, joined or replaced."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _overlap(text: str, tag: str) -> int:
    """How many of the last characters of ``text`` may be the beginning of ``tag``."""
    return next((n for n in range(min(len(text), len(tag) - 1), 0, -1) if tag.startswith(text[-n:])), 0)
