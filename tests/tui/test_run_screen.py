import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.text import Text

from driving import FakeCatalog, make_app, processes, running, screen_text, workers
from foundry_bench.session.adapters import NamedAdapter
from foundry_bench.session.beacons import list_running
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import load
from foundry_bench.tui.widgets.form_row import FormRow
from foundry_bench.tui.widgets.plan_form_pane import PlanForm
from foundry_bench.tui.widgets.text_pane import TextPane
from foundry_bench.values.plan import Plan, Prompt
from foundry_bench.worker.room import read_room
from golden_text import looks_like

SIZES = [(60, 20), (80, 24), (120, 40)]
PROMPTS = (Prompt(id="benefits", prompt="Why local?"), Prompt(id="explain", prompt="What is RAG?"))
FAST = "reference?interval_ms=2&delay_ms=5"
SLOW = "reference?interval_ms=50&delay_ms=5"
ENDLESS = "reference?interval_ms=100&delay_ms=5"


def plan(url: str, *models: str, **changes: Any) -> Plan:
    fields: dict[str, Any] = {"prompts": PROMPTS, "rounds": 2, "max_tokens": 16, "calibrate": False} | changes
    return Plan(models=models, endpoint=url, **fields)


async def test_without_models_it_tells_how_to_get_some(tmp_path: Path) -> None:
    async with running(make_app(tmp_path)) as driver:
        await driver.press("g", "r")
        await driver.shows("no model yet: mark some with")


async def test_a_plan_is_checked_as_one_types_and_then_measured(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, endpoint=reference_server, models=(FAST,), rounds=2, max_tokens=8, calibrate=False)
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "r")
        await driver.shows("1 model x 4 prompts x 2 rounds = 8 requests")
        await driver.press("tab", "tab", "tab", "tab", "backspace", "0")
        await driver.shows("rounds must be a whole number of at least", "1, not 0")
        await driver.press("escape", "r")
        assert not app.control.running
        await driver.press("tab", "tab", "tab", "tab", "backspace", "1", "escape")
        await driver.shows("= 4 requests")
        await driver.press("r")
        await driver.shows("Progress", "ok 4 of 4", "the run is over: done")
        assert [head.status for head in list_runs(tmp_path / "runs")] == ["done"]
        assert app.chosen_run == app.control.path
        await driver.press("r")
        await driver.shows("Summary")


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_typing_replaces_what_stood_in_a_field_and_arrows_edit_it(tmp_path: Path, size: tuple[int, int]) -> None:
    app = make_app(tmp_path, models=("phi-4-mini",), rounds=3)
    async with running(app, size) as driver:
        await driver.press("g", "r", "tab", "tab", "tab", "tab", "1", "0")
        rounds = app.screen.query_one("#row-rounds", FormRow)
        assert rounds.text == "10"
        await driver.press("down", "up", "right", "0")
        assert rounds.text == "100"
        await driver.press("escape")
        described = app.screen.query_one(PlanForm).described
        assert isinstance(described, Plan)
        assert described.rounds == 100


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_a_model_that_there_is_not_is_told_as_one_types(
    tmp_path: Path, size: tuple[int, int], catalog: FakeCatalog
) -> None:
    catalog.answers.clear()
    app = make_app(tmp_path, models=("qwen2.5-0.5b",), adapters={"mine": NamedAdapter(code="mine.py")})
    async with running(app, size) as driver:
        await driver.shows("reading the catalog")
        await driver.press("g", "r", "tab", *"qwen2.5-0.5b, nobody, mine, mine:small", "escape")
        await driver.shows("4 models")
        assert "not in the" not in screen_text(app)
        catalog.answers.set()
        await driver.shows("! nobody: not in the")
        assert screen_text(app).count("not in the") == 1
        await driver.press("tab", *"qwen2.5-0.5b", "escape")
        await driver.hides("not in the")


async def test_prompts_in_a_home_folder_that_is_not_there_are_refused_as_one_types(tmp_path: Path) -> None:
    async with running(make_app(tmp_path, models=("phi-4-mini",)), (120, 40)) as driver:
        await driver.press("g", "r", "tab", "down", "down", *"~nouser.json")
        await driver.shows("there is no such home", "prompts '~nouser.json'")


async def test_rules_budget_turns_and_sweeps_are_fields_that_have_to_agree(tmp_path: Path) -> None:
    app = make_app(tmp_path, models=("phi-4-mini", "qwen2.5-0.5b"), rounds=5)
    async with running(app, (120, 40)) as driver:
        await driver.press("g", "r")
        form = app.screen.query_one(PlanForm)

        def write(name: str, text: str) -> None:
            form.query_one(f"#row-{name}", FormRow).text = text

        write("until", "soon")
        await driver.shows("is no rule")
        write("until", "separated")
        await driver.shows("until is first looked")
        write("rounds", "60")
        await driver.shows("compares")
        write("order", "interleaved")
        write("sweep-concurrency", "1,2,4")
        await driver.shows("= at most", "until latency_s.mean separated", "in turns", "then a sweep of 2 levels")
        write("budget", "10m")
        await driver.shows("a sweep takes as long")
        write("sweep-concurrency", "")
        await driver.shows("within 10m in all")
        plan = form.described
        assert isinstance(plan, Plan)
        assert (plan.until, plan.budget_s, plan.order) == ("latency_s.mean separated", 600.0, "interleaved")


