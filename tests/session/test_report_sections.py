"""Beside the headlines: each section's figures are the same in every format that holds them."""

import csv
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from factories import CREATED, make_metrics, make_model, make_plan, make_run, make_sample, make_view
from foundry_bench.session.formats import FORMATS, NAMES
from foundry_bench.session.judge_log import JUDGE_FILE, Verdict
from foundry_bench.session.ratings import save_rating, save_ratings
from foundry_bench.session.reports import render
from foundry_bench.session.run_view import RunView, open_run
from foundry_bench.session.store import Run
from foundry_bench.session.trends import unlike
from foundry_bench.values.changes import changed_conditions
from foundry_bench.values.energy import Rates, energy
from foundry_bench.values.fleet import HostRecord, on_host
from foundry_bench.values.format import figure, joules, mean_with_interval, money, percent, rate, seconds, watts
from foundry_bench.values.metrics import METRICS
from foundry_bench.values.pairs import Said
from foundry_bench.values.plan import Sweep
from foundry_bench.values.ratings import Rating
from foundry_bench.values.record import Failure
from foundry_bench.values.result import Counts, LevelResult, ModelResult
from foundry_bench.values.stats import Distribution
from foundry_bench.values.summary import summarize
from foundry_bench.values.telemetry import MeterUse, Telemetry
from report_reading import markdown_tables, page

MODELS = {"quick": 0.1, "slow": 0.3}
# The quick one stands first, then second.
JUDGED: Mapping[str, tuple[Said, Said]] = {"a": ("A", "B"), "b": ("A", "A"), "c": ("tie", "tie")}


def measured(name: str, pace: float) -> tuple[list[Any], ModelResult]:
    """Answers that begin slowly, drift and come in two groups, and what the product makes of them."""
    samples = []
    for number in range(1, 25):
        for prompt in JUDGED:
            first = pace / 20 * (1 + number / 10) * (5 if number == 1 else 1)
            times = {"ttft_s": first, "ttfa_s": first, "latency_s": pace * (3 if number % 2 else 1)}
            words = {"text": f"{name} on {prompt}", "text_sha256": f"{name}-{prompt}"}
            samples.append(make_sample(model=name, prompt_id=prompt, round=number, **times, **words))
    found = summarize(samples, name, temperature=0.0)
    used = Telemetry(
        seconds=10.0,
        answers=72,
        completion_tokens=900,
        cpu_percent=40.0 + pace,
        meters=(MeterUse(kind="cpu", name="package-0", joules=1000 * pace, idle_w=2.0),),
    )
    level = LevelResult(
        level="concurrency=4",
        concurrency=4,
        prompt_tokens=20.0,
        counts=Counts(ok=3, error=1),
        metrics=make_metrics(),
        total_tokens_per_s=1000 * pace,
        error=Failure(type="http", message="full"),
    )
    model = make_model(
        name=name,
        client_openai=None,
        cold_ttft_s=7 * pace,
        telemetry=used,
        energy=energy(used, "CPU", None, Rates(price_per_kwh=0.3, currency="EUR")),
        sweep=(level, replace(level, level="concurrency=1", concurrency=1, error=None)),
        **{
            part: getattr(found, part)
            for part in ("metrics", "per_prompt", "outliers", "workshop", "counts", "warnings")
        },
    )
    return samples, model


def record(out: Path) -> RunView:
    """A run on disk with all of that, scored by hand and by judge, and compared in pairs."""
    plan = make_plan(models=tuple(MODELS), sweep=Sweep(concurrency=(1, 4)))
    run = Run.create(out, plan, {"cores": 2}, created=CREATED, run_id="run-000")
    for name, pace in MODELS.items():
        samples, model = measured(name, pace)
        for sample in samples:
            run.append(sample)
        run.append(make_sample(model=name, phase="sweep", level="concurrency=4"))
        run.add_model(model)
    run.close("done")
    for place, prompt in enumerate(JUDGED):
        for name in MODELS:
            rating = Rating(
                model=name,
                prompt_id=prompt,
                text_sha256=f"{name}-{prompt}",
                score=2 + place,
                by="ada",
                at=CREATED,
            )
            save_rating(run.path, rating)
            save_ratings(run.path, [replace(rating, score=min(5, 3 + 2 * place), by="phi-4")], "judge")
    (run.path / JUDGE_FILE).write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in verdicts()))
    return open_run(out, run.path)


