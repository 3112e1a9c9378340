"""A run on disk, whatever happens to its process and its disk."""

import contextlib
import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import CREATED, make_failed_model, make_model, make_plan, make_run, make_sample, write_run
from foundry_bench.session.json_text import without_noise
from foundry_bench.session.run_list import list_runs
from foundry_bench.session.store import Run, load, new_run_id, read_samples
from foundry_bench.values.errors import InputError
from foundry_bench.values.record import Failure, Sample


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    run = Run.create(tmp_path / "runs", make_plan(), {"system": "Linux"}, created=CREATED)
    yield run
    run.close("done")


def kept(values: object) -> object:
    """What a file keeps of it: as many digits."""
    return without_noise(msgspec.to_builtins(values))


def test_a_new_run_is_there_at_once(run: Run) -> None:
    record = load(run.path)
    assert record == run.record
    assert (record.id, record.created, record.status) == (run.path.name, CREATED, "running")
    assert (record.plan, record.models, record.calibration) == (make_plan(), (), None)
    assert list(read_samples(run.path)) == []


def test_run_json_has_the_contracts_order(run: Run) -> None:
    run.add_model(make_model())
    text = (run.path / "run.json").read_text("utf-8")
    document = json.loads(text)
    head = ["schema", "id", "created", "status", "plan", "environment", "calibration", "models"]
    assert list(document) == [*head, "order", "notes", "hosts"]
    assert (document["schema"], document["created"]) == ("foundry-bench/run/1", "2026-11-22T14:15:30Z")
    assert text.startswith('{\n  "schema": "foundry-bench/run/1",\n')
    assert text.endswith("}\n")
    assert list(document["models"][0]["metrics"]["ttft_s"]) == [
        *("n", "mean", "std", "min", "p50", "p90", "p95", "p99", "max", "ci95_mean")
    ]


def test_a_line_of_samples_has_the_contracts_order(run: Run) -> None:
    run.append(make_sample())
    (line,) = (run.path / "samples.jsonl").read_text("utf-8").splitlines()
    assert " ".join(json.loads(line)).startswith(
        "model model_id prompt_id response_id phase round status error sent_ns headers_s first_byte_s ttft_s ttfa_s "
        "latency_s token_times_s prompt_tokens completion_tokens token_source finish_reason text text_sha256 "
    )
    assert list(json.loads(line)) == [field.name for field in fields(Sample)]


def test_samples_come_back_as_they_were(run: Run) -> None:
    samples = [
        make_sample(text="line\nbreak \u2028 and \x85 日本語 👩‍🚀", ttft_s=0.1 + 0.2),
        make_sample(status="error", error=Failure(type="connect", message="refused"), latency_s=None),
    ]
    for sample in samples:
        run.append(sample)
    found = run.samples()
    assert list(found) == samples
    assert list(found) == samples
    assert found.torn == 0
    assert len((run.path / "samples.jsonl").read_bytes().split(b"\n")) == 3


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(st.characters(codec="utf-8")))
def test_figures_keep_their_full_precision(figure: float, text: str) -> None:
    sample = make_sample(latency_s=figure, token_times_s=(figure,), text=text)
    line = msgspec.json.encode(sample)
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Sample) == sample


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_what_is_no_number_is_written_as_null(run: Run, figure: float) -> None:
    run.append(make_sample(ttft_s=figure))
    (found,) = run.samples()
    assert found.ttft_s is None


@pytest.mark.parametrize("cut", [1, 20, 300])
def test_a_torn_last_line_is_skipped_and_counted(run: Run, cut: int) -> None:
    run.append(make_sample())
    file = run.path / "samples.jsonl"
    file.write_bytes(file.read_bytes() + msgspec.json.encode(make_sample(round=2))[:-cut])
    found = run.samples()
    assert [sample.round for sample in found] == [1]
    assert found.torn == 1


def test_a_whole_last_line_without_its_end_counts(run: Run) -> None:
    (run.path / "samples.jsonl").write_bytes(msgspec.json.encode(make_sample()))
    found = run.samples()
    assert list(found) == [make_sample()]
    assert found.torn == 0


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"model": "x', "truncated|malformed|invalid"),
        (b"", "truncated"),
        (b"\xff\xfe", "malformed|utf-8"),
        (b'{"model": "x"}', "missing required field `model_id`"),
    ],
)
def test_a_bad_line_in_the_middle_is_named(run: Run, bad: bytes, reason: str) -> None:
    line = msgspec.json.encode(make_sample())
    (run.path / "samples.jsonl").write_bytes(b"\n".join([line, bad, line, b""]))
    with pytest.raises(InputError, match=rf"samples\.jsonl, line 2: .*({reason})"):
        list(run.samples())


