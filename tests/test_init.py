from pathlib import Path

import pytest

from foundry_bench.cli import main
from foundry_bench.session.inputs import read_prompts, read_settings


def test_what_is_written_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "new")]) == 0
    told = capsys.readouterr().out
    assert read_settings(tmp_path / "new" / "plan.toml")["models"]
    assert read_settings(tmp_path / "new" / "config.toml")
    assert read_prompts(tmp_path / "new" / "prompts.json")
    assert all(file.name in told for file in (tmp_path / "new").iterdir())


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
