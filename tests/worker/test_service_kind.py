"""What tells a service's kind, and what each kind says of its models: recorded shapes, no network."""

from typing import Any

import pytest

from foundry_bench.values.events import CatalogEntry
from foundry_bench.worker.service import find_entry, unknown_model
from foundry_bench.worker.service_kind import classify, probes
from foundry_bench.worker.service_models import read_entries
from service_stand_in import listing

LM_STUDIO_SHRUG = {"error": "Unexpected endpoint or method. (GET /props). Returning 200 anyway"}
FOUNDRY = listing("tiny-random-generic-cpu:1", "Phi-4-generic-cpu:1", owned_by="Microsoft")
LEGACY_STATUS = {"endpoints": ["http://127.0.0.1:5273"], "modelDirPath": "C:\\cache", "pipeName": "inference_agent"}
LLAMA_CPP = {
    "object": "list",
    "data": [
        {
            "id": "unsloth/Qwen3.6-35B-A3B-GGUF",
            "object": "model",
            "owned_by": "llamacpp",
            "meta": {"n_ctx_train": 262144, "n_params": 35_000_000_000, "size": 22_000_000_000},
        }
    ],
}
PROPS = {"default_generation_settings": {"n_ctx": 65536}, "total_slots": 4, "build_info": "b8681-Debian"}
TAGS = {
    "models": [
        {
            "name": "llama3.2:latest",
            "model": "llama3.2:latest",
            "size": 2_019_393_189,
            "details": {"format": "gguf", "parameter_size": "3.2B", "quantization_level": "Q4_K_M"},
        },
        {"name": "qwen3:8b", "size": 5_225_388_164, "details": {"quantization_level": "Q4_K_M"}},
    ]
}
PS = {"models": [{"name": "llama3.2:latest", "size": 3_000_000_000, "context_length": 4096}]}
VLLM = {"object": "list", "data": [{"id": "Qwen/Qwen3-8B", "owned_by": "vllm", "max_model_len": 40960}]}
V0 = {
    "data": [
        {
            "id": "qwen2-vl-7b-instruct",
            "object": "model",
            "type": "vlm",
            "publisher": "mlx-community",
            "compatibility_type": "mlx",
            "quantization": "4bit",
            "state": "not-loaded",
            "max_context_length": 32768,
        }
    ]
}
V1 = {
    "models": [
        {
            "type": "llm",
            "publisher": "openai",
            "key": "openai/gpt-oss-20b",
            "quantization": {"name": "MXFP4", "bits_per_weight": 4},
            "size_bytes": 12_109_565_632,
            "loaded_instances": [{"id": "openai/gpt-oss-20b:2", "config": {"context_length": 8192}}],
            "max_context_length": 131072,
        }
    ]
}


@pytest.mark.parametrize(
    ("listed", "found", "kind", "version"),
    [
        pytest.param(FOUNDRY, {"/models/loaded": []}, "foundry", None, id="Foundry 2.x, nothing loaded"),
        pytest.param(FOUNDRY, {"/openai/status": LEGACY_STATUS}, "foundry-legacy", None, id="Foundry 0.x"),
        pytest.param(None, {"/openai/status": {"ModelDirPath": "x"}}, "foundry-legacy", None, id="as documented"),
        pytest.param(LLAMA_CPP, {"/props": PROPS}, "llama.cpp", "b8681-Debian", id="llama.cpp"),
        pytest.param(LLAMA_CPP, {}, "llama.cpp", None, id="llama.cpp that keeps its props to itself"),
        pytest.param(listing("m"), {"/props": PROPS}, "llama.cpp", "b8681-Debian", id="an older llama.cpp"),
        pytest.param(
            listing("llama3.2:latest", owned_by="library"), {"/api/version": {"version": "0.12.3"}}, "ollama", "0.12.3"
        ),
        pytest.param(listing("me/mine"), {"/api/version": {"version": "0.12.3"}}, "ollama", "0.12.3", id="own model"),
        pytest.param(VLLM, {"/version": {"version": "0.11.0"}}, "vllm", "0.11.0", id="vLLM"),
        pytest.param(listing("x"), {"/api/v1/models": V1, "/props": LM_STUDIO_SHRUG}, "lm-studio", None, id="0.4"),
        pytest.param(
            listing("x"),
            dict.fromkeys(probes(listing("x")), LM_STUDIO_SHRUG) | {"/api/v0/models": V0},
            "lm-studio",
            None,
            id="LM Studio before 0.4, which answers everything with 200",
        ),
        pytest.param(
            FOUNDRY,
            {"/openai/status": LEGACY_STATUS, "/models/loaded": [], "/api/version": {"version": "1"}},
            "foundry-legacy",
            None,
            id="what nobody imitates goes first",
        ),
        pytest.param(listing("reference"), {}, "unknown", None, id="another"),
        pytest.param(None, {}, "unknown", None, id="nothing"),
        pytest.param({"data": ["a", None, {"owned_by": 7}]}, {"/props": [], "/api/version": 3}, "unknown", None),
    ],
)
def test_a_service_is_known_by_the_shape_of_its_answers(listed: Any, found: Any, kind: str, version: str) -> None:
    assert classify(listed, found) == (kind, version)