def test_a_whole_last_line_of_the_wrong_shape_is_no_torn_one(run: Run) -> None:
    (run.path / "samples.jsonl").write_bytes(b'{"model": "x"}\n')
    with pytest.raises(InputError, match=r"line 1: .*model_id"):
        list(run.samples())


def test_a_run_without_samples_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"samples\.jsonl: No such file"):
        list(read_samples(tmp_path))


class FullDisk:
    """A file on a disk with room for a few more bytes."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self._room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, content: memoryview) -> int:
        if not self._room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken: int = self._file.write(content[: self._room])
        self._room -= taken
        return taken


def test_a_full_disk_leaves_no_part_of_a_sample(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run.append(make_sample())
    with monkeypatch.context() as patch:
        patch.setattr(run._log, "_file", FullDisk(run._log._file, room=100))
        with pytest.raises(OSError, match="No space left"):
            run.append(make_sample(round=2))
    run.append(make_sample(round=3))
    assert [sample.round for sample in run.samples()] == [1, 3]


def test_a_killed_process_loses_at_most_the_request_in_flight(tmp_path: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from factories import make_plan, make_sample
from foundry_bench.session.json_text import without_noise
from foundry_bench.session.store import Run
run = Run.create(Path(sys.argv[1]), make_plan(), {}, run_id="killed")
for number in (1, 2, 3):
    run.append(make_sample(round=number))
run._log._file.write(b'{"model": "smollm2-135m", "mod')
os._exit(9)
"""
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path], env={**os.environ, "PYTHONPATH": path}, check=False, timeout=60
    )
    assert done.returncode == 9
    found = read_samples(tmp_path / "killed")
    assert [sample.round for sample in found] == [1, 2, 3]
    assert found.torn == 1
    assert [head.status for head in list_runs(tmp_path)] == ["interrupted"]

    run = Run.resume(tmp_path / "killed")
    run.append(make_sample(round=4))
    assert [sample.round for sample in run.samples()] == [1, 2, 3, 4]
    assert [head.status for head in list_runs(tmp_path)] == ["running"]
    run.close("done")


def test_resuming_ends_a_whole_last_line(run: Run) -> None:
    run.close("interrupted")
    file = run.path / "samples.jsonl"
    file.write_bytes(msgspec.json.encode(make_sample()))
    resumed = Run.resume(run.path)
    resumed.append(make_sample(round=2))
    assert [sample.round for sample in resumed.samples()] == [1, 2]
    assert file.read_bytes().endswith(b"}\n")
    resumed.close("done")


def test_a_run_that_cannot_be_resumed_stays_as_it_is(run: Run) -> None:
    run.append(make_sample())
    run.close("interrupted")
    (run.path / "samples.jsonl").write_text('{"no": "sample"}\n')
    before = (run.path / "run.json").read_bytes()
    for _ in range(2):  # nor does a refusal keep the lock
        with pytest.raises(InputError, match="line 1"):
            Run.resume(run.path)
    assert (run.path / "run.json").read_bytes() == before


def test_a_run_whose_samples_are_gone_is_not_resumed(run: Run) -> None:
    run.add_model(make_model())
    run.close("done")
    file = run.path / "samples.jsonl"
    with pytest.raises(InputError, match=r"is empty, though smollm2-135m was measured; restore it"):
        Run.resume(run.path)
    file.unlink()
    with pytest.raises(InputError, match=r"samples.jsonl is missing; restore it, or begin a new run"):
        Run.resume(run.path)
    assert not file.exists()
    assert load(run.path).status == "done"
    file.touch()


def test_a_run_has_one_recorder(run: Run) -> None:
    with pytest.raises(InputError, match="another process is recording this run"):
        Run.resume(run.path)


def test_of_two_that_resume_at_the_same_moment_one_records(run: Run) -> None:
    run.close("interrupted")
    both_saw = (run.path / "run.json").read_bytes()
    first = Run.resume(run.path)
    (run.path / "run.json").write_bytes(both_saw)
    (run.path / "samples.jsonl").write_bytes(b'{"half a')
    with pytest.raises(InputError, match="another process is recording this run"):
        Run.resume(run.path)
    assert (run.path / "samples.jsonl").read_bytes() == b'{"half a'  # what the other is writing is no torn line
    first.close("interrupted")
    Run.resume(run.path).close("done")


