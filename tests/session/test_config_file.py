import tomllib
from pathlib import Path

import pytest

from foundry_bench.session.config_file import has_comments, save_config
from foundry_bench.values.errors import InputError


def test_settings_change_and_all_else_stays(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('rounds = 2\nseed = 4\n\n[foundry]\napp_data_dir = "d"\n\n[endpoints.lab]\nurl = "http://lab:1"\n')
    before = file.read_bytes()
    backup = save_config(file, {"rounds": 7, "seed": None, "models": ("a", "b"), "foundry.catalog_url": "http://c"})
    assert tomllib.loads(file.read_text()) == {
        "rounds": 7,
        "models": ["a", "b"],
        "foundry": {"app_data_dir": "d", "catalog_url": "http://c"},
        "endpoints": {"lab": {"url": "http://lab:1"}},
    }
    assert backup == tmp_path / "config.toml.bak"
    assert backup.read_bytes() == before


def test_the_first_one(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    assert save_config(file, {"stream": False}) is None
    assert tomllib.loads(file.read_text()) == {"stream": False}


def test_a_damaged_file_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("rounds = ")
    with pytest.raises(InputError, match=r"config\.toml"):
        save_config(file, {"rounds": 7})
    assert file.read_text() == "rounds = "


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("rounds = 2\n", False),
        ("# mine\nrounds = 2\n", True),
        ("rounds = 2 # more", True),
        ('system = "a # b"\n', False),
        ('system = """\n# no comment\n"""\n', False),
        ("rounds = ", False),
    ],
)
def test_comments_are_found(tmp_path: Path, text: str, found: bool) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text)
    assert has_comments(file) is found
    assert not has_comments(tmp_path / "none.toml")
