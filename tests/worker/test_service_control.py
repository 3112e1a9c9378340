"""The control planes of services, against stand-ins that answer by path."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from factories import make_request
from foundry_bench.values.events import (
    ActionFailed,
    Event,
    ModelDownloaded,
    ModelLoaded,
    ModelUnloaded,
    StageProgressed,
)
from foundry_bench.values.plan import Runtime, Target
from foundry_bench.worker.answer import Answer
from foundry_bench.worker.backend import ModelUnavailableError
from foundry_bench.worker.legacy_service import read_fraction, read_result
from foundry_bench.worker.life import LifeCommand, carry_out
from foundry_bench.worker.openai_http import OpenAIEndpoint
from foundry_bench.worker.protocol import Download, Load, Remove, Unload
from foundry_bench.worker.service_life import ServiceLife
from service_stand_in import StandIn, answer, listing, service

OLLAMA = {
    "GET /v1/models": listing("llama3.2:latest", owned_by="library"),
    "GET /api/version": {"version": "0.12.3"},
    "GET /api/tags": {"models": [{"name": "llama3.2:latest", "size": 2_000_000_000}]},
    "GET /api/ps": {"models": []},
    "POST /api/generate": {"done": True, "done_reason": "load"},
    "POST /v1/chat/completions": answer(),
}
FOUNDRY = {"GET /v1/models": listing("tiny-cpu:1", "phi-cpu:2"), "GET /models/loaded": ["phi-cpu:2"]}
TINY = {"name": "tiny-cpu:1", "alias": "tiny", "uri": "azureml://x", "providerType": "AzureFoundry", "publisher": "P"}
LEGACY = {
    "GET /openai/status": {"modelDirPath": "x"},
    "GET /foundry/list": [TINY],
    "GET /openai/models": [],
    "GET /openai/loadedmodels": [],
    "GET /openai/load/tiny-cpu%3A1": b"",
    "GET /openai/unload/tiny-cpu%3A1": b"",
}
LM_STUDIO = {
    "GET /v1/models": listing("openai/gpt-oss-20b", owned_by="organization_owner"),
    "GET /api/v1/models": {
        "models": [{"key": "openai/gpt-oss-20b", "loaded_instances": [{"id": "gpt:1"}, {"id": "gpt:2"}]}]
    },
    "POST /api/v1/models/unload": {"instance_id": "gpt:1"},
    "POST /api/v1/models/download": {"status": "already_downloaded"},
}


def target(at: StandIn, model: str) -> Target:
    return Target(name=f"lab:{model}", backend="openai_http", model=model, url=at.url)


async def told(kind: Callable[..., LifeCommand], at: StandIn, model: str, events: list[Event] | None = None) -> Event:
    command = kind(runtime=Runtime(), target=target(at, model))
    return await carry_out(command, ServiceLife((events if events is not None else []).append))


async def test_ollama_loads_by_a_request_without_a_prompt_and_unloads_by_one_without_time() -> None:
    with service(OLLAMA) as at:
        loaded = await told(Load, at, "llama3.2")
        await told(Unload, at, "llama3.2")
    assert isinstance(loaded, ModelLoaded)
    assert loaded.load_s is not None
    assert loaded.url == f"{at.url}/v1"
    assert at.asked_for("POST /api/generate") == [
        {"model": "llama3.2:latest", "stream": False},
        {"model": "llama3.2:latest", "stream": False, "keep_alive": 0},
    ]


PULL = [
    {"status": "pulling manifest"},
    {"status": "pulling aa", "digest": "aa", "total": 100},
    {"status": "pulling aa", "digest": "aa", "total": 100, "completed": 50},
    {"status": "pulling bb", "digest": "bb", "total": 100, "completed": 100},
    {"status": "success"},
]


async def test_ollama_pulls_and_tells_how_far_that_is() -> None:
    body = b"".join(json.dumps(line).encode() + b"\n" for line in PULL)
    events: list[Event] = []
    with service(OLLAMA | {"POST /api/pull": body}) as at:
        ended = await told(Download, at, "qwen3:8b", events)
    assert isinstance(ended, ModelDownloaded)
    assert [event.fraction for event in events if isinstance(event, StageProgressed)] == [None, 0, 0.5, 0.75, 0.75]
    assert at.asked_for("POST /api/pull") == [{"model": "qwen3:8b", "stream": True}]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        pytest.param(b'{"error":"pull model manifest: file does not exist"}\n', "file does not exist", id="in a 200"),
        pytest.param((500, b'{"error":"disk full"}'), "disk full", id="500"),
        pytest.param(b'{"status":"pulling aa"}\n', "it broke off", id="cut"),
    ],
)
async def test_a_pull_that_fails_says_why(reply: Any, reason: str) -> None:
    with service(OLLAMA | {"POST /api/pull": reply}) as at:
        ended = await told(Download, at, "nope")
    assert isinstance(ended, ActionFailed)
    assert reason in ended.error.message


async def test_a_2x_service_is_told_by_alias_and_one_that_is_loaded_is_left() -> None:
    with service(FOUNDRY | {"GET /models/load/tiny-cpu": {"status": "loaded"}}) as at:
        assert isinstance(await told(Load, at, "tiny-cpu:1"), ModelLoaded)
        already = await told(Load, at, "phi-cpu:2")
    assert isinstance(already, ModelLoaded)
    assert already.load_s is None
    assert [line for line, _ in at.asked if "/models/load/" in line] == [
        "GET /models/load/tiny-cpu%3A1",
        "GET /models/load/tiny-cpu",
    ]


async def test_unloading_waits_for_the_session_that_just_ended() -> None:
    replies = [(500, b'{"error":{"message":"1 session(s) still using it"}}')] * 2 + [(200, b"{}")]
    with service(FOUNDRY | {"GET /models/unload/phi": lambda _: replies.pop(0)}) as at:
        assert not isinstance(await told(Unload, at, "phi"), ActionFailed)
    assert replies == []


async def test_an_alias_whose_model_nobody_can_tell_is_refused() -> None:
    loaded = {"GET /models/loaded": ["phi-4-cpu:1", "phi-4-mini-cpu:1"], "GET /models/load/phi": {}}
    with service(FOUNDRY | loaded) as at:
        ended = await told(Load, at, "phi")
    assert isinstance(ended, ActionFailed)
    assert ended.error.type == "ambiguous_model"


async def test_a_legacy_service_loads_and_unloads_by_id() -> None:
    with service(LEGACY) as at:
        loaded = await told(Load, at, "tiny")
        await told(Unload, at, "tiny")
    assert isinstance(loaded, ModelLoaded)
    assert [line for line, _ in at.asked if "load/" in line] == [
        "GET /openai/load/tiny-cpu%3A1",
        "GET /openai/unload/tiny-cpu%3A1?force=true",
    ]


@pytest.mark.parametrize(
    ("line", "fraction"),
    [
        ("Total 12.50% Downloading model.onnx.data", 0.125),
        ("100%", 1.0),
        ('("model.onnx.data", 0.5)', 0.5),
        ('("a%b", 0.25)', 0.25),
        ("120 %", 1.0),
        ("Downloading", None),
        ('{"success": true}', None),
    ],
)
def test_a_line_of_a_legacy_download(line: str, fraction: float | None) -> None:
    assert read_fraction(line) == fraction


@pytest.mark.parametrize(
    ("body", "success"),
    [
        (b'50%\n{"success": true, "errorMessage": null}', True),
        (b'("a", 1.0)\n{"Success": true,\n "ErrorMessage": null}', True),
        (b'{x} 3%\n{"success": false}', False),
        (b"50%\n", None),
    ],
)
def test_the_result_of_a_legacy_download(body: bytes, success: bool | None) -> None:
    assert read_result(body).get("success") is success


async def test_a_legacy_service_is_handed_its_own_entry_back_to_download() -> None:
    body = b'Total 50.00% x\n("x", 0.75)\n{"success": true, "errorMessage": null}'
    events: list[Event] = []
    with service(LEGACY | {"POST /openai/download": body}) as at:
        ended = await told(Download, at, "tiny", events)
    assert isinstance(ended, ModelDownloaded)
    assert [event.fraction for event in events if isinstance(event, StageProgressed)] == [0.5, 0.75]
    (asked,) = at.asked_for("POST /openai/download")
    assert asked["model"] == {
        "Name": "tiny-cpu:1",
        "Uri": "azureml://x",
        "Publisher": "P",
        "ProviderType": "AzureFoundryLocal",
        "PromptTemplate": None,
    }


async def test_a_legacy_download_that_fails_says_why() -> None:
    with service(LEGACY | {"POST /openai/download": b'10%\n{"success":false,"errorMessage":"no space"}'}) as at:
        ended = await told(Download, at, "tiny")
    assert isinstance(ended, ActionFailed)
    assert "no space" in ended.error.message


async def test_lm_studio_unloads_every_instance() -> None:
    with service(LM_STUDIO) as at:
        await told(Unload, at, "openai/gpt-oss-20b")
        assert isinstance(await told(Download, at, "ibm/granite"), ModelDownloaded)
    assert at.asked_for("POST /api/v1/models/unload") == [{"instance_id": "gpt:1"}, {"instance_id": "gpt:2"}]


@pytest.mark.parametrize("instances", [None, "gpt:1", [None, "gpt:2"]])
async def test_what_a_list_of_models_holds_beside_models_is_passed_over(instances: object) -> None:
    models = [7, {"key": "openai/gpt-oss-20b", "loaded_instances": instances}]
    with service(LM_STUDIO | {"GET /api/v1/models": {"models": models}}) as at:
        assert isinstance(await told(Unload, at, "openai/gpt-oss-20b"), ModelUnloaded)
    assert at.asked_for("POST /api/v1/models/unload") == []


async def test_an_older_lm_studio_loads_at_the_first_request() -> None:
    shrug = {"error": "Unexpected endpoint or method. (POST /api/v1/models/load). Returning 200 anyway"}
    v0 = {"data": [{"id": "qwen", "state": "not-loaded"}]}
    routes = {"GET /v1/models": listing("qwen"), "GET /api/v0/models": v0, "POST /api/v1/models/load": shrug}
    with service(routes) as at:
        described = await OpenAIEndpoint(target(at, "qwen")).prepare(lambda _event: None)
        refused = await told(Load, at, "qwen")
    assert (described.id, described.service and described.service.kind) == ("qwen", "lm-studio")
    assert isinstance(refused, ActionFailed)
    assert refused.error.type == "unsupported"


@pytest.mark.parametrize("kind", [Download, Load, Unload, Remove])
async def test_a_service_without_a_control_plane_says_so(kind: Callable[..., LifeCommand]) -> None:
    with service({"GET /v1/models": listing("m", owned_by="vllm"), "GET /version": {"version": "0.11"}}) as at:
        ended = await told(kind, at, "m")
    assert isinstance(ended, ActionFailed)
    assert ended.error.type == "unsupported"


async def test_ollama_is_told_to_load_before_it_is_measured() -> None:
    with service(OLLAMA) as at:
        backend = OpenAIEndpoint(target(at, "llama3.2"))
        described = await backend.prepare(lambda _event: None)
        with pytest.raises(ModelUnavailableError, match="no model 'nope'"):
            await OpenAIEndpoint(target(at, "nope")).prepare(lambda _event: None)
    assert (described.id, described.disk_mb) == ("llama3.2:latest", 2000.0)
    assert described.service is not None
    assert described.service.label == "Ollama 0.12.3"
    assert backend.load_s is not None


async def test_ollama_is_kept_warm_without_a_prompt() -> None:
    with service(OLLAMA) as at:
        backend = OpenAIEndpoint(target(at, "llama3.2"))
        await backend.prepare(lambda _event: None)
        await backend.keep_warm(30)
        await backend.release()
    assert at.asked_for("POST /api/generate")[-1] == {
        "model": "llama3.2:latest",
        "stream": False,
        "keep_alive": "120s",
    }


async def test_others_are_kept_warm_by_one_token_of_the_last_prompt() -> None:
    with service({"GET /v1/models": listing("m"), "POST /v1/chat/completions": answer()}) as at:
        backend = OpenAIEndpoint(target(at, "m"))
        await backend.prepare(lambda _event: None)
        await backend.connect(1)
        await backend.answer(Answer(make_request()), 0)
        await backend.keep_warm(30)
        await backend.release()
    first, second = at.asked_for("POST /v1/chat/completions")
    assert second == first | {"max_tokens": 1}
