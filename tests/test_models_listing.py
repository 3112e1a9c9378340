"""``models`` where there is little to list, or nothing at all."""

import json
import socket
from pathlib import Path

import pytest

from catalogs import empty_catalog
from in_process import command
from scripted_server import scripted
from service_stand_in import service

NO_HTTP = [b"220 mail.example ESMTP\r\n"]
REFUSED = [b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"]
BROKEN = [b"HTTP/1.1 500 Oh no\r\ncontent-length: 0\r\n\r\n"]
NO_SERVICE = [b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"]

SAVED = {
    "alias": "small",
    "id": "small-cpu:1",
    "name": "small-cpu",
    "version": 1,
    "modelType": "ONNX",
    "providerType": "FoundryLocal",
    "runtime": {"deviceType": "CPU", "executionProvider": "CPUExecutionProvider"},
    "task": "chat-completion",
    "uri": "azureml://registries/azureml/models/small-cpu/versions/1",
}


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (REFUSED, "refused the request (HTTP 401) (set FOUNDRY_BENCH_API_KEY to its key, or "),
        (BROKEN, "answered HTTP 500 and no list of models"),
        (NO_SERVICE, "lists no models; is it an OpenAI-compatible service"),
        (NO_HTTP, "127.0.0.1"),
    ],
)
def test_an_endpoint_that_gives_no_list_is_a_line_and_no_empty_table(script: list[bytes], told: str) -> None:
    with scripted(script) as url:
        done = command("models", "-e", url, code=1)
        assert done.stdout == ""
        assert told in done.stderr
        assert done.stderr.count("\n") == 1
        document = json.loads(command("models", "-e", url, "--json", code=1).stdout)
        assert told in document["note"]


def test_a_service_without_models_is_no_error() -> None:
    with service({"GET /v1/models": {"data": []}, "GET /api/version": {"version": "0.12.3"}}) as at:
        assert command("models", "-e", at.url).stdout.startswith("Alias")


def test_an_endpoint_that_is_silent_is_named_and_no_disk_with_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        done = command("models", "-e", url, "--wait", "0.5", code=1)
    assert done.stderr == f"{url} did not answer within 0.5 s (--wait S waits longer)\n"


def test_a_data_folder_that_cannot_be_made_is_named_with_its_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with empty_catalog() as url:
        done = command("models", "--data-dir", str(tmp_path / "file"), "--catalog-url", url, code=1)
    assert f"data folder {tmp_path / 'file'} can't be used: File exists (choose another with --data-dir)" in done.stderr
    assert done.stdout == ""


def test_a_saved_catalog_is_told_from_one_that_answers(tmp_path: Path) -> None:
    (tmp_path / "foundry.modelinfo.json").write_text(json.dumps({"savedAtUnix": 1, "version": 1, "models": [SAVED]}))
    where = ["--model-cache", str(tmp_path), "--catalog-url", "http://127.0.0.1:9/models"]
    done = command("models", *where)
    words = "known from the saved catalog, not downloadable now"
    assert done.stdout.startswith(f"{words}:\nAlias")
    assert "small-cpu:1" in done.stdout
    assert done.stderr == f"127.0.0.1:9: Connection refused; {words}\n"