def test_who_names_himself_in_the_list_is_asked_for_his_version_alone() -> None:
    assert probes(LLAMA_CPP) == ("/props",)
    assert probes(VLLM) == ("/version",)
    assert probes(listing("x", owned_by="library")) == ("/api/version",)
    assert len(probes(FOUNDRY)) == len(probes(None)) == 6


def facts(entry: CatalogEntry) -> tuple[object, ...]:
    return entry.id, entry.size_mb, entry.quantization, entry.context_length, entry.loaded


@pytest.mark.parametrize(
    ("kind", "found", "expected"),
    [
        ("llama.cpp", {"/v1/models": LLAMA_CPP, "/props": PROPS}, [(22000.0, None, 65536, True)]),
        ("llama.cpp", {"/v1/models": LLAMA_CPP, "/props": None}, [(22000.0, None, 262144, True)]),
        (
            "ollama",
            {"/api/tags": TAGS, "/api/ps": PS},
            [(2019.393189, "Q4_K_M", 4096, True), (5225.388164, "Q4_K_M", None, False)],
        ),
        ("vllm", {"/v1/models": VLLM}, [(None, None, 40960, True)]),
        ("lm-studio", {"/api/v1/models": V1}, [(12109.565632, "MXFP4", 131072, True)]),
        ("lm-studio", {"/api/v1/models": LM_STUDIO_SHRUG, "/api/v0/models": V0}, [(None, "4bit", 32768, False)]),
        ("foundry", {"/v1/models": FOUNDRY, "/models/loaded": ["Phi-4-generic-cpu:1"]}, [(None,) * 3 + (False,)] * 1),
        ("unknown", {"/v1/models": listing("a")}, [(None, None, None, False)]),
        (
            "ollama",
            {"/api/tags": {"models": [{"name": 3}, None]}, "/v1/models": listing("a")},
            [(None,) * 3 + (False,)],
        ),
    ],
)
def test_what_each_kind_says_of_its_models(kind: Any, found: Any, expected: list[tuple[object, ...]]) -> None:
    entries = read_entries(kind, found)
    assert [facts(entry)[1:] for entry in entries][: len(expected)] == expected
    assert all(entry.source == "endpoint" for entry in entries)


LEGACY = {
    "/foundry/list": [
        {
            "name": f"Phi-4-mini-instruct-{device}:5",
            "alias": "phi-4-mini",
            "runtime": {"deviceType": device.upper(), "executionProvider": "X"},
            "fileSizeMb": 3720,
            "license": "MIT",
            "task": "chat-completion",
        }
        for device in ("gpu", "cpu")
    ],
    "/openai/models": ["Phi-4-mini-instruct-cpu:5", "mine"],
    "/openai/loadedmodels": ["mine"],
}


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_legacy_service_lists_its_catalog_and_what_else_is_on_its_disk(wrapped: bool) -> None:
    listed = LEGACY["/foundry/list"]
    gpu, cpu, mine = read_entries(
        "foundry-legacy", LEGACY | {"/foundry/list": {"models": listed} if wrapped else listed}
    )
    assert (cpu.alias, cpu.device, cpu.size_mb, cpu.license, cpu.cached) == ("phi-4-mini", "CPU", 3720, "MIT", True)
    assert (gpu.cached, mine.id, mine.loaded) == (False, "mine", True)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Phi-4-mini-instruct-gpu:5", "Phi-4-mini-instruct-gpu:5"),
        ("phi-4-mini-instruct-GPU", "Phi-4-mini-instruct-gpu:5"),
        ("phi-4-mini", "Phi-4-mini-instruct-cpu:5"),  # which is on the disk
        ("phi", None),
    ],
)
def test_which_entry_a_name_means(name: str, found: str | None) -> None:
    entry = find_entry(name, read_entries("foundry-legacy", LEGACY))
    assert (entry.id if entry else None) == found


def test_an_alias_of_several_models_asks_for_an_id() -> None:
    entries = read_entries("foundry-legacy", LEGACY | {"/openai/models": []})
    assert find_entry("phi-4-mini", entries) is None
    error = unknown_model("phi-4-mini", entries)
    assert (error.kind, "Phi-4-mini-instruct-gpu:5" in error.advice) == ("ambiguous_model", True)
    assert unknown_model("phj", entries).kind == "unknown_model"


def test_an_id_that_a_gateway_lists_for_each_of_its_servers_is_one_model() -> None:
    entries = read_entries("unknown", {"/v1/models": listing("gpt-oss", "gpt-oss", "phi", owned_by="gateway")})
    assert [entry.id for entry in entries] == ["gpt-oss", "phi"]
    assert find_entry("gpt-oss", entries) == entries[0]