def verdicts() -> list[Verdict]:
    texts = {prompt: (f"quick-{prompt}", f"slow-{prompt}") for prompt in JUDGED}
    return [
        Verdict(
            at=CREATED,
            judge="phi-4",
            kind="pair",
            question=f"{prompt}-{place}",
            prompt_id=prompt,
            texts=texts[prompt][:: -1 if place else 1],
            attempt=1,
            answer="{}",
            better=better,
        )
        for prompt, both in JUDGED.items()
        for place, better in enumerate(both)
    ]


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    view = record(tmp_path_factory.mktemp("sections"))
    assert view.problem is None
    return {name: render([view], name) for name in FORMATS}


def in_json(documents: Mapping[str, str]) -> Any:
    return json.loads(documents["json"])


def in_csv(documents: Mapping[str, str], name: str = "csv") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(documents[name], newline="")))


def in_tables(documents: Mapping[str, str], title: str) -> list[dict[str, str]]:
    """The table's rows, which Markdown and the page have alike."""
    plain = markdown_tables(documents["md"])[title]
    drawn = [{name.split("±")[0]: cell for name, cell in row.items()} for row in page(documents["html"]).tables[title]]
    assert plain == drawn
    return plain


@pytest.mark.parametrize(
    ("heading", "part", "shown"),
    [
        ("Power", "mean_w", watts),
        ("J/token", "joules_per_token", joules),
        ("Above idle", "joules_per_token_above_idle", joules),
        ("J/answer", "joules_per_answer", joules),
        ("Cost/M tokens", "cost_per_million_tokens", lambda cost: money(cost, "EUR")),
    ],
)
def test_energy_and_cost(documents: Mapping[str, str], heading: str, part: str, shown: Any) -> None:
    told = [shown(model["energy"][part]) for model in in_json(documents)["runs"][0]["models"]]
    rows = in_tables(documents, "Energy, and use of this machine while measuring")
    assert told == [row[heading] for row in rows]
    assert told == [shown(float(row[f"energy.{part}"])) for row in in_csv(documents)]
    assert {row["Energy is"] for row in rows} == {"measured: package-0"}
    assert {row["energy.source"] for row in in_csv(documents)} == {"measured"}
    assert len(set(told)) == len(MODELS)


def test_preference_in_pairs(documents: Mapping[str, str]) -> None:
    """Of three comparisons one is won both ways round, one hangs on the place, one is a tie."""
    parts = {"Won": "wins", "Tied": "alike", "Lost": "losses", "Undecided": "undecided", "Prompts": "prompts"}
    (told,) = in_json(documents)["preferences"]
    assert (told["model"], told["against"], told["share"]) == ("quick", "slow", 0.75)
    assert [told[part] for part in parts.values()] == [1, 1, 0, 1, 2]
    (row,) = in_tables(documents, "Preference between two answers, by judge")
    assert [row[heading] for heading in parts] == [str(told[part]) for part in parts.values()]
    assert (row["Win rate"], row["95 % interval"]) == ("75 %", " to ".join(map(percent, told["ci95"])))
    quick, slow = in_csv(documents)
    for part in (*parts.values(), "share"):
        assert float(quick[f"preference.{part}"]) == told[part]
    assert (float(slow["preference.losses"]), float(slow["preference.share"])) == (1, 0.25)