@pytest.mark.skipif(sys.platform != "linux", reason="control groups are Linux's")
async def test_memory_is_gauged_by_what_a_container_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference_server: str
) -> None:
    for name, content in (("memory.max", "1000000"), ("memory.current", "0"), ("memory.stat", "")):
        (tmp_path / name).write_text(content)
    monkeypatch.setattr(read_room, "__defaults__", (tmp_path,))
    start = plan(reference_server, SLOW, max_tokens=200)
    async with running(make_app(tmp_path, start=start), (120, 40)) as driver:
        await driver.shows("memory ━━━━━━━━ ")


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_what_the_fields_look_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    settings: dict[str, Any] = {"rounds": 50, "until": "ttft_s.mean within 3%", "order": "interleaved"}
    app = make_app(tmp_path, models=("phi-4-mini", "qwen2.5-0.5b"), **settings)
    async with running(app, size) as driver:
        await driver.press("g", "r", "tab", *["down"] * 9)
        await driver.shows("end a model's rounds early")
        await looks_like(driver, f"run-fields-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_what_the_form_looks_like(tmp_path: Path, size: tuple[int, int], update_golden: bool) -> None:
    async with running(make_app(tmp_path, models=("phi-4-mini", "qwen2.5-0.5b"), rounds=5), size) as driver:
        await driver.press("g", "r")
        await looks_like(driver, f"run-{size[0]}x{size[1]}", update=update_golden)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
@pytest.mark.presses(RunScreen="space x", ConfirmScreen="y")
async def test_streams_are_shown_as_they_come(tmp_path: Path, reference_server: str, size: tuple[int, int]) -> None:
    start = plan(reference_server, SLOW, concurrency=2, max_tokens=200)
    app = make_app(tmp_path, start=start)
    async with running(app, size) as driver:
        await driver.shows("w3 w4", "tok", "0/1 models")
        await driver.press("space")
        await driver.shows("paused")
        await driver.press("space")
        await driver.until(lambda: not app.control.paused)
        await driver.press("x", "y")
        await driver.shows("the run is over")
    assert not workers()


@pytest.mark.presses(RunScreen="n")
async def test_a_model_is_skipped(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, FAST, max_tokens=2000))
    async with running(app) as driver:
        await driver.shows("w3 w4")
        await driver.press("n")
        await driver.shows("1/2 models", "skipped, 0:")
        await driver.press("x", "y")
        await driver.until(lambda: not app.control.running)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_what_was_stopped_says_how_the_rest_is_measured(
    tmp_path: Path, reference_server: str, size: tuple[int, int]
) -> None:
    app = make_app(tmp_path, start=plan(reference_server, FAST, rounds=2000))
    async with running(app, size) as driver:
        await driver.until(lambda: app.control.snapshot and app.control.snapshot.models[0].ok)
        run = app.control.path.name[:15]
        await driver.press("q")
        await driver.shows("l leave it running", "--resume", run)
        await driver.press("n", "x")
        await driver.shows("Stop the benchmark? What is", "--resume", run)
        await driver.press("y")
        await driver.shows("the run is over: stopped", "--resume")
        await driver.press("t")
        await driver.shows("partial: stopped by", "--resume", run)


@pytest.mark.presses(ConfirmScreen="n", QuitScreen="n s")
async def test_stopping_asks_first(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, max_tokens=2000))
    async with running(app) as driver:
        await driver.shows("w3 w4")
        await driver.press("x", "n")
        assert app.control.running
        await driver.press("q")
        await driver.shows("l leave it running   s stop it   n go back")
        await driver.press("n")
        assert app.control.running
        await driver.press("q", "s")
        await driver.until(lambda: not app.is_running)
    assert app.control.left is None
    assert not workers()
    assert [head.status for head in list_runs(tmp_path / "runs")] == ["interrupted"]


