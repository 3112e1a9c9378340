"""A probe's screen, and its document."""

import json
from pathlib import Path

import pytest

from foundry_bench.cli import main
from foundry_bench.commands.probe import _LiveAnswer
from foundry_bench.values.events import AnswerProgressed, StageStarted


def test_a_long_answer_costs_no_more_to_show_than_a_screenful(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", "80"), ("LINES", "24")):
        monkeypatch.setenv(name, value)
    screen = _LiveAnswer(quiet=False)
    screen.show(StageStarted(model="m", stage="measure", requests=1))
    for number in range(1000):
        words = f"{'word ' * 20}{number} "
        screen.show(AnswerProgressed(model="m", slot=0, text=words, chunks=number, elapsed_s=1.0, ttft_s=0.1))
        assert len(screen._text) <= 4 * 80 * 24
    screen.clear()
    assert "word 999" in capsys.readouterr().out


def test_a_probe_is_a_document_with_a_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def load(w): return w\ndef generate(prompt, **params): return prompt\n")
    assert main(["probe", "--adapter", "mine.py", "mine:w", "--prompt", "Well", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["sample"]["text"]) == ("foundry-bench/probe/1", "Well")


def test_a_probe_that_fails_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text("def load(w): raise ValueError('no')\ndef generate(prompt, **kw): return prompt\n")
    assert main(["probe", "--adapter", "mine.py", "mine:w"]) == 1
    assert f"the worker's log {tmp_path / 'home' / 'logs' / 'probe.log'}" in capsys.readouterr().err