def test_agreement_of_raters(documents: Mapping[str, str]) -> None:
    (told,) = in_json(documents)["agreements"]
    (row,) = in_tables(documents, "Agreement of raters")
    assert (told["first"], told["second"], told["n"]) == ("ada", "phi-4 (judge)", 6)
    assert (row["n"], row["kappa"], row["Same score"]) == ("6", f"{told['kappa']:.2f}", percent(told["same"]))


def test_a_sweep(documents: Mapping[str, str]) -> None:
    told = [(model["name"], level) for model in in_json(documents)["runs"][0]["models"] for level in model["sweep"]]
    assert len(told) == 4
    for (name, level), row in zip(told, in_tables(documents, "Sweep"), strict=True):
        assert (row["Model"], row["Level"]) == (name, level["level"].replace("=", " "))
        assert (row["ok"], row["Failed"]) == ("3", "1")
        assert row["All answers"] == rate(level["total_tokens_per_s"])
        latency = msgspec.convert(level["metrics"]["latency_s"], Distribution)
        assert row["Latency mean"] == mean_with_interval(latency, METRICS["latency_s"].unit)
        assert row["First failure"] == (level["error"] or {"message": ""})["message"]
    assert {row["level"] for row in in_csv(documents, "samples.csv") if row["phase"] == "sweep"} == {"concurrency=4"}
    assert "under load</h4>" in documents["html"]


def test_cautions_and_cold_starts(documents: Mapping[str, str]) -> None:
    """Drift, two groups, a slow first round; and how long the first answer took after the load."""
    found = page(documents["html"]).lists
    models = in_json(documents)["runs"][0]["models"]
    kinds = {one["kind"] for model in models for one in model["warnings"]}
    assert kinds >= {"slow_first_round", "drift", "bimodal"}
    for model, row in zip(models, in_csv(documents), strict=True):
        said = [text for about, text in found["Cautions"] if about == model["name"]]
        for one in model["warnings"]:
            assert any(text.endswith(one["message"]) for text in said), one
            assert one["message"] in documents["md"].replace("\\", "")
        cold = f"first answer's first token after {seconds(model['cold_ttft_s'])}"
        assert cold in dict(found["Method"])[model["name"]]
        assert cold in documents["md"]
        assert float(row["cold_ttft_s"]) == model["cold_ttft_s"]


def test_hosts() -> None:
    hosts = tuple(HostRecord(name=name, address=f"tcp://{name}:1", status="done") for name in ("lab-1", "lab-2"))
    rows = tuple(
        make_model(name=on_host("phi", host.name), host=host.name, metrics=measured("phi", pace)[1].metrics)
        for host, pace in zip(hosts, (0.1, 0.4), strict=True)
    )
    view = make_view(make_run(plan=make_plan(models=("phi",)), models=rows, hosts=hosts))
    documents = {name: render([view], name) for name in NAMES}
    (told,) = in_json(documents)["hosts"]
    assert len(told["matrix"]) == 3
    cells = {row["host"]: row for row in in_csv(documents)}
    for one, row in zip(told["matrix"], in_tables(documents, "By host"), strict=True):
        unit = METRICS[one["figure"].partition(".")[0]].unit
        for host, value in one["values"].items():
            assert row[host] == figure(value, unit) == figure(_number(cells[host][one["figure"]]), unit)
        if one["worst"]:
            assert row["Worst"].endswith(f" on {one['worst']}")


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def test_what_differs_between_runs_is_told_as_compare_tells_it() -> None:
    plan = make_plan(rounds=9, prompts=(replace(make_plan().prompts[0], prompt="Why not?"), make_plan().prompts[1]))
    one, other = make_run(), make_run(plan=plan, environment={"cores": 4, "process": {"pid": 2}})
    told = unlike([make_view(one), make_view(other)])
    assert {"rounds: 3, 9", "cores: 2, 4", "prompts.benefits"} < set(told)
    assert len(told) == len(changed_conditions(one, other))
