"""Completion: what is proposed where, and what real shells make of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from foundry_bench.arguments import COMMANDS
from foundry_bench.cli import main
from foundry_bench.session.formats import NAMES

SHELLS = ("bash", "zsh", "fish", "powershell")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs, a model in the cache, one half there, one in the catalog, an endpoint, and a file."""
    folder = tmp_path / "here"
    cache = tmp_path / "cache"
    for name in ("20261121-100000-a-x2", "20261122-100000-b-y3"):
        (folder / "runs" / name).mkdir(parents=True)
        (folder / "runs" / name / "run.json").write_text('{"plan": {"models": ["phi", "lab:big:2"]}}')
    for name, version in (("small-cpu", 1), ("half-cpu", 2)):
        (cache / "Org" / f"{name}-{version}").mkdir(parents=True)
        (cache / "Org" / f"{name}-{version}" / "genai_config.json").write_text("{}")
        (cache / "Org" / f"{name}-{version}" / "inference_model.json").write_text(f'{{"Name": "{name}:{version}"}}')
    (cache / "Org" / "half-cpu-2" / "download.tmp").touch()
    catalog = [
        {"id": "small-cpu:1", "alias": "small"},
        {"id": "x:1", "alias": "$(reboot)"},
        {"id": "l:1", "alias": "l"},
    ]
    (cache / "foundry.modelinfo.json").write_text(json.dumps({"models": catalog}))
    config = tmp_path / "named.toml"
    config.write_text('[endpoints]\nlab = {url = "http://lab:5273"}\n')
    monkeypatch.setenv("FOUNDRY_BENCH_CONFIG", str(config))
    monkeypatch.setenv("FOUNDRY_BENCH_MODEL_CACHE", str(cache))
    monkeypatch.setenv("FOUNDRY_BENCH_DATA", str(tmp_path / "data"))
    (folder / "mine.gguf").touch()
    monkeypatch.chdir(folder)
    return folder


def proposed(capsys: pytest.CaptureFixture[str], line: str) -> list[str]:
    """What is proposed at the end of a line, without the descriptions."""
    assert main(["__complete", "--line", line]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return [told.partition("\t")[0] for told in out.splitlines() if told]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("foundry-bench re", ["report"]),
        ("foundry-bench models lo", ["load"]),
        ("foundry-bench models --cac", ["--cached"]),
        ("foundry-bench --them", ["--theme"]),
        ("foundry-bench --theme l", ["light", ":files"]),
        ("foundry-bench run --cli", ["--client"]),
        ("foundry-bench run --client ", ["raw", "openai"]),
        ("foundry-bench run --client=o", ["--client=openai"]),
        ("foundry-bench run --no-str", ["--no-stream"]),
        ("foundry-bench run --no-stream pl", [":files"]),
        ("foundry-bench run --rounds ", []),
        ("foundry-bench run -m ", ["small", "small-cpu:1", "lab:"]),
        ("foundry-bench run -m 'la", ["lab:"]),
        ("foundry-bench run -e h", ["http://lab:5273"]),
        ("foundry-bench models download ", ["l", "small"]),
        ("foundry-bench models remove small l", []),
        ("foundry-bench models remove small s", ["small", "small-cpu:1"]),
        ("foundry-bench import ", [":files"]),
        ("foundry-bench import --device c", ["cpu", "cuda"]),
        ("foundry-bench rank ", ["last", "20261122-100000-b-y3", "20261121-100000-a-x2"]),
        ("foundry-bench rank last ", []),
        ("foundry-bench report last 20261121", ["20261121-100000-a-x2", ":files"]),
        ("foundry-bench report --out nowhere ", [":files"]),
        ("foundry-bench report -o runs.md 20261121", ["20261121-100000-a-x2", ":files"]),
        ("foundry-bench run -o runs --resume 20261121", ["20261121-100000-a-x2", ":files"]),
        ("foundry-bench run -o nowhere --resume ", [":files"]),
        ("foundry-bench report --format ", [*NAMES]),
        ("foundry-bench compare last:", ["last:phi", "last:lab:big:2", ":files"]),
        ("foundry-bench compare last 20261121-100000-a-x2:p", ["20261121-100000-a-x2:phi", ":files"]),
        ("foundry-bench completion ", [*SHELLS]),
        ("foundry-bench attach ", []),
        ("foundry-bench nonsense ", []),
        ("foundry-bench 'not closed \\", []),
    ],
)
def test_what_is_proposed(capsys: pytest.CaptureFixture[str], line: str, words: list[str]) -> None:
    assert proposed(capsys, line) == words


