import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

from driving import FakeCatalog, processes
from foundry_bench.tui.drawn.cache_use import CacheUse
from foundry_bench.values.events import CatalogEntry, CatalogListed
from foundry_bench.values.fit import Room
from foundry_bench.values.plan import Plan
from pressing import all_presses, claimed, watch


@pytest.fixture(autouse=True)
def catalog(monkeypatch: pytest.MonkeyPatch) -> FakeCatalog:
    """A catalog without a runtime, on a machine of 16 GB with 8 of them free."""
    fake = FakeCatalog()

    async def list_models(plan: Plan) -> CatalogListed:
        fake.asked.append(plan)
        await fake.answers.wait()
        return fake.listed

    def look(_plan: Plan) -> tuple[Room, CacheUse, tuple[CatalogEntry, ...]]:
        use = CacheUse(folder="/cache/models", models=[("qwen2.5-0.5b:4", 822.0), ("phi:5", 3600.0)], free_mb=81000.0)
        return Room(total_mb=16000.0, available_mb=8000.0), use, fake.disk

    monkeypatch.setattr("foundry_bench.session.catalog.list_models", list_models)
    monkeypatch.setattr("foundry_bench.tui.machine.look", look)
    return fake


@pytest.fixture(scope="session", autouse=True)
def _style_sheets_are_parsed_once() -> Iterator[None]:
    """Each application parses those of all its widgets, a fifth of its start; what comes of it hangs on these alone."""
    parse, parsed = Stylesheet._parse_rules, dict[tuple[object, ...], list[RuleSet]]()

    def parse_once(sheet: Stylesheet, css: str, *source: Any, **named: Any) -> list[RuleSet]:
        key = css, source, *sorted(named.items()), *sorted(sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse(sheet, css, *source, **named)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True)
def _nothing_left_running() -> Iterator[None]:
    """A benchmark outlives its screen: what a test leaves behind ends with it."""
    yield
    hosts = processes("foundry_bench.session.hosting")
    for host in hosts:
        with contextlib.suppress(psutil.NoSuchProcess):  # it was about to end by itself
            host.kill()
    psutil.wait_procs(hosts, timeout=5)


@pytest.fixture(autouse=True)
def _presses(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The keys that a test is marked to press have to lead to all their actions."""
    wanted = claimed(request.node.iter_markers())
    seen = watch(monkeypatch) if wanted else set()
    yield
    unpressed = {press for press in all_presses() if press[:2] in wanted} - seen if wanted else set()
    assert unpressed == set()
    assert wanted <= {press[:2] for press in seen}


@pytest.fixture(autouse=True)
def _quiet_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether the disk of the ratings is full: what the test sets the one item to."""
    is_full = [True]

    def write(path: Path, content: bytes) -> None:
        if is_full[0]:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr("foundry_bench.session.ratings.replace_atomically", write)
    return is_full
