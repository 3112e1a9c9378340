"""What ``benchmarks/bare_client.py`` takes for an answer."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from scripted_server import scripted, stream

PIECE = b'data: {"id": "r", "choices": [{"delta": {"content": "Hi"}}]}\n\n'


@pytest.fixture
def bare_client(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "benchmarks")
    return importlib.import_module("bare_client")


def test_each_piece_has_its_arrival(bare_client: Any) -> None:
    with scripted([*stream(PIECE, PIECE), b"0\r\n\r\n"]) as url:
        (answer,) = bare_client.measure(url, "m", 1, 8, 1, "Say hi.")["answers"]
    assert answer["id"] == "r"
    assert len(answer["times_ns"]) == 2


def test_a_server_that_hangs_up_ends_the_measurement(bare_client: Any) -> None:
    with scripted(stream(PIECE)[:-1]) as url, pytest.raises(ConnectionError, match="in the midst of an answer"):
        bare_client.measure(url, "m", 1, 8, 1, "Say hi.")
