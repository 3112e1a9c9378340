"""The recorded runs of a folder: listed whatever their state, found by what a user calls them."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from factories import CREATED, make_failed_sample, make_plan, write_run
from foundry_bench.cli import main
from foundry_bench.session.run_list import find_answered, find_run, list_runs
from foundry_bench.values.errors import InputError
from recorded import record_run


def test_runs_are_listed_newest_first(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "none") == []
    (tmp_path / "a-file").touch()
    (tmp_path / "no-run").mkdir()
    write_run(tmp_path, "20261121-a")
    write_run(tmp_path, "20261122-b", status="interrupted")
    heads = list_runs(tmp_path)
    assert [(head.id, head.status, head.path.name) for head in heads] == [
        ("20261122-b", "interrupted", "20261122-b"),
        ("20261121-a", "done", "20261121-a"),
    ]
    assert heads[0].created == CREATED
    assert heads[0].models == ("smollm2-135m", "phi-4-mini")


def test_a_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    write_run(tmp_path, "20261121-a")
    file = write_run(tmp_path, "20261122-b") / "run.json"
    file.write_bytes(b'{"schema": "found')
    os.utime(file, (CREATED.timestamp() + 9,) * 2)
    assert [(head.id, head.status, head.created) for head in list_runs(tmp_path)] == [
        ("20261122-b", "unreadable", None),
        ("20261121-a", "done", CREATED),
    ]


def test_a_folder_in_a_run_jsons_place_hides_no_run(tmp_path: Path) -> None:
    run = write_run(tmp_path, "a")
    (tmp_path / "b" / "run.json").mkdir(parents=True)
    os.utime(tmp_path / "b" / "run.json", (1.0, 1.0))
    assert [(head.id, head.status) for head in list_runs(tmp_path)] == [("a", "done"), ("b", "unreadable")]
    assert find_run(tmp_path, "last") == run


def test_the_last_run_is_the_newest_by_its_own_record(tmp_path: Path) -> None:
    write_run(tmp_path, "main-run", created=CREATED - timedelta(days=9))
    write_run(tmp_path, "by-hand", created=(CREATED + timedelta(hours=1)).replace(tzinfo=None))
    newest = write_run(tmp_path, "20261122-b", created=CREATED + timedelta(hours=2))
    assert [head.id for head in list_runs(tmp_path)] == ["20261122-b", "by-hand", "main-run"]
    assert find_run(tmp_path, "last") == newest


@pytest.mark.parametrize("indent", [-1, 0, 1, 4])
def test_a_run_json_that_was_formatted_anew_is_listed(tmp_path: Path, indent: int) -> None:
    file = write_run(tmp_path, "a") / "run.json"
    file.write_bytes(msgspec.json.format(file.read_bytes(), indent=indent))
    assert [(head.id, head.status) for head in list_runs(tmp_path)] == [("a", "done")]


def test_a_plan_longer_than_the_head_is_listed(tmp_path: Path) -> None:
    prompts = tuple(replace(make_plan().prompts[0], id=str(number), prompt="word " * 100) for number in range(100))
    write_run(tmp_path, "a", plan=make_plan(prompts=prompts))
    assert [(head.id, head.status) for head in list_runs(tmp_path)] == [("a", "done")]


@pytest.mark.parametrize(
    ("process", "status"),
    [
        ({"pid": os.getpid(), "started": psutil.Process().create_time()}, "running"),
        # The same number, but another process: the first one's machine was restarted meanwhile.
        ({"pid": os.getpid(), "started": psutil.Process().create_time() - 3600}, "interrupted"),
        ({"pid": 2**31 - 1, "started": 0.0}, "interrupted"),
        ({"pid": -1, "started": 0.0}, "interrupted"),
        ({"pid": "x", "started": None}, "interrupted"),
        ({}, "interrupted"),
        (None, "interrupted"),
    ],
)
def test_a_run_whose_process_is_gone_is_interrupted(tmp_path: Path, process: Any, status: str) -> None:
    write_run(tmp_path, "a", status="running", environment={"process": process})
    assert [head.status for head in list_runs(tmp_path)] == [status]


def test_runs_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "runs"
    old, new, longer = (write_run(out, name) for name in ("20261121-a-x7", "20261122-b-k2", "20261122-b-k2-copy"))
    (out / "20261123-no-run").mkdir()
    assert find_run(out, "20261121-a-x7") == old
    assert find_run(out, "20261121") == old
    assert find_run(out, "20261122-b-k2") == new
    assert find_run(out, "20261122-b-k2-") == longer
    assert find_run(out, "last") == longer
    assert find_run(tmp_path, str(old)) == old
    assert find_run(tmp_path, str(old / "run.json")) == old
    monkeypatch.chdir(old)
    assert find_run(out, ".").samefile(old)
    assert find_run(out, "run.json").samefile(old)


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("2026", r"2 runs in .* begin with '2026', such as 20261122-b"),
        ("2025", "no run '2025' in"),
        ("", "no run '' in"),
        ("../runs", "no run"),
        ("bad\0ref", "no run"),
    ],
)
def test_what_names_no_run_is_refused(tmp_path: Path, ref: str, message: str) -> None:
    write_run(tmp_path, "20261121-a")
    write_run(tmp_path, "20261122-b")
    with pytest.raises(InputError, match=message):
        find_run(tmp_path, ref)


def test_there_is_no_last_run_without_runs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no run 'last' in .*see --out"):
        find_run(tmp_path / "none", "last")


def test_a_folder_that_can_not_be_looked_into_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / ("x" * 300)
    for argv in (["history"], ["report", "last"], ["report", "some"]):
        assert main([*argv, "--out", str(folder)]) == 2
        assert capsys.readouterr().err.endswith("; choose another folder with --out\n")


def test_last_is_the_newest_run_with_answers_where_these_are_asked_for(tmp_path: Path) -> None:
    answered = record_run(tmp_path)
    failed = write_run(tmp_path, "failed", created=CREATED + timedelta(days=1))
    (failed / "samples.jsonl").write_bytes(msgspec.json.encode(make_failed_sample()) + b"\n")
    assert find_answered(tmp_path, "last") == answered
    assert find_run(tmp_path, "last") == failed
    assert find_answered(tmp_path, "fail") == failed


@pytest.mark.parametrize("argv", [["report"], ["rank"], ["rate", "--agreement"], ["judge", "--judge-model", "m"]])
def test_runs_without_answers_are_no_last_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    failed = write_run(tmp_path, "failed")
    (failed / "samples.jsonl").touch()
    assert main([argv[0], "last", *argv[1:], "--out", str(tmp_path)]) == 2
    told = f"no run in {tmp_path} has answers; 'foundry-bench history' lists them"
    assert capsys.readouterr().err == f"foundry-bench: {told}\n"
    assert main(["compare", "last", "last", "--out", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def test_a_run_without_its_record_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "samples.jsonl").touch()
    for ref in ("bare", str(bare), str(bare / "run.json")):
        with pytest.raises(InputError, match=r"run\.json is missing; restore it"):
            find_run(tmp_path, ref)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="no run 'empty'"):
        find_run(tmp_path, "empty")


def test_the_agreement_of_a_damaged_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = record_run(tmp_path)
    (run / "run.json").write_text("{")
    assert main(["rate", str(run), "--agreement"]) == 2
    assert f"{run / 'run.json'}: " in capsys.readouterr().err


def test_a_file_is_no_folder_of_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["history", "--out", str(tmp_path / "file")]) == 2
    assert "file is a file; choose another folder with --out" in capsys.readouterr().err


def test_a_run_s_name_may_be_as_odd_as_it_likes(tmp_path: Path) -> None:
    for ref in ("x" * 300, "a\0b"):
        with pytest.raises(InputError, match=r"^no run '.{,60}' in "):
            find_run(tmp_path, ref)
