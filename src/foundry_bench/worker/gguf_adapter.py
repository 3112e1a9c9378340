"""The adapter ``gguf``: a GGUF file on llama.cpp, by xllamacpp, with the chat template that the file holds."""

import queue
import secrets
import sys
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any

import psutil

try:
    import xllamacpp
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("xllamacpp is not installed; install foundry-bench[gguf]") from error

_CONTEXT = 8192  # tokens, shared by all requests; llama.cpp cuts it down to the model's own


class Adapter:
    """llama.cpp's own server in this process, asked without HTTP.

    It runs on the processor alone, with a thread for each physical core, as ONNX Runtime does. Every prompt is
    read anew: llama.cpp would remember a repeated one, and its TTFT would then say nothing.
    """

    device = "CPU"
    execution_provider = "llama.cpp"
    max_concurrency = 4

    def load(self, weights_path: str) -> None:
        """Load the file.

        Raises:
            FileNotFoundError: there is no such file.
            RuntimeError: llama.cpp refuses it; its reason is on standard error, which is the worker's log.
        """
        if not Path(weights_path).is_file():
            raise FileNotFoundError(f"there is no such file; name it in full: gguf:{Path('/path/to/model.gguf')}")
        sys.stderr.write(f"llama.cpp uses: {xllamacpp.get_system_info()}\n")
        params = xllamacpp.CommonParams()
        params.model.path = weights_path
        params.n_ctx = _CONTEXT
        params.n_parallel = self.max_concurrency
        params.kv_unified = True
        params.n_gpu_layers = 0
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = psutil.cpu_count(logical=False) or -1
        params.cache_ram_mib = 0
        # It listens on a port of 127.0.0.1 that nobody needs: nobody else gets an answer there.
        params.api_keys = [secrets.token_hex()]
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise RuntimeError("llama.cpp refused the file; its reason is in the worker's log") from error
        # A lone request always has the slot of the one before it, so that no old answer fills the cache beside it.
        self._slots = list(range(self.max_concurrency))

    def generate(
        self,
        prompt: str,
        *,
        system: str | None = None,
        max_tokens: int = 128,
        temperature: float = 0.0,
        seed: int = 0,
        **_: object,
    ) -> Generator[str, None, dict[str, object]]:
        """Yield the answer's pieces as llama.cpp makes them; reasoning stands between think tags.

        Raises:
            RuntimeError: llama.cpp refuses the request, such as a prompt longer than the context.
        """
        roles = [("system", system)] if system else []
        request = {
            "messages": [{"role": role, "content": text} for role, text in [*roles, ("user", prompt)]],
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
            "stream": True,
            "stream_options": {"include_usage": True},
            "cache_prompt": False,
        }
        slot = self._slots.pop(0)
        call = _Call(self._server, request | {"id_slot": slot})
        ending: dict[str, object] = {}
        thinking = False
        try:
            while (chunk := call.chunks.get()) is not None:
                if isinstance(chunk, Exception):
                    raise chunk
                for choice in chunk.get("choices", ()):
                    ending["finish_reason"] = choice.get("finish_reason") or ending.get("finish_reason")
                    thought, said = choice["delta"].get("reasoning_content"), choice["delta"].get("content")
                    if thought:
                        yield thought if thinking else f"<think>{thought}"
                        thinking = True
                    if said:
                        yield f"</think>{said}" if thinking else said
                        thinking = False
                if usage := chunk.get("usage"):
                    ending |= {name: usage[name] for name in ("prompt_tokens", "completion_tokens")}
        finally:
            call.stop()
            self._slots.insert(0, slot)
        return ending

    def close(self) -> None:
        """Unload."""
        del self._server


class _Call:
    """A request under way in a thread of its own: what llama.cpp calls back with becomes a queue, None its end."""

    def __init__(self, server: Any, request: dict[str, Any]) -> None:
        self.chunks: queue.SimpleQueue[dict[str, Any] | Exception | None] = queue.SimpleQueue()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=[server, request], daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have llama.cpp stop at its next token, and wait until it has."""
        self._stopped.set()
        self._thread.join()

    def _run(self, server: Any, request: dict[str, Any]) -> None:
        try:
            server.handle_chat_completions(request, self._take)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller raises it
            self.chunks.put(error)
        self.chunks.put(None)

    def _take(self, chunk: dict[str, Any]) -> bool:
        """Called for each piece; True asks llama.cpp to stop."""
        error = chunk.get("error")
        self.chunks.put(RuntimeError(error.get("message", "llama.cpp gave no reason")) if error else chunk)
        return self._stopped.is_set()
