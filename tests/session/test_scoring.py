"""Ranking recorded runs, by the library and by the command."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from factories import CREATED, make_plan
from foundry_bench.cli import main
from foundry_bench.session.preferences import read_preference
from foundry_bench.session.ratings import Kind, save_rating, save_ratings
from foundry_bench.session.reports import render
from foundry_bench.session.run_view import open_run
from foundry_bench.session.scoring import rank
from foundry_bench.session.store import Run
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.errors import InputError
from foundry_bench.values.preference import Preference, default_figures
from foundry_bench.values.ratings import Rating
from foundry_bench.values.reasons import decision, sentences
from foundry_bench.values.record import Memory
from recorded import record_run, result_of, samples_of

SOUND = "Local models answer at once, keep what is said on the device, and work where there is no network."
SPEED = Preference(weights={"latency": 1.0})


def record(out: Path, models: Mapping[str, dict[str, Any]], texts: Mapping[str, str] | None = None) -> Path:
    """A run of these models: changes of their results, and of their texts."""
    run = Run.create(out, make_plan(models=tuple(models)), {"cores": 2}, created=CREATED, run_id="run-000")
    for place, (name, changes) in enumerate(models.items()):
        samples = samples_of(name, rounds=5, seed=place, text=(texts or {}).get(name, SOUND))
        for sample in samples:
            run.append(sample)
        run.add_model(replace(result_of(name, samples), **changes))
    run.close("done")
    return run.path


def rate(path: Path, model: str, *scores: int, kind: Kind = "hand") -> None:
    for prompt, score in zip(("benefits", "explain", "three", "four", "five"), scores, strict=False):
        rating = Rating(
            model=model, prompt_id=prompt, text_sha256="x", score=score, by="me", at=datetime(2026, 11, 22, tzinfo=UTC)
        )
        save_ratings(path, [rating], kind)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return record(
        tmp_path / "runs",
        {
            "smollm2-135m": {"license": "MIT", "capabilities": ("chat",)},
            "phi-4-mini": {"license": "apache-2.0", "capabilities": ("chat", "Tools"), "memory": Memory(peak_mb=4000)},
        },
    )


def names(path: Path, preference: Preference = SPEED, **rules: Any) -> list[str]:
    card = rank(open_run(path.parent, path), preference, Rules(**rules)).card
    return [one.name for one in card.ranking] if card else []


def test_the_faster_one_leads(path: Path) -> None:
    ranking = rank(open_run(path.parent, path), SPEED, Rules())
    assert ranking.card
    first, second = ranking.card.ranking
    assert (first.name, first.wins, ranking.card.decided) == ("smollm2-135m", 1.0, True)
    assert second.score == pytest.approx(0.146 / 0.498, rel=0.05)
    assert second.ci95
    assert second.ci95[0] < second.score < second.ci95[1]


def test_quality_turns_it_and_says_at_which_weight(path: Path) -> None:
    rate(path, "smollm2-135m", 1, 1, 2, 1, 1)
    rate(path, "phi-4-mini", 5, 5, 4, 5, 5)
    assert names(path) == ["smollm2-135m", "phi-4-mini"]
    rated = Preference(weights={"latency": 0.2, "quality": 0.8})
    card = rank(open_run(path.parent, path), rated, Rules()).card
    assert card
    assert (card.ranking[0].name, card.decided) == ("phi-4-mini", True)
    (flip,) = (flip for flip in card.flips if flip.criterion == "quality")
    assert (flip.winner, flip.below) == ("smollm2-135m", True)
    assert 0.3 < flip.weight < 0.5


def test_a_fast_one_that_says_nonsense_is_out_and_every_format_says_what_it_would_take(tmp_path: Path) -> None:
    path = record(tmp_path / "runs", {"smollm2-135m": {}, "phi-4-mini": {}}, {"smollm2-135m": "and so, " * 40})
    rate(path, "smollm2-135m", 1, 1, 2, 1, 1)
    rate(path, "phi-4-mini", 5, 5, 4, 5, 5)
    view = open_run(path.parent, path)
    (document,) = json.loads(render([view], "json"))["decisions"]
    assert document["weights_file"] is None
    fastest = next(line for line in render([view], "md").splitlines() if line.startswith("- **TTFT mean**"))
    assert fastest.startswith("- **TTFT mean**: smollm2-135m (out: degenerate output) with ")
    let_in, against, flips = document["reasons"][-3:]
    assert let_in.startswith("With smollm2-135m let in all the same ('--accept-degenerate'), ")
    assert "quality" in against
    assert "quality weighs " in flips
    for name in ("md", "html"):
        said = unescape(render([view], name)).replace("\\", "")
        assert all(line in said for line in (document["decision"], let_in, against, flips))


def test_a_report_decides_by_a_file_of_weights_and_names_it(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ours.toml"
    file.write_text("footprint = 1\n")
    assert main(["report", str(path), "--weights", str(file)]) == 0
    by = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("- **By**"))
    assert "footprint 1.00" in by
    assert f"the weights of {file}" in by.replace("\\", "")
    assert main(["report", str(path), "--weights", str(file), "--format", "json"]) == 0
    (document,) = json.loads(capsys.readouterr().out)["decisions"]
    assert document["weights_file"] == str(file)
    assert list(document["scorecard"]["weights"]) == ["footprint"]
    assert main(["report", str(path), "--weights", "no.toml"]) == 2


@pytest.mark.parametrize("rated", [1, 2, 4, 5])
def test_few_rated_prompts_decide_nothing(path: Path, rated: int) -> None:
    rate(path, "smollm2-135m", *[5] * rated)
    rate(path, "phi-4-mini", *[4] * rated)
    preference = Preference(weights={"quality": 1.0})
    ranking = rank(open_run(path.parent, path), preference, Rules())
    assert ranking.card
    said = [decision(ranking.card), *sentences(ranking.card, default_figures(), ranking.quality)]
    assert ranking.card.decided is (rated >= 5)
    assert ranking.card.to_rate == 5 - rated
    assert ("No decision: smollm2-135m is first in 100 % of the resamples, but too few prompts are rated." in said) is (
        rated < 5
    )
    number = f"{5 - rated} more prompt{'' if rated == 4 else 's'}"
    wanted = f"Rate at least {number}: quality decides from 5 prompts on, scored for all models."
    assert (wanted in said) is (rated < 5)


def test_scores_of_different_prompts_decide_nothing(path: Path) -> None:
    rate(path, "smollm2-135m", 5)
    at = datetime(2026, 11, 22, tzinfo=UTC)
    save_rating(path, Rating(model="phi-4-mini", prompt_id="explain", text_sha256="x", score=1, by="me", at=at))
    card = rank(open_run(path.parent, path), Preference(), Rules()).card
    assert card
    assert (card.decided, card.to_rate) == (False, 5)


def test_scores_of_one_kind_for_all(path: Path) -> None:
    rate(path, "smollm2-135m", 5, 5)
    only = rank(open_run(path.parent, path), Preference(), Rules())
    assert only.card
    assert only.unrated == ("phi-4-mini",)
    assert "quality" not in only.card.weights
    rate(path, "smollm2-135m", 2, 2, kind="judge")
    rate(path, "phi-4-mini", 3, 3, kind="judge")
    both = rank(open_run(path.parent, path), Preference(), Rules())
    assert both.card
    assert {one.name: one.figures["quality"] for one in both.card.ranking} == {"smollm2-135m": 2.0, "phi-4-mini": 3.0}


def test_checks_stand_for_quality_where_nobody_scored_all_and_that_is_said(path: Path) -> None:
    for model, score in (("smollm2-135m", 1), ("phi-4-mini", 5)):
        rate(path, model, score, score, kind="check")
    ranking = rank(open_run(path.parent, path), Preference(), Rules())
    assert ranking.card
    assert ranking.card.ranking[0].figures["quality"] == 5.0
    assert "Quality is the mean score by checks over 2 prompts." in sentences(
        ranking.card, default_figures(), ranking.quality
    )
    rate(path, "smollm2-135m", 4, 4)
    said = list(
        sentences(ranking.card, default_figures(), rank(open_run(path.parent, path), Preference(), Rules()).quality)
    )
    assert "Scores by hand don't count: phi-4-mini has none." in said
    rate(path, "phi-4-mini", 3)
    by_hand = rank(open_run(path.parent, path), Preference(), Rules())
    assert by_hand.card
    assert {one.figures["quality"] for one in by_hand.card.ranking} == {4.0, 3.0}
    assert "Quality is the mean score by hand over 1 prompt." in sentences(
        by_hand.card, default_figures(), by_hand.quality
    )


@pytest.mark.parametrize(
    ("rules", "left"),
    [
        ({"licenses": ("mit",)}, ["smollm2-135m"]),
        ({"licenses": ("MIT", "Apache-2.0")}, ["smollm2-135m", "phi-4-mini"]),
        ({"licenses": ("GPL-3.0-only",)}, []),
        ({"capabilities": ("tools",)}, ["phi-4-mini"]),
        ({"capabilities": ("chat", "vision")}, []),
    ],
)
def test_gates(path: Path, rules: dict[str, Any], left: list[str]) -> None:
    assert names(path, **rules) == left


@pytest.mark.parametrize(
    ("license_id", "allowed"),
    [("Apache-2.0 OR GPL-2.0", True), ("mit AND apache-2.0", True), ("MIT AND GPL-2.0", False), (None, False)],
)
def test_spdx_expressions(tmp_path: Path, license_id: str | None, *, allowed: bool) -> None:
    path = record(tmp_path, {"smollm2-135m": {"license": license_id}})
    assert bool(names(path, licenses=("MIT", "Apache-2.0"))) is allowed


def test_degenerate_output_cannot_win(tmp_path: Path) -> None:
    models: dict[str, dict[str, Any]] = {"smollm2-135m": {}, "phi-4-mini": {}}
    path = record(tmp_path, models, {"smollm2-135m": "and so on " * 12})
    ranking = rank(open_run(path.parent, path), SPEED, Rules())
    assert ranking.refused == {"smollm2-135m": "degenerate output: answers ending in a loop for 2 of 2 prompts"}
    assert ranking.accepting
    assert ranking.accepting.ranking[0].name == "smollm2-135m"
    assert names(path, degenerate=True) == ["smollm2-135m", "phi-4-mini"]


def test_what_was_not_measured_is_out_with_its_reason(tmp_path: Path) -> None:
    ranking = rank(open_run(tmp_path, record_run(tmp_path)), SPEED, Rules())
    assert ranking.refused == {"broken": "not measured: the file is [bold]truncated[/]\x1b[2J"}


def test_memory_that_one_lacks_is_left_out(tmp_path: Path) -> None:
    path = record(tmp_path, {"smollm2-135m": {}, "phi-4-mini": {"memory": Memory()}})
    card = rank(open_run(path.parent, path), Preference(), Rules()).card
    assert card
    assert card.left_out == {"memory": ("phi-4-mini",), "quality": ("smollm2-135m", "phi-4-mini")}
    assert sum(card.weights.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("name", "text", "weights"),
    [
        ("w.toml", 'latency = 3\nquality = 1\n[figures]\nlatency = "ttft_s.p95"\n', {"latency": 3.0, "quality": 1.0}),
        ("w.json", '{"memory": 0.5, "footprint": 0}', {"memory": 0.5, "footprint": 0.0}),
    ],
)
def test_files_of_weights(tmp_path: Path, name: str, text: str, weights: dict[str, float]) -> None:
    file = tmp_path / name
    file.write_text(text)
    found = read_preference(file)
    assert found.weights == weights
    assert found.figures["latency"] == ("ttft_s.p95" if name == "w.toml" else "latency_s.mean")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("w.yaml", "latency: 1", "must be a .toml or .json file"),
        ("w.json", "[1]", "the file must be an object of weights, not a list"),
        ("w.json", "{", "line 1 column 2"),
        ("w.json", '{"latncy": 1}', "did you mean 'latency'"),
        ("w.json", '{"latency": -1}', "latency must be a number of at least 0, not -1"),
        ("w.json", '{"latency": "high"}', "latency must be a number of at least 0, not 'high'"),
        ("w.json", '{"latency": 0}', "no criterion weighs anything"),
        ("w.json", "{}", "no criterion weighs anything"),
        ("w.json", '{"latency": 1, "figures": {"memory": "x"}}', "known are latency, throughput"),
        ("w.json", '{"latency": 1, "figures": {"latency": "speed"}}', "no figure 'speed'"),
        (
            "w.json",
            '{"latency": 1, "figures": {"latency": "decode_tokens_per_s.mean"}}',
            "a figure of which the lower is better",
        ),
    ],
)
def test_files_that_are_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_preference(file)
    assert str(refused.value).startswith(f"{file}: ")
    assert said in str(refused.value)


def test_the_command(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rate(path, "smollm2-135m", 2, 1)
    rate(path, "phi-4-mini", 5, 4)
    assert main(["rank", "last", "--out", str(path.parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[2].split()) == ("Model Score 95 % interval First Latency Throughput Memory Quality Footprint")
    assert any("leads where" in line for line in lines)
    assert main(["rank", "last", "--out", str(path.parent), "--capability", "vision"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "No decision: no model can be chosen.",
        "Out: smollm2-135m: no capability vision.",
        "Out: phi-4-mini: no capability vision.",
    ]


def test_the_json_document(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = path.parent / "w.json"
    weights.write_text('{"latency": 1}')
    assert main(["rank", "last", "--out", str(path.parent), "--json", "--weights", str(weights)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["schema"], document["winner"]) == ("foundry-bench/rank/1", "smollm2-135m")
    assert document["decision"] == "Choose smollm2-135m: it is first in 100 % of the resamples."
    assert [one["name"] for one in document["scorecard"]["ranking"]] == ["smollm2-135m", "phi-4-mini"]


def test_routing_for_an_application(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = path.parent / "routing.json"
    assert main(["rank", "last", "--out", str(path.parent), "--routing", str(file)]) == 0
    assert capsys.readouterr().err == f"wrote {file}\n"
    routing = json.loads(file.read_text())
    assert list(routing["capabilities"]) == ["chat", "Tools"]
    assert [one["model"] for one in routing["capabilities"]["chat"]["fallbacks"]] == ["phi-4-mini"]
    tools = routing["capabilities"]["Tools"]
    assert (tools["chosen"]["model"], tools["decided"], tools["fallbacks"]) == ("phi-4-mini", True, [])
    assert tools["refused"] == {"smollm2-135m": "no capability Tools"}
    assert routing["default"]["chosen"]["figures"]["latency"] == pytest.approx(0.146, rel=0.05)


def test_the_rounds_that_are_told_are_those_that_were_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = record(tmp_path, {"smollm2-135m": {}, "phi-4-mini": {}})
    run = Run.resume(path)
    run.record = replace(run.record, plan=replace(run.record.plan, rounds=1000, until="5%"))
    run.close("done")
    assert main(["rank", str(path)]) == 0
    assert "First: the share of 2,000 resamples of 5 rounds in which it leads." in capsys.readouterr().out