def test_a_model_measured_again_takes_its_own_place(run: Run) -> None:
    run.add_model(make_failed_model(name="a"))
    run.add_model(make_model(name="b"))
    assert run.finished_models() == {"b"}
    run.add_model(make_model(name="a"))
    assert run.finished_models() == {"a", "b"}
    assert [model.name for model in load(run.path).models] == ["a", "b"]
    run.close("done")
    assert kept(load(run.path)) == kept(run.record)
    assert run.record.status == "done"


def test_killed_before_the_replacing_the_old_run_json_stands(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    run.append(make_sample())
    before = load(run.path)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            run.add_model(make_model())
    assert len(list(run.path.glob("run.json.*.tmp"))) == 1
    assert load(run.path) == before
    run.write_run_json()
    assert kept(load(run.path).models) == kept((make_model(),))
    run.close("interrupted")
    Run.resume(run.path).close("done")
    assert list(run.path.glob("run.json.*.tmp")) == []


@pytest.mark.skipif(os.name == "nt", reason="making links needs a privilege there")
@pytest.mark.parametrize("name", ["run.json", "samples.jsonl", "logs", "logs/model.log"])
def test_a_run_from_a_stranger_is_never_written_through_a_link(tmp_path: Path, name: str) -> None:
    path, elsewhere = write_run(tmp_path / "runs", "a", status="interrupted"), tmp_path / "elsewhere"
    link, content = path / name, (path / "run.json").read_bytes()
    elsewhere.write_bytes(content)
    link.parent.mkdir(exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(elsewhere)
    with contextlib.suppress(InputError):
        resumed = Run.resume(path)
        resumed.close("done")
        assert not link.is_symlink()
        assert load(path).status == "done"
    assert name.startswith("run.json") or link.is_symlink()
    assert elsewhere.read_bytes() == content


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"", "truncated"),
        (b"{}", "missing required field"),
        (b"\xff", "malformed|utf-8"),
        (msgspec.json.encode(make_run(schema="foundry-bench/run/2")), "schema is 'foundry-bench/run/2'"),
    ],
)
def test_a_run_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(InputError, match=rf"run\.json: .*({reason})"):
        load(tmp_path)


def test_fields_of_a_later_version_are_passed_over(tmp_path: Path) -> None:
    document = json.loads(msgspec.json.encode(make_run()))
    document["later"] = document["models"][0]["later"] = document["plan"]["later"] = 1
    (tmp_path / "run.json").write_text(json.dumps(document), "utf-8")
    assert load(tmp_path) == make_run()


@pytest.mark.parametrize(
    ("models", "pattern"),
    [
        (("smollm2-135m",), "smollm2-135m"),
        (("Phi-4-mini", "b", "c"), "phi-4-mini-and-2"),
        (("ollama:llama3.2:1b",), r"ollama-llama3\.2-1b"),
        (("../../etc/passwd",), "etc-passwd"),
        ((r'C:\models\a<b>c"d|e?f*',), "c-models-a-b-c-d-e-f"),
        (("日本語",), "models"),
        (("x" * 300,), "x{40}"),
        ((), "models"),
    ],
)
def test_run_ids(models: tuple[str, ...], pattern: str) -> None:
    local = datetime(2026, 11, 22, 19, 15, 30, tzinfo=timezone(timedelta(hours=5)))
    assert re.fullmatch(rf"20261122-141530-{pattern}-[a-z0-9]{{2}}", new_run_id(local, models))


def test_run_ids_sort_by_time() -> None:
    times = [CREATED + timedelta(hours=hours) for hours in range(50)]
    ids = [new_run_id(time, ("m",)) for time in times]
    assert ids == sorted(ids)


@pytest.mark.skipif(os.name == "nt", reason="folders refuse in another way there")
def test_a_folder_that_cannot_hold_runs_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InputError, match="choose another folder with --out"):
        Run.create(file, make_plan(), {})


def test_created_is_kept_in_utc_and_whole_seconds(tmp_path: Path) -> None:
    local = datetime(2026, 11, 22, 19, 15, 30, 999, tzinfo=timezone(timedelta(hours=5)))
    run = Run.create(tmp_path, make_plan(), {}, created=local)
    run.close("done")
    assert (run.record.created, run.record.created.tzinfo) == (CREATED, UTC)


def test_logs_of_models_stay_in_the_run(run: Run) -> None:
    assert run.log_path("../a:b").relative_to(run.path).as_posix() == "logs/a-b.log"


def test_a_date_without_a_zone_is_taken_for_utc(tmp_path: Path) -> None:
    path = write_run(tmp_path, "by-hand", created=CREATED.replace(tzinfo=None))
    assert load(path).created == CREATED
