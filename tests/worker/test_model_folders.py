"""What is read from the folders of models, whoever wrote them."""

import json
from pathlib import Path

import pytest

from foundry_bench.worker.adapter import _disk_mb
from foundry_bench.worker.genai_config import provider_of, read_config
from foundry_bench.worker.model_cache import cached_models


def config(*options: object) -> dict[str, object]:
    return {"model": {"decoder": {"session_options": {"provider_options": list(options)}}}}


@pytest.mark.parametrize(
    ("found", "device", "provider"),
    [
        (None, "CPU", "CPUExecutionProvider"),
        ({"model": 7}, "CPU", "CPUExecutionProvider"),
        (config(), "CPU", "CPUExecutionProvider"),
        (config("cuda"), "CPU", "CPUExecutionProvider"),
        (config({"cuda": {"enable_cuda_graph": "0"}}), "GPU", "CUDAExecutionProvider"),
        (config({"DML": {}}), "GPU", "DmlExecutionProvider"),
        (config({"OpenVINO": {"device_type": "NPU"}}), "NPU", "OpenVINOExecutionProvider"),
        (config({"OpenVINO": {"device_type": ["GPU"]}}), "CPU", "OpenVINOExecutionProvider"),
        (config({"unheard of": None}), "CPU", "CPUExecutionProvider"),
    ],
)
def test_a_folder_says_which_device_it_is_made_for(found: object, device: str, provider: str) -> None:
    assert provider_of(found) == (device, provider)


def test_a_configuration_that_is_none_is_none(tmp_path: Path) -> None:
    assert read_config(tmp_path) is None
    (tmp_path / "genai_config.json").write_text("[" * 100_000)
    assert read_config(tmp_path) is None


def test_a_catalog_entry_of_another_shape_costs_itself_alone(tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / "someone" / f"{name}-1"
        folder.mkdir(parents=True)
        (folder / "genai_config.json").write_text("{}")
        (folder / "inference_model.json").write_text(json.dumps({"Name": f"{name}:1"}))
    models = [{"id": f"{name}:1", "alias": f"alias-{name}", "name": name, "version": 1} for name in ("a", "b")]
    models[0]["version"] = "1"
    (tmp_path / "foundry.modelinfo.json").write_text(json.dumps({"models": models}))
    assert [entry.alias for entry in cached_models(tmp_path)] == ["a", "alias-b"]


def test_weights_that_are_no_path_have_no_size(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"x" * 200_000)
    assert (_disk_mb(str(tmp_path / "w.bin")), _disk_mb(str(tmp_path))) == (0.2, 0.2)
    assert [_disk_mb(text) for text in (None, "", "org/model-70b", "x" * 5_000)] == [None] * 4