@pytest.mark.presses(RunScreen="a", QuitScreen="l")
async def test_a_benchmark_that_was_left_goes_on_and_is_found_again(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, concurrency=2, max_tokens=2000))
    async with running(app) as driver:
        await driver.shows("w3 w4")
        await driver.press("q", "l")
        await driver.until(lambda: not app.is_running)
    (run,) = list_runs(tmp_path / "runs")
    assert (run.status, app.control.left) == ("running", run.path)
    assert workers()

    app = make_app(tmp_path)
    async with running(app) as driver:
        await driver.shows("a benchmark is running: g r, then a goes to it")
        await driver.press("g", "r")
        await driver.shows("a go to the running one")
        await driver.press("a")
        await driver.shows("Progress", "≈")
        assert len(app.screen.query("AnswerPane")) == 2
        chunks = app.control.snapshot.answers[0].chunks
        await driver.until(lambda: app.control.snapshot.answers[0].chunks > chunks)
        await driver.press("q", "enter")
        await driver.until(lambda: not app.is_running)

    app = make_app(tmp_path, start=list_running()[0])
    async with running(app) as driver:
        await driver.shows("Progress", "≈")
        await driver.press("x", "y")
        await driver.shows("the run is over: stopped")
        assert app.chosen_run == run.path
    assert not workers()


@pytest.mark.presses(HistoryScreen="a")
async def test_the_history_leads_to_what_runs(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, max_tokens=2000))
    async with running(app, (120, 40)) as driver:
        await driver.shows("w3 w4")
        await driver.press("g", "h")
        await driver.shows("running", "a go to the running one")
        await driver.press("a")
        await driver.mode_is("run")
        await driver.shows("w5 w6")
        await driver.press("x", "y")
        await driver.until(lambda: not app.control.running)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends a process in another way")
async def test_a_process_that_is_killed_is_told_of(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, max_tokens=2000))
    async with running(app, (120, 40)) as driver:
        await driver.shows("w3 w4")
        psutil.Process(int(list_running()[0].process["pid"])).kill()
        await driver.shows("its process is gone", "run --resume")
    assert list_running() == []


async def test_it_says_that_a_run_is_being_opened(
    tmp_path: Path, reference_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    show = TextPane.show

    def watched(pane: TextPane, lines: list[Text]) -> None:
        shown.extend(line.plain for line in lines)
        show(pane, lines)

    monkeypatch.setattr(TextPane, "show", watched)  # how long it stands depends on the machine
    async with running(make_app(tmp_path, start=plan(reference_server, FAST))) as driver:
        await driver.shows("the run is over: done")
    assert any("opening the run, " in line for line in shown)


async def test_each_pane_can_be_read_when_all_is_over(tmp_path: Path, reference_server: str) -> None:
    async with running(make_app(tmp_path, start=plan(reference_server, FAST)), (60, 20)) as driver:
        await driver.shows("the run is over: done", "ok 4 of 4")
        await driver.press("f6", "f6")
        await driver.shows("benefits, round 2: TTFT")


async def test_quitting_before_it_began_leaves_nothing(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, max_tokens=2000))
    async with running(app) as driver:
        await driver.until(lambda: app.control.running)
        await driver.press("q", "s")
        await driver.until(lambda: not app.is_running)
    # On a busy machine the screen doesn't wait for its benchmark, which ends by itself.
    assert psutil.wait_procs([*processes("foundry_bench.session.hosting"), *workers()], timeout=30)[1] == []
    assert {head.status for head in list_runs(tmp_path / "runs")} <= {"interrupted"}


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows ends a process in another way")
async def test_a_worker_that_is_killed_is_told_of(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, ENDLESS, FAST, max_tokens=2000))
    async with running(app, (120, 40)) as driver:
        await driver.shows("w3 w4")
        os.kill(workers()[0].pid, signal.SIGKILL)
        await driver.shows("failed", "ended by SIGKILL", "1/2 models")
        await driver.press("x", "y")
        await driver.until(lambda: not app.control.running)
    statuses = [model.status for model in load(list_runs(tmp_path / "runs")[0].path).models]
    assert statuses[0] == "failed"


async def test_an_endpoint_that_is_not_there(tmp_path: Path) -> None:
    app = make_app(tmp_path, start=plan("http://127.0.0.1:9", "gone"))
    async with running(app) as driver:
        await driver.shows("the run is over: failed", "1/1 models")


async def test_a_folder_that_can_not_be_written(tmp_path: Path, reference_server: str) -> None:
    (tmp_path / "runs").write_text("a file in its place")
    app = make_app(tmp_path, start=plan(reference_server, FAST))
    async with running(app, (120, 40)) as driver:
        await driver.shows("the run ended", "choose another folder")


async def test_it_goes_on_while_one_looks_elsewhere(tmp_path: Path, reference_server: str) -> None:
    app = make_app(tmp_path, start=plan(reference_server, SLOW, max_tokens=100))
    async with running(app) as driver:
        await driver.shows("w3 w4")
        await driver.press("g", "m")
        await driver.shows("Details", "%")
        await driver.press("g", "r")
        await driver.shows("Progress")
        await driver.resize(20, 5)
        await driver.shows("terminal too small", "20x5")
        await driver.resize(80, 24)
        await driver.shows("Progress", "Answers")
        await driver.press("x", "y")
        await driver.until(lambda: not app.control.running)
