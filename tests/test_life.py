"""A model's life by the commands: loaded, unloaded, removed; downloads need the rig that stands in for the internet."""

import json
import os
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catalogs import RIG, catalog_server, empty_catalog
from in_process import command
from tiny import tiny_model

MODULE = [sys.executable, "-m", "foundry_bench"]
NOWHERE_PROXY = "http://127.0.0.1:9"


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A model of one's own by the name of tiny, and no other; its folder."""
    folder = tiny_model(tmp_path / "tiny")
    command("import", str(folder), "--name", "tiny")
    with empty_catalog() as url:
        monkeypatch.setenv("FOUNDRY_BENCH_CATALOG_URL", url)
        yield folder


def test_loading_once_tells_what_it_took(own: Path) -> None:
    del own
    (model,) = json.loads(command("models", "load", "tiny", "--once", "--json").stdout)["models"]
    assert (model["status"], model["url"], model["error"]) == ("loaded", None, None)
    assert model["load_s"] > 0
    assert model["memory"]["loaded_mb"] > model["memory"]["baseline_mb"] > 0


def test_a_held_model_is_unloaded_from_elsewhere(own: Path) -> None:
    del own
    with subprocess.Popen(
        [*MODULE, "models", "load", "tiny"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stderr is not None
        assert any("tiny: loaded in" in line for line in iter(holder.stderr.readline, ""))
        assert "loaded now: tiny" in command("models", "unload", "other", code=1).stderr
        assert "MB of memory free again" in command("models", "unload", "tiny").stderr
        assert holder.wait(10) == 0
    command("models", "unload", "tiny", code=1)


def test_removing_ones_own_model_leaves_its_folder(own: Path) -> None:
    assert "say --yes" in command("models", "remove", "tiny", code=2).stderr
    assert command("models", "remove", "tiny", "--partial", "--yes", code=1).stderr == (
        "no unfinished download of tiny is on the disk\n"
    )
    command("models", "remove", "tiny", "--yes")
    assert (own / "genai_config.json").is_file()
    assert json.loads(command("models", "--cached", "--json").stdout)["models"] == []


@pytest.mark.skipif(sys.platform == "win32", reason="RLIMIT_AS")
def test_what_does_not_fit_is_refused_and_may_be_forced(own: Path, tmp_path: Path) -> None:
    del own
    limited = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, (450_000_000,) * 2);"
        "from foundry_bench.cli import main; sys.exit(main())"
    )
    arguments = ["run", "-m", "tiny", "--rounds", "1", "--no-calibrate", "--json", "--out", str(tmp_path / "runs")]

    def run(*more: str) -> dict[str, Any]:
        done = subprocess.run([sys.executable, "-c", limited, *arguments, *more], capture_output=True, check=False)
        (model,) = json.loads(done.stdout)["models"]
        assert done.returncode == (0 if model["status"] == "ok" else 1)
        assert isinstance(model, dict)
        return model

    refused = run()
    assert (refused["status"], refused["error"]["type"]) == ("skipped", "does_not_fit")
    assert "--no-fit-check" in refused["advice"]
    # Forced, it may be refused memory or just get by; in either case the command itself ends as it should.
    assert run("--no-fit-check")["status"] in {"ok", "partial", "failed"}


def test_a_second_word_that_is_no_command_is_named() -> None:
    assert "did you mean 'download'?" in command("models", "downlod", "x", code=2).stderr


def test_a_services_models_are_left_to_it() -> None:
    Path(os.environ["FOUNDRY_BENCH_CONFIG"]).write_text('[endpoints.lab]\nurl = "http://127.0.0.1:9"\n', "utf-8")
    assert "keeps its models itself" in command("models", "remove", "lab:phi", "--yes", code=2).stderr


def faults(url: str, **values: float) -> None:
    request = urllib.request.Request(f"{url}/_rig/faults", json.dumps(values).encode(), method="POST")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request):
        pass


rig = pytest.mark.skipif(
    not (RIG / "store" / "smollm2-12l").is_dir() or not shutil.which("openssl"), reason="the rig is not beside"
)


@rig
def test_a_download_is_shown_cancelled_resumed_and_removed(tmp_path: Path) -> None:
    with catalog_server(tmp_path) as (url, environ):
        faults(url, bandwidth=8_000_000)
        download = ["models", "download", "smollm2-12l"]
        with subprocess.Popen(
            [*MODULE, *download], stderr=subprocess.PIPE, text=True, env=os.environ | environ
        ) as process:
            assert process.stderr is not None
            assert any("MB/s" in line for line in iter(process.stderr.readline, ""))
            process.stderr.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(3) == 130
            assert "goes on from there" in process.stderr.read()
        faults(url, bandwidth=0)
        assert command(*download, environ=environ).stdout == "smollm2-12l-instruct-generic-cpu:1\n"
        log = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/_rig/log")
        pieces = [entry["what"] for entry in json.load(log) if "GET" in entry["what"] and "onnx.data" in entry["what"]]
        assert len(pieces) < 2 * 23  # 23 pieces of 2 MB: some were on the disk already
        assert "50.0 MB free again" in command("models", "remove", "smollm2-12l", "--yes", environ=environ).stderr
        assert list((tmp_path / "cache").rglob("*.onnx")) == []


@rig
def test_why_a_download_failed_is_one_line(tmp_path: Path) -> None:
    with catalog_server(tmp_path) as (url, environ):
        faults(url, blob_status=403)
        refused = command("models", "download", "tiny-random", "--json", code=1, environ=environ)
        (model,) = json.loads(refused.stdout)["models"]
        assert (model["state"], model["error"]["type"]) == ("failed", "forbidden")
        assert "answered 403 Forbidden for" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        faults(url, blob_status=0)
        offline = command("models", "download", "tiny-random", code=1, environ=environ | {"HTTPS_PROXY": NOWHERE_PROXY})
        assert "no connection to the model registry (" in offline.stderr
        partial = command("models", "remove", "--partial", "--yes", environ=environ).stderr
        assert "tiny-random-generic-cpu:1: removed" in partial
