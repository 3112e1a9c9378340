"""The documentation follows the code: what is generated is current, and every field has its line."""

import re
import runpy
from dataclasses import fields
from pathlib import Path

import pytest

from foundry_bench.session.fields import FIELDS
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.record import Sample
from foundry_bench.values.result import ModelResult, RunRecord

DOCS = Path(__file__).parents[1] / "docs"


def test_what_is_generated_is_current() -> None:
    generate = runpy.run_path(str(DOCS / "generate.py"), run_name="generate")
    old = [page.name for page in generate["pages"]() if generate["renewed"](text := page.read_text("utf-8")) != text]
    assert not old, "python docs/generate.py writes it anew"


@pytest.mark.parametrize("record", [Sample, ModelResult, RunRecord])
def test_every_field_on_disk_is_in_the_reference(record: type) -> None:
    page = (DOCS / "reference" / "files.md").read_text("utf-8")
    assert [field.name for field in fields(record) if f"`{field.name}`" not in page] == []


def test_every_setting_of_a_plan_is_in_the_reference() -> None:
    page = (DOCS / "reference" / "files.md").read_text("utf-8")
    assert [name for name in FIELDS if f"`{name.removeprefix('screen.')}`" not in page] == []


def test_every_metric_has_its_section() -> None:
    page = (DOCS / "reference" / "metrics.md").read_text("utf-8")
    assert [name for name in METRICS if f"## `{name}`" not in page] == []


def test_every_file_that_the_architecture_names_is_there() -> None:
    there = {str(file.relative_to(DOCS.parent)) for file in DOCS.parent.glob("[bdst]*/**/*.*")}
    named = set(re.findall(r"`([\w/]+\.(?:py|md|toml))`", (DOCS / "architecture.md").read_text("utf-8")))
    assert [name for name in named if not any(f"/{file}".endswith(f"/{name}") for file in there)] == []
