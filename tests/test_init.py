import os
import re
from pathlib import Path

import pytest

from foundry_bench.cli import main
from foundry_bench.session.inputs import read_prompts, read_settings


def test_what_is_written_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "new")]) == 0
    told = capsys.readouterr().out
    assert read_settings(tmp_path / "new" / "plan.toml")["models"]
    config = tmp_path / "new" / "config.toml"
    assert read_settings(config) == {}  # copied to its place it changes nothing until somebody means a line
    every_line = re.sub(r"^# (?=\[|[\w.\"]+ = )", "", config.read_text("utf-8"), flags=re.MULTILINE)
    config.write_text(every_line, "utf-8")
    assert {"rounds", "endpoints", "foundry.model_cache_dir", "screen.theme", "keys"} <= read_settings(config).keys()
    assert read_prompts(tmp_path / "new" / "prompts.json")
    assert all(file.name in told for file in (tmp_path / "new").iterdir())
    assert f"copied to {os.environ['FOUNDRY_BENCH_CONFIG']} it is used" in told


def test_the_command_that_init_prints_works_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["init", "my benchmark"]) == 0
    assert f'then: foundry-bench run "{Path("my benchmark", "plan.toml")}"' in capsys.readouterr().out


def test_nothing_is_overwritten_unless_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.toml").write_text("rounds = 7\n")
    assert main(["init", str(tmp_path)]) == 2
    assert "config.toml is there already" in capsys.readouterr().err
    assert [file.name for file in tmp_path.glob("*.*")] == ["config.toml"]
    assert (tmp_path / "config.toml").read_text() == "rounds = 7\n"
    assert main(["init", str(tmp_path), "--force"]) == 0
    assert "rounds = 5" in (tmp_path / "config.toml").read_text()


def test_a_file_is_no_folder_to_write_into(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["init", str(tmp_path / "file")]) == 2
    assert capsys.readouterr().err == f"foundry-bench: {tmp_path / 'file'} is no folder; choose another\n"
