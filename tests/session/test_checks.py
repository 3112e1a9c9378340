"""Each check, well and not."""

import contextlib
import socket
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from foundry_bench.session import doctor, reaching
from foundry_bench.session.checks import endpoints, runtime
from foundry_bench.session.checks.cache import check_cache
from foundry_bench.session.checks.clock import check_clock
from foundry_bench.session.checks.endpoints import check_endpoints
from foundry_bench.session.checks.folders import check_folder
from foundry_bench.session.checks.machine import check_load, check_meters, check_power, check_telemetry
from foundry_bench.session.checks.runtime import check_runtime
from foundry_bench.session.checks.targets import check_fit
from foundry_bench.session.checks.terminal import check_terminal
from foundry_bench.session.inputs import Endpoint
from foundry_bench.session.settings import Settings, resolve
from foundry_bench.values.check import Check, failed, ok, tally, warning
from foundry_bench.values.fit import Demand, Room
from foundry_bench.values.plan import Runtime
from scripted_server import reply, scripted


def settings_for(**options: Any) -> Settings:
    return resolve(options, {}, models_needed=False)


@contextlib.contextmanager
def black_hole() -> Iterator[str]:
    """A listening socket that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_tally_counts_each_outcome() -> None:
    assert tally([ok("a", ""), failed("b", "", ""), warning("c", "", ""), ok("d", "")]) == "1 failed, 1 warning, 2 ok"
    assert tally([]) == "0 failed, 0 warnings, 0 ok"


@pytest.mark.parametrize(
    ("environ", "size", "outcome", "part"),
    [
        ({"TERM": "xterm-256color"}, (80, 24), "ok", "256 colours"),
        ({"TERM": "xterm", "SSH_TTY": "/dev/pts/0"}, (80, 24), "ok", "8 or 16 colours"),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, (200, 60), "ok", "16 million colours"),
        ({"TERM": "dumb"}, (80, 24), "warning", "TERM dumb"),
        ({"TERM": "xterm-256color"}, (50, 15), "warning", "50x15"),
    ],
)
def test_terminal(environ: Mapping[str, str], size: tuple[int, int], outcome: str, part: str) -> None:
    check = check_terminal(environ, size, is_terminal=True)
    assert check.outcome == outcome
    assert part in check.found
    assert (", over SSH" in check.found) is ("SSH_TTY" in environ)


@pytest.mark.parametrize(
    ("state", "driver", "outcome"),
    [
        ({}, "", "ok"),
        ({"governor": "performance"}, "acpi-cpufreq", "ok"),
        ({"governor": "powersave"}, "acpi-cpufreq", "warning"),
        ({"governor": "powersave"}, "intel_pstate", "ok"),
        ({"battery_percent": 80, "on_battery": True}, "", "warning"),
        ({"battery_percent": 80, "on_battery": False}, "", "ok"),
    ],
)
def test_power(tmp_path: Path, state: Mapping[str, Any], driver: str, outcome: str) -> None:
    (tmp_path / "driver").write_text(driver)
    assert check_power(state, tmp_path / "driver").outcome == outcome


def test_load() -> None:
    assert check_load({"load_1min": 0.5, "cores": 4}).outcome == "ok"
    assert check_load({"load_1min": 3.0, "cores": 4}).outcome == "warning"


@pytest.mark.parametrize(("environ", "outcome"), [({}, "ok"), ({"CI": "true"}, "ok"), ({"CI": "false"}, "warning")])
def test_telemetry(environ: Mapping[str, str], outcome: str) -> None:
    assert check_telemetry(environ).outcome == outcome


def test_meters_that_only_root_may_read_are_named_with_the_mend(tmp_path: Path) -> None:
    zone = tmp_path / "intel-rapl:0"
    zone.mkdir()
    (zone / "name").write_text("package-0\n")  # and no readable counter
    check = check_meters(tmp_path)
    assert (check.outcome, check.found) == ("warning", "package-0 may be read by root only")
    assert "chmod a+r" in check.mend


def test_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check_folder("runs", tmp_path / "new" / "runs", (0, 0), "").found.startswith(
        f"{tmp_path / 'new' / 'runs'} (to be made)"
    )
    below_a_file = check_folder("runs", tmp_path / "file" / "runs", (0, 0), "choose another with --out")
    assert (below_a_file.outcome, below_a_file.mend) == ("failed", "choose another with --out")
    assert check_folder("runs", tmp_path, (1e12, 0), "x").outcome == "warning"
    assert check_folder("runs", tmp_path, (1e12, 1e12), "x").outcome == "failed"


def test_memory() -> None:
    room = Room(total_mb=4000.0, available_mb=2000.0)
    sizes = (1.0, 1700.0, 1e9, None)
    assert [check_fit("m", size, Demand(), room).outcome for size in sizes] == ["ok", "warning", "failed", "ok"]
    assert check_fit("m", 1e9, Demand(), room, "GPU").outcome == "warning"  # a card's own memory is not known here


def test_clock_is_sane_on_any_machine_that_runs_tests() -> None:
    found = {check.name: check for check in check_clock()}
    assert found["clock"].outcome != "failed"
    assert "ns a reading" in found["clock"].found
    assert found["arrival stamps"].outcome != "failed"


async def test_endpoints_are_asked_for_their_models(reference_server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "_LIMIT_S", 0.5)
    with black_hole() as silent, scripted(reply("200 OK", b"<html>hello</html>")) as page:
        settings = settings_for(endpoint=reference_server)
        named = {"silent": silent, "page": page, "gone": "http://127.0.0.1:9"}
        for name, url in named.items():
            settings.endpoints[name] = Endpoint(url=url)  # type: ignore[index]  # a dictionary of this test's own
        settings.endpoints["lab"] = Endpoint(url=page, key_env="LAB_KEY")  # type: ignore[index]  # likewise
        began = time.monotonic()
        found = {check.name: check for check in await check_endpoints(settings, {})}
        assert time.monotonic() - began < 5
    assert found["endpoint"].outcome == "ok"
    assert "1 models" in found["endpoint"].found
    assert {name: check.outcome for name, check in found.items() if name != "endpoint"} == dict.fromkeys(
        ("endpoint silent", "endpoint page", "endpoint gone", "endpoint lab"), "failed"
    )
    assert "did not answer within" in found["endpoint silent"].found
    assert "no list of models" in found["endpoint page"].found
    assert found["endpoint lab"].mend == "set LAB_KEY to the key"


def test_a_cache_tells_what_is_partial_and_what_is_broken(tmp_path: Path) -> None:
    cache = tmp_path / "models"
    for name in ("partial-1", "broken-1"):
        (cache / "maker" / name).mkdir(parents=True)
        (cache / "maker" / name / "genai_config.json").write_text("{}")
    (cache / "maker" / "partial-1" / "download.tmp").write_text("")
    found = check_cache(Runtime(model_cache_dir=str(cache)))
    assert [(check.outcome, check.found) for check in found] == [
        ("warning", "partial-1: its download never ended"),
        ("warning", "broken-1: inference_model.json or genai_config.json is missing or damaged"),
        ("ok", f"none in {cache}"),
    ]


async def test_a_runtime_that_crashes_is_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "crashing_runtime.py").write_text("import os\nos.abort()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(runtime, "_MODULE", "crashing_runtime")
    state = await check_runtime(settings_for(**{"foundry.catalog_url": "http://127.0.0.1:9/models"}))
    (check,) = state.checks
    assert (check.name, check.outcome) == ("runtime", "failed")
    assert "SIGABRT" in check.found or "exit code" in check.found


async def test_a_catalog_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(reaching, "LIMIT_S", 0.3)
    began = time.monotonic()
    with black_hole() as url:
        options = {"foundry.catalog_url": f"{url}/models", "foundry.model_cache_dir": str(tmp_path / "none")}
        state = await check_runtime(settings_for(**options))
    assert time.monotonic() - began < runtime._TRIAL_LIMIT_S + 4
    runs, catalog = state.checks
    assert (runs.outcome, catalog.outcome) == ("ok", "failed")  # without any model there is nothing to measure
    assert catalog.found.startswith(f"{url.removeprefix('http://')}: no answer within 0.3 s")


async def test_a_check_that_hangs_or_breaks_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging, free = "a hanging check", threading.Event()

    def hang() -> list[Check]:
        free.wait(10)
        return []

    def broken() -> list[Check]:
        raise ValueError("bad\x1b[2J luck")

    async def nothing(*_: object) -> list[Check]:
        return []

    async def no_models(*_: object) -> AsyncGenerator[Check]:
        no: tuple[Check, ...] = ()
        for check in no:
            yield check

    async def no_runtime(*_: object) -> runtime.RuntimeState:
        return runtime.RuntimeState(())

    monkeypatch.setattr(doctor, "_QUICK_LIMIT_S", 0.05)
    monkeypatch.setattr(doctor, "_quick", lambda _: ((hanging, hang), ("broken", broken)))
    monkeypatch.setattr(doctor, "check_runtime", no_runtime)
    monkeypatch.setattr(doctor, "check_targets", no_models)
    monkeypatch.setattr(doctor, "check_timing", nothing)
    found = [check async for check in doctor.examine(settings_for(), lambda _: None)]
    free.set()
    assert [(check.name, check.outcome, check.found) for check in found[:2]] == [
        (hanging, "failed", "cut off after 0.05 s"),
        ("broken", "failed", "the check itself failed: bad luck"),
    ]
    assert found[2].name == "models on disk"
