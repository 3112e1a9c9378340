"""Whatever an input file holds, it is read or refused in one line."""

import json
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from foundry_bench.session.inputs import read_models, read_prompts, read_settings
from foundry_bench.values.errors import InputError

KEYS = st.sampled_from(["rounds", "models", "prompts", "endpoint", "foundry", "endpoints", "out", "timeout", "prompt"])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["http://h", "~x", "a"])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(), inner, max_size=4)
)


@given(VALUES)
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(value))
    for read in (read_models, read_prompts):
        only_refuses(read, path)


@given(st.dictionaries(KEYS, VALUES))
def test_any_table_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: dict[str, object]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    try:
        path.write_text(tomli_w.dumps(value), encoding="utf-8")
    except (TypeError, ValueError):
        return  # null and lone surrogates have no TOML
    only_refuses(read_settings, path)


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(content)
    for read in (read_models, read_prompts, read_settings):
        only_refuses(read, path)


def only_refuses(read: Any, path: Path) -> None:
    try:
        read(path)
    except InputError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - an error is allowed here, not asked for
