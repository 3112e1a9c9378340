"""What commands write to files that the user named, and what recorded runs keep of their own."""

from pathlib import Path

import pytest

from foundry_bench.cli import main
from recorded import record_run


@pytest.mark.parametrize("name", ["run.json", "samples.jsonl", "judge.jsonl"])
@pytest.mark.parametrize("argv", [["report", "{run}", "-o"], ["rank", "{run}", "--routing"]])
def test_no_output_replaces_what_belongs_to_a_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str], name: str
) -> None:
    run = record_run(tmp_path)
    (run / name).touch()
    before = (run / name).read_bytes()
    assert main([*(part.format(run=run) for part in argv), str(run / name)]) == 2
    told = f"{run / name} belongs to the recorded run run-000; choose another file with {argv[-1]}"
    assert capsys.readouterr().err.splitlines()[-1] == f"foundry-bench: {told}"
    assert (run / name).read_bytes() == before


def test_a_file_beside_those_of_a_run_may_be_written(tmp_path: Path) -> None:
    run = record_run(tmp_path)
    assert main(["report", str(run), "-o", str(run / "report.md")]) == 0
    assert main(["report", str(run), "-o", str(tmp_path / "run.json"), "--format", "json"]) == 0


@pytest.mark.parametrize("argv", [["report", "{run}"], ["rank", "{run}"], ["compare", "{run}", "{run}"]])
def test_a_last_line_that_was_cut_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    run = record_run(tmp_path)
    with (run / "samples.jsonl").open("ab") as file:
        file.write(b'{"model": "smoll')
    assert main([part.format(run=run) for part in argv]) == 0
    words = (
        f"{run / 'samples.jsonl'}: the last line is cut, and that request is left out; 'run --resume' measures it again"
    )
    captured = capsys.readouterr()
    assert captured.err == f"caution: {words}\n"
    assert ("the last line is cut" in captured.out) == (argv[0] == "report")