def test_what_is_said_of_a_word_does_nothing_to_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = here / "runs" / "20261123\x1b]0;owned\x07\x1b[2J-z"
    folder.mkdir()
    (folder / "run.json").write_text("{}")
    assert main(["__complete", "--line", "foundry-bench rank la"]) == 0
    assert capsys.readouterr().out == "last\tthe newest: 20261123-z\n"


def test_every_command_and_option_is_proposed(capsys: pytest.CaptureFixture[str]) -> None:
    assert proposed(capsys, "foundry-bench ") == [name for name in COMMANDS if " " not in name]
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        told = capsys.readouterr().out
        options = proposed(capsys, f"foundry-bench {name} --")
        assert "--help" in options
        assert all(option in told for option in options)


@pytest.mark.parametrize("argv", [[], [""], ["=", "run", "-m"], ["--line"], ["--line", "\0"], ["=\udcff"]])
def test_nothing_breaks_the_line_that_is_being_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    (tmp_path / "named.toml").write_text("endpoints = 3 [")
    (tmp_path / "cache" / "foundry.modelinfo.json").write_text('{"models": 7}')
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "imported_models.json").write_text("[")
    assert main(["__complete", *argv]) == 0
    assert capsys.readouterr().err == ""


@pytest.fixture
def shell_environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which ``foundry-bench`` is this code."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "foundry-bench"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m foundry_bench "$@"\n')
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def say(environment: dict[str, str], *argv: str) -> str:
    """What a shell prints; it may complain of nothing."""
    done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(not shutil.which("bash") or sys.platform == "win32", reason="needs bash")
def test_bash_replaces_only_what_follows_a_word_break(shell_environment: dict[str, str]) -> None:
    script = """
        eval "$(foundry-bench completion bash)"
        for COMP_LINE in 'foundry-bench re' 'foundry-bench compare last:l' 'foundry-bench run --client=o'; do
            COMP_POINT=${#COMP_LINE}
            _foundry_bench foundry-bench
            echo "${COMPREPLY[*]}"
        done
        complete -p foundry-bench
    """
    told = say(shell_environment, "bash", "--norc", "-c", script).splitlines()
    assert told == ["report", "lab:big:2", "openai", "complete -F _foundry_bench foundry-bench"]


@pytest.mark.skipif(not shutil.which("fish"), reason="needs fish")
def test_fish_shows_what_each_word_is(shell_environment: dict[str, str]) -> None:
    script = "foundry-bench completion fish | source"
    for word in ("compare last:p", "re", "import m"):
        script += f"; complete -C 'foundry-bench {word}'"
    told = say(shell_environment, "fish", "--no-config", "-c", script).splitlines()
    assert told == ["last:phi", "report\twrite a report from recorded runs", "mine.gguf"]


@pytest.mark.skipif(not shutil.which("pwsh"), reason="needs PowerShell")
def test_powershell_completes(shell_environment: dict[str, str]) -> None:
    script = """
        foundry-bench completion powershell | Out-String | Invoke-Expression
        foreach ($line in 'foundry-bench re', 'foundry-bench compare last:p', 'foundry-bench run --client ') {
            (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText -join ' '
        }
    """
    told = say(shell_environment, "pwsh", "-NoProfile", "-Command", script).splitlines()
    assert told == ["report", "last:phi", "raw openai"]


@pytest.mark.skipif(not shutil.which("zsh"), reason="needs zsh")
def test_zsh_adds_what_is_told(shell_environment: dict[str, str]) -> None:
    script = """
        compdef() { print -r -- "compdef $*" }
        compadd() { print -r -- "$*" }  # outside of its widget zsh has none of its own
        _files() { print files }
        eval "$(foundry-bench completion zsh)"
        words=(foundry-bench compare last:p) CURRENT=3 PREFIX=last:p; _foundry_bench
        words=(foundry-bench run -m la) CURRENT=4 PREFIX=la; _foundry_bench
        words=(foundry-bench run "") CURRENT=3 PREFIX=; _foundry_bench
    """
    told = say(shell_environment, "zsh", "-f", "-c", script).splitlines()
    added = [line.partition("-- ")[2] for line in told[1:-1]]
    assert told[0] == "compdef _foundry_bench foundry-bench"
    assert [words for words in added if words] == ["last:phi", "lab:"]
    assert told[-1] == "files"


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script_that_asks_the_program(capsys: pytest.CaptureFixture[str], shell: str) -> None:
    assert main(["completion", shell]) == 0
    assert "__complete" in capsys.readouterr().out
    if program := shutil.which(shell):
        script = Path(sys.modules["foundry_bench"].__path__[0], "commands", f"completion.{shell}")
        subprocess.run([program, "-n", str(script)], check=True, timeout=60)
