"""Comparing recorded runs, by the library and by the command."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from factories import make_run, make_vote
from foundry_bench.cli import main
from foundry_bench.session.comparing import compare_sides, find_side
from foundry_bench.session.ratings import Kind, save_ratings, save_vote
from foundry_bench.values.changes import answers, changed_conditions
from foundry_bench.values.errors import InputError
from foundry_bench.values.ratings import Rating
from recorded import record_run, samples_of

FAST, SLOW = "smollm2-135m", "phi-4-mini"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = tmp_path / "runs"
    record_run(out, rounds=5)
    record_run(out, minutes=1, rounds=5, max_tokens=64)
    return out


@pytest.mark.parametrize(
    ("ref", "run", "model"),
    [
        ("last", "run-001", None),
        ("run-000", "run-000", None),
        (f"last:{FAST}", "run-001", FAST),
        ("run-000:smollm2-135m:1", "run-000", FAST),  # by its id, which has a colon of its own
    ],
)
def test_sides_are_found(out: Path, ref: str, run: str, model: str | None) -> None:
    side = find_side(out, ref)
    assert (side.record.id, side.model) == (run, model)


def test_a_folder_is_a_side_too(out: Path) -> None:
    assert find_side(out, f"{out / 'run-000'}:{SLOW}").model == SLOW


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("nothing", "no run 'nothing' in "),
        ("nothing:phi", "no run 'nothing' in "),
        ("run-00", "2 runs in "),
        ("last:qwen", "run run-001 has no model 'qwen'; it has smollm2-135m, phi-4-mini, broken"),
    ],
)
def test_sides_that_are_not_there(out: Path, ref: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_side(out, ref)


def test_a_run_against_another(out: Path) -> None:
    found = compare_sides(find_side(out, "run-000"), find_side(out, "run-001"))
    assert [(model.base, model.new) for model in found.models] == [(FAST, FAST), (SLOW, SLOW), ("broken", "broken")]
    assert [(one.what, one.base, one.new) for one in found.changes] == [("plan.max_tokens", 128, 64)]
    assert {one.verdict for one in found.models[0].differences if one.metric == "ttft_s"} == {"unclear"}
    assert found.models[2].differences == ()


def test_two_models_of_one_run(out: Path) -> None:
    found = compare_sides(find_side(out, f"last:{FAST}"), find_side(out, f"last:{SLOW}"))
    (model,) = found.models
    assert (model.base, model.new, found.only_base, found.only_new) == (FAST, SLOW, (), ())
    ttft = next(one for one in model.differences if one.name == "ttft_s.mean")
    assert (ttft.verdict, ttft.superiority, ttft.rounds) == ("worse", 0.0, 5)
    assert ttft.change == pytest.approx(0.21 / 0.09 - 1, rel=0.05)


def test_what_changed_between_machines_and_plans() -> None:
    run = make_run(environment={"cores": 2, "packages": {"numpy": "2.0"}, "process": {"pid": 1}})
    other = replace(
        run,
        environment={"cores": 4, "packages": {"numpy": "2.1"}, "process": {"pid": 2}},
        plan=replace(run.plan, rounds=9, prompts=run.plan.prompts[:1]),
    )
    assert changed_conditions(run, run) == ()
    assert {one.what: (one.base, one.new) for one in changed_conditions(run, other)} == {
        "cores": (2, 4),
        "numpy": ("2.0", "2.1"),
        "plan.rounds": (3, 9),
        "plan.prompts.explain": ("What is RAG?", None),
    }


def test_answers_by_their_hashes() -> None:
    base = [replace(one, text_sha256=one.prompt_id) for one in samples_of(FAST)]
    changed = [replace(one, text_sha256="other") if one.prompt_id == "explain" else one for one in base]
    varying = [replace(one, text_sha256=f"{one.round}" if one.round > 1 else one.prompt_id) for one in base]
    assert answers(base, base) == {"benefits": "same", "explain": "same"}
    assert answers(base, changed) == {"benefits": "same", "explain": "changed"}
    assert answers(base, varying) == {"benefits": "varies", "explain": "varies"}


def rate(path: Path, model: str, scores: dict[str, int], kind: Kind = "hand") -> None:
    for prompt, score in scores.items():
        rating = Rating(
            model=model,
            prompt_id=prompt,
            text_sha256="x",
            score=score,
            by="me",
            at=datetime(2026, 11, 22, tzinfo=UTC),
        )
        save_ratings(path, [rating], kind)


def test_scores_by_hand_and_by_judge_are_never_mixed(out: Path) -> None:
    rate(out / "run-000", FAST, {"benefits": 5, "explain": 4})
    rate(out / "run-001", FAST, {"benefits": 3, "explain": 3}, "judge")
    sides = find_side(out, f"run-000:{FAST}"), find_side(out, f"run-001:{FAST}")
    assert "quality" not in {one.name for one in compare_sides(*sides).models[0].readings}
    rate(out / "run-000", FAST, {"benefits": 4, "explain": 4}, "judge")
    (quality,) = (one for one in compare_sides(*sides).models[0].readings if one.name == "quality")
    assert (quality.base, quality.new, quality.ci95) == (4.0, 3.0, (-1.0, -1.0))


def test_scores_by_checks_can_be_gated(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rate(out / "run-000", FAST, {"benefits": 5, "explain": 5}, "check")
    rate(out / "run-001", FAST, {"benefits": 2, "explain": 2}, "check")
    argv = ["compare", f"run-000:{FAST}", f"run-001:{FAST}", "--out", str(out), "--fail-on", "quality<-0.5"]
    assert main(argv) == 1
    assert capsys.readouterr().err.startswith(f"FAILED: quality<-0.5, {FAST}: quality changed by -3")


def test_votes_are_told_of_two_models_of_one_run(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        save_vote(out / "run-001", make_vote(prompt_id=f"p{number}", left=FAST, right=SLOW))
    assert main(["compare", f"last:{SLOW}", f"last:{FAST}", "--out", str(out)]) == 0
    said = f"{FAST} wins 0 % against {SLOW} (95 % interval 0 % to 43 %, 5 prompts: "
    assert f"votes: {said}0 better, 0 alike, 0 both bad, 5 worse): not preferred" in capsys.readouterr().out
    assert main(["compare", "run-000", "run-001", "--out", str(out)]) == 0
    assert "votes:" not in capsys.readouterr().out
    assert main(["rank", "run-001", "--out", str(out)]) == 0
    assert (
        f"Votes, in no score: {SLOW} wins 100 % against {FAST} (95 % interval 57 % to 100 %" in capsys.readouterr().out
    )
    for command, key in (("rank", "votes"), ("rate", "votes")):
        assert main([command, "run-001", "--json", "--out", str(out)]) == 0
        told = json.loads(capsys.readouterr().out)[key][0]
        assert (told["prompts"], told["verdict"]) == (5, "preferred")


def test_the_gate_holds_and_fails(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["compare", f"last:{FAST}", f"last:{SLOW}", "--out", str(out)]
    assert main([*argv, "--fail-on", "decode_tokens_per_s.mean<-90%"]) == 0
    assert capsys.readouterr().err.startswith("passed: decode_tokens_per_s.mean<-90%, phi-4-mini: ")
    assert main([*argv, "--fail-on", "ttft_s.p95>10%", "--fail-on", "itl_s.p90>1"]) == 1
    said = capsys.readouterr()
    first, second = said.err.splitlines()
    assert first.startswith("FAILED: ttft_s.p95>10%, phi-4-mini: ttft_s.p95 changed by +1")
    assert second.startswith("passed: itl_s.p90>1, ")
    assert "TTFT p95" in said.out


def test_strict_fails_what_is_not_decided(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["compare", f"run-000:{FAST}", f"run-001:{FAST}", "--out", str(out), "--fail-on", "ttft_s.mean>0.01%"]
    assert main(argv) == 0
    assert capsys.readouterr().err.startswith("not decided: ttft_s.mean>0.01%")
    assert main([*argv, "--strict"]) == 1
    assert "fails, as --strict asks" in capsys.readouterr().err


def test_a_gate_fails_where_a_model_has_no_figures_or_is_gone(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record_run(out, minutes=2, models=(FAST,))
    assert main(["compare", "run-000", "last", "--out", str(out)]) == 0
    assert "only in BASE: phi-4-mini" in capsys.readouterr().out
    assert main(["compare", "run-000", "last", "--out", str(out), "--fail-on", "ttft_s.p95>900%"]) == 1
    said = capsys.readouterr().err
    assert "FAILED: phi-4-mini is in BASE and not in NEW" in said
    assert "FAILED: ttft_s.p95>900%, broken: ttft_s.p95 is not known on both sides" in said


def test_the_json_document(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["compare", f"run-000:{FAST}", "last", "--out", str(out), "--json", "--fail-on", "ttft_s.p95>10%"]
    assert main(argv) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["schema", "base", "new", "changes", "models", "only_base", "only_new"]
    model = document["models"][0]
    assert (document["schema"], model["base"]) == ("foundry-bench/compare/1", FAST)
    assert {"figure", "base", "new", "change", "ci95_change", "superiority", "verdict", "rounds_for_5_percent"} <= set(
        model["differences"][0]
    )
    assert [gate["gate"] for gate in model["gates"]] == ["ttft_s.p95>10%"]


def test_nothing_in_common(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"run-000:{FAST}", f"last:{SLOW}", "--out", str(out)]) == 0
    capsys.readouterr()
    assert main(["compare", f"run-000:{FAST}", "last", "--out", str(out)]) == 0
    assert "phi-4-mini" in capsys.readouterr().out


def test_what_went_on_meanwhile_is_told(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = out / "run-001" / "run.json"
    document = json.loads(path.read_text())
    document["models"][0]["warnings"] = [
        {"kind": "busy_machine", "metric": None, "message": "10 of 10 answers: other programs took processor time"},
        {"kind": "drift", "metric": "ttft_s", "message": "drifts over the 9 rounds"},
        {"kind": "few_for_p95", "metric": "ttft_s", "message": "too few"},
    ]
    path.write_text(json.dumps(document))
    assert main(["compare", f"run-000:{FAST}", f"last:{FAST}", "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "NEW: 10 of 10 answers: other programs took processor time\nNEW: TTFT: drifts over the 9 rounds\n" in said
    assert "too few" not in said
