"""The embedded runtime where it does not do what it is told, with the SDK's classes replaced."""

import asyncio
import json
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import foundry_local_sdk
import pytest

from factories import make_request
from foundry_bench.values.plan import Runtime
from foundry_bench.worker import chat_session
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.chat_session import ChatSessions
from foundry_bench.worker.foundry import FoundryBackend


class DeafSession:
    """A session whose answer comes when ``over`` is set, whatever it is told meanwhile."""

    called: threading.Event
    over: threading.Event

    def __init__(self, model: Any) -> None:
        del model

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def set_options(self, options: Any) -> None:
        del options

    def set_streaming(self, *, enabled: bool) -> None:
        del enabled

    def process_streaming_request(self, native: Any) -> Any:
        del native
        self.called.set()
        self.over.wait()
        raise RuntimeError("cancelled at last")


async def test_a_call_that_hears_no_cancel_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chat_session, "_CANCEL_GRACE_S", 0.0)
    monkeypatch.setattr(foundry_local_sdk, "ChatSession", DeafSession)
    DeafSession.over = threading.Event()
    sessions = ChatSessions(SimpleNamespace())
    sessions.open(1)
    for _ in range(2):  # the second has a thread, too
        DeafSession.called = threading.Event()
        answer = Answer(make_request())
        asking = asyncio.create_task(sessions.answer(answer))
        await asyncio.to_thread(DeafSession.called.wait)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        answer.fail("timeout", "no whole answer")
        answer.end(answer.sent_ns + 1)
    told = answer.sample("m")
    left = [thread for thread in threading.enumerate() if thread.name.startswith("session")]
    DeafSession.over.set()
    sessions.close()
    for thread in left:
        await asyncio.to_thread(thread.join)
    assert answer.sample("m") == told  # what came of it in the end says nothing any more


async def test_a_runtime_that_does_not_start_leaves_what_the_disk_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(configuration: Any) -> None:
        raise RuntimeError(f"no such library for {type(configuration).__name__}")

    monkeypatch.setattr(foundry_local_sdk.FoundryLocalManager, "initialize", refuse)
    folder = tmp_path / "someone" / "m-1"
    folder.mkdir(parents=True)
    (folder / "genai_config.json").write_text("{}")
    (folder / "inference_model.json").write_text(json.dumps({"Name": "m:1"}))
    backend = FoundryBackend(None, Runtime(model_cache_dir=str(tmp_path)), "auto")
    listed = await backend.catalog()
    await backend.release()
    assert [entry.id for entry in listed.entries] == ["m:1"]
    assert listed.note is not None
    assert listed.note.startswith("the Foundry Local runtime did not start: no such library")
    assert listed.note.endswith("; listed is what this disk holds")
