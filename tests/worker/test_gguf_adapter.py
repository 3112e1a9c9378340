"""GGUF files on the real llama.cpp, with a tiny model of known answers."""

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.cli import main
from foundry_bench.values.adapter import GROUP
from tiny import SAY, tiny_gguf

ROOT = Path(__file__).parents[2]
ASK: dict[str, Any] = {"system": None, "max_tokens": 64, "temperature": 0.0, "seed": 0}


def entry_points() -> dict[str, str]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found: dict[str, str] = document["project"]["entry-points"][GROUP]
    return found


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    tiny_gguf(file)
    return file


@pytest.fixture(scope="module")
def adapter(gguf: Path) -> Iterator[Any]:
    pytest.importorskip("xllamacpp", reason="the extra [gguf] is not installed")
    from foundry_bench.worker.gguf_adapter import Adapter  # noqa: PLC0415 - it imports what may not be there

    assert entry_points() == {"gguf": Adapter.__module__}
    found = Adapter()
    found.load(str(gguf))
    yield found
    found.close()


def drained(pieces: Any) -> tuple[list[str], Any]:
    texts = []
    while True:
        try:
            texts.append(next(pieces))
        except StopIteration as ended:
            return texts, ended.value


def test_the_tiny_model_says_its_sentence_one_token_a_piece(adapter: Any) -> None:
    texts, ending = drained(adapter.generate("Hello", **ASK))
    assert "".join(texts) == SAY
    words = len(SAY.split())
    assert len(texts) == words
    assert (ending["finish_reason"], ending["completion_tokens"]) == ("stop", words + 1)
    assert ending["prompt_tokens"] > 1


def test_a_limit_and_the_system_prompt_are_passed_on(adapter: Any) -> None:
    texts, short = drained(adapter.generate("Hello", **ASK | {"max_tokens": 3}))
    assert (len(texts), short["finish_reason"], short["completion_tokens"]) == (3, "length", 3)
    _, longer = drained(adapter.generate("Hello", **ASK | {"system": "Be short.", "max_tokens": 3}))
    assert longer["prompt_tokens"] > short["prompt_tokens"]


def test_a_prompt_longer_than_the_context_is_refused_with_llama_cpps_reason(adapter: Any) -> None:
    with pytest.raises(RuntimeError, match="exceeds the available context size"):
        next(adapter.generate("Hello " * 9000, **ASK))


def test_closed_in_the_middle_it_stops_and_answers_the_next(adapter: Any) -> None:
    pieces = [adapter.generate("Hello", **ASK) for _ in range(adapter.max_concurrency)]
    assert [next(one) for one in pieces] == [SAY.split()[0]] * len(pieces)
    for one in pieces:
        one.close()
    texts, _ = drained(adapter.generate("Hello", **ASK))
    assert "".join(texts) == SAY


def test_what_is_no_gguf_file_is_refused(adapter: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        type(adapter)().load(str(tmp_path / "none.gguf"))
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(RuntimeError, match="refused the file"):
        type(adapter)().load(str(broken))


@pytest.mark.usefixtures("adapter")
def test_a_run_with_it_is_whole(
    gguf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    info = tmp_path / "site" / "some-1.0.dist-info"  # as if this clone were installed, whether it is or not
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: some\nVersion: 1.0\n")
    lines = [f"[{GROUP}]", *(f"{name} = {code}" for name, code in entry_points().items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.setenv("PYTHONPATH", str(info.parent), prepend=os.pathsep)
    monkeypatch.syspath_prepend(str(info.parent))
    options = ["--prompt", "Hello", "--rounds", "2", "--warmup", "0", "--no-calibrate", "--json"]
    assert main(["run", "-m", f"gguf:{gguf}", "-o", str(tmp_path / "runs"), *options]) == 0
    [model] = json.loads(capsys.readouterr().out)["models"]
    assert (model["status"], model["backend"], model["device"], model["deterministic"]) == (
        "ok",
        "adapter",
        "CPU",
        True,
    )
    assert (model["id"], model["disk_mb"]) == ("tiny.gguf", round(gguf.stat().st_size / 1e6, 1))
    assert model["memory"]["loaded_mb"] > model["memory"]["baseline_mb"]
