"""Every command in the documentation is one that works: carried out where it can be, parsed by the real parser else."""

import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from documented import PAGES, ROOT, mentions, shell_lines, titled_blocks
from foundry_bench.arguments import COMMANDS
from foundry_bench.cli import main
from recorded import record_run
from service_stand_in import answer, listing, service
from tiny import tiny_gguf, tiny_model

NAMES = (
    *("phi-4-mini", "phi-4", "qwen2.5-0.5b", "qwen2.5-1.5b", "llama3.2", "smollm2-135m", "smollm2-12l"),
    *("Phi-4-mini-instruct-generic-cpu:5", "Phi-4-mini-instruct-cuda-gpu:5", "qwen3-0.6b-q4_k_m", "mine"),
)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of the reader's own, and runs recorded before."""
    folder = tmp_path_factory.mktemp("own")
    tiny_gguf(folder / "tiny.gguf")
    tiny_model(folder / "my-onnx-model")
    (folder / "baselines").mkdir()
    record_run(folder / "runs").rename(folder / "baselines" / "main")
    record_run(folder / "runs", minutes=1).rename(folder / "runs" / "20200101-000000-two-models")
    return folder


@pytest.fixture
def desk(tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder with what a reader has by then, and a service in the place of every endpoint and of the catalog."""
    folder = tmp_path / "desk"
    shutil.copytree(ROOT / "sample_configs", folder, ignore=shutil.ignore_patterns("*.md"))
    for name in ("plan.toml", "prompts.json", "config.toml"):
        (folder / name).unlink()  # what `init` writes
    for name in ("qwen3.gguf", "qwen3-0.6b-q4_k_m.gguf", "smollm2.gguf"):
        shutil.copy(own / "tiny.gguf", folder / name)
    for name in ("my-onnx-model", "runs", "baselines"):
        shutil.copytree(own / name, folder / name)
    monkeypatch.chdir(folder)
    Path(os.environ["FOUNDRY_BENCH_CONFIG"]).write_text("calibrate = false\nrounds = 1\nwarmup = 0\n", "utf-8")
    monkeypatch.setenv("BENCH_ROUNDS", "1")  # where a plan asks for more
    with service({"GET /v1/models": listing(*NAMES), "POST /v1/chat/completions": _says}) as stand_in:
        monkeypatch.setenv("FOUNDRY_LOCAL_ENDPOINT", stand_in.url)
        yield stand_in.url


def _says(request: dict[str, Any]) -> bytes:
    """An answer that pleases a judge's reader as well: the form that was asked for, filled in."""
    asked = request["messages"][-1]["content"]
    facets = re.findall(r'"([^"]+)": \{\s*"score"', asked)
    scores = {facet: {"score": 4, "reason": "clear"} for facet in facets}
    return answer(json.dumps({"better": "tie", "reason": "alike"} if '"better"' in asked else scores))


def parse_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on commands are parsed, on a terminal, and not carried out."""
    monkeypatch.setattr("foundry_bench.cli._start", lambda _module, _args: 0)
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)


def carried_out(command: str, url: str) -> int:
    """The exit code of a command whose servers are all at ``url``, and whose weights are a file of the desk."""
    command = re.sub(r" >.*", "", command)  # where its output goes
    words = [re.sub(r"^https?://\S+$", url, word) for word in shlex.split(command)]
    words = [re.sub(r":/models/\S+$", ":my_adapter.py", word) for word in words]
    with pytest.MonkeyPatch.context() as patch:
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            patch.setenv(name, value)
        return _exit_code(words)


def _exit_code(words: list[str]) -> int:
    assert words.pop(0) == "foundry-bench"
    try:
        return main(words)
    except SystemExit as left:  # --help and --version
        return int(left.code or 0)


@pages
def test_every_line_is_of_a_known_kind(page: Path) -> None:
    unknown = [str(line) for line in shell_lines(page) if line.kind is None]
    assert not unknown, "write a rule into tests/documented.py"


@pages
def test_every_block_says_what_it_holds(page: Path) -> None:
    fences = re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)
    assert all(fences[::2]), "a block without a language; sh blocks are tested, text blocks are shown"
    assert not re.search(r"^    foundry-bench ", page.read_text("utf-8"), re.MULTILINE), "indented: use a sh block"


@pages
def test_what_can_be_carried_out_works(page: Path, desk: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = list(shell_lines(page))
    if not any(line.text == "foundry-bench init" for line in lines):
        Path("plan.toml").write_text('models = ["phi-4-mini"]', "utf-8")
    for name, content in titled_blocks(page):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, "utf-8")
    for line in lines:
        if line.kind in {"run", "verdict"}:
            code = carried_out(line.text, desk)
            assert code in ({0} if line.kind == "run" else {0, 1}), f"{line}\n{capsys.readouterr().err}"


@pytest.mark.usefixtures("desk")
def test_the_parser_takes_the_rest(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    parse_only(monkeypatch)
    lines = [line for page in PAGES for line in shell_lines(page) if line.kind == "parsed"]
    names = {f"foundry-bench {name}" for name in ("COMMAND --help", *COMMANDS)}
    lines += [line for page in PAGES for line in mentions(page) if line.text not in names]
    for line in lines:
        assert carried_out(line.text, "http://box:1") == 0, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_parser_takes_the_examples_of_the_help(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse_only(monkeypatch)
    examples = [line for line in COMMANDS[name][2].splitlines() if line.startswith("foundry-bench ")]
    assert examples
    for example in examples:
        if "|" not in example:
            assert carried_out(re.sub(r" {4}.*", "", example), "http://box:1") == 0, example


@pages
def test_the_extras_that_are_named_exist(page: Path) -> None:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    installs = [line.text for line in shell_lines(page) if line.kind in {"pip", "ci"}]
    named = {extra for text in installs for extra in re.findall(r"\[(\w+)\]", text)}
    assert named <= set(project["optional-dependencies"])


def test_ci_carries_out_what_the_readme_says() -> None:
    readme, ci = (ROOT / "README.md").read_text("utf-8"), (ROOT / ".ci" / "run").read_text("utf-8")
    for marker in ("demo", "test"):
        assert f"<!-- {marker} -->\n```sh\n" in readme
        assert f"readme_command {marker}" in ci
