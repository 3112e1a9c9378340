"""The commands on recorded runs: what each does, takes and is good for."""

from collections.abc import Sequence

from foundry_bench.parser import (
    Checked,
    Commands,
    Parser,
    add_adapters,
    add_json,
    add_path,
    add_runs_folder,
    add_runtime,
    add_settings,
)
from foundry_bench.session.formats import NAMES


def _report(parser: Parser) -> None:

    parser.add_argument(
        "runs", nargs="+", metavar="RUN", help="id or folder of a recorded run, or 'last': the newest that has answers"
    )
    parser.add_argument("--format", choices=NAMES, default="md", help="what to write (default: md)")
    parser.add_argument("--samples", action="store_true", help="with csv: one row per request instead of one per model")
    add_path(parser, "--weights", metavar="FILE", help="choose by a file of weights, as 'rank' has it")
    add_path(parser, "-o", "--output", metavar="FILE", help="file or folder to write to (default: stdout)")
    add_runs_folder(parser)


def _compare(parser: Parser) -> None:
    from foundry_bench.values.gates import parse_gate

    side = "a run (id, folder, 'last'), or one model of it as RUN:MODEL"
    parser.add_argument("base", metavar="BASE", help=f"what to compare with: {side}")
    parser.add_argument("new", metavar="NEW", help="what is compared: the same")
    parser.add_argument(
        "--fail-on",
        action=Checked,
        read=lambda texts, _: tuple(map(parse_gate, texts)),
        metavar="EXPR",
        help="gate on the change from BASE to NEW, such as 'ttft_s.p95>10%%'; repeatable",
    )
    parser.add_argument("--strict", action="store_true", help="a gate that the data can't decide fails too")
    add_runs_folder(parser)
    add_json(parser, "the comparison")


def _rank(parser: Parser) -> None:

    from foundry_bench.session.fields import NAME

    def named(texts: Sequence[str], name: str) -> object:
        return tuple(NAME.read([text], name) for text in texts)

    parser.add_argument(
        "run", metavar="RUN", help="id or folder of a recorded run, or 'last': the newest that has answers"
    )
    add_path(parser, "--weights", metavar="FILE", help="TOML or JSON file of weights (see below)")
    parser.add_argument(
        "--allow", action=Checked, read=named, metavar="SPDX", help="licence that may be chosen; repeatable"
    )
    parser.add_argument(
        "--capability", action=Checked, read=named, metavar="NAME", help="what it must be able to do; repeatable"
    )
    parser.add_argument("--accept-degenerate", action="store_true", help="let models win whose answers are degenerate")
    add_path(parser, "--routing", metavar="FILE", help="also write the choice by capability, as JSON")
    add_runs_folder(parser)
    add_json(parser, "the scorecard")


def _rate(parser: Parser) -> None:

    from foundry_bench.session.fields import NAME, NATURAL

    parser.add_argument(
        "run", metavar="RUN", help="id or folder of a recorded run, or 'last': the newest that has answers"
    )
    parser.add_argument("--rater", action=Checked, read=NAME.read, metavar="NAME", help="who rates (default: you)")
    either = parser.add_mutually_exclusive_group()
    add_path(either, "--export", metavar="FILE", help="write a sheet to fill in: .csv or .json, without models' names")
    add_path(
        either, "--import", dest="sheet", metavar="FILE", help="record the scores of a filled-in sheet, all or none"
    )
    either.add_argument("--check", action="store_true", help="score the answers by the checks of their facets")
    either.add_argument("--agreement", action="store_true", help="show how far raters and judges agree")
    parser.add_argument(
        "--seed", action=Checked, read=NATURAL.read, metavar="N", help="with --export: seed of the rows' order"
    )
    add_runs_folder(parser)
    add_json(parser, "the scores and the agreement, instead of the screen,")


def _judge(parser: Parser) -> None:

    from foundry_bench.session.fields import COUNT, NAME

    parser.add_argument(
        "run", metavar="RUN", help="id or folder of a recorded run, or 'last': the newest that has answers"
    )
    parser.add_argument(
        "--judge-model",
        action=Checked,
        read=NAME.read,
        required=True,
        metavar="M",
        help="who judges: alias, id, ENDPOINT:ID or ADAPTER:WEIGHTS",
    )
    add_path(parser, "--judge-prompt", metavar="FILE", help="what makes an answer good, in your words")
    parser.add_argument("--pairwise", action="store_true", help="compare the models' answers in pairs, both ways round")
    parser.add_argument(
        "--max-tokens",
        action=Checked,
        read=COUNT.read,
        metavar="N",
        help="longest verdict, in tokens (default: 512)",
    )
    add_settings(
        parser, "endpoint", "timeout", "concurrency", endpoint="OpenAI-compatible service that has the judge's model"
    )
    add_runtime(parser)
    add_adapters(parser)
    add_runs_folder(parser)
    add_json(parser, "the scores, the agreement and what could not be judged")


def _history(parser: Parser) -> None:
    add_settings(parser, "out")
    add_json(parser, "the runs")


_SCALE = "Scores: 1 bad, 2 poor, 3 fair, 4 good, 5 excellent."

RESULTS: Commands = {
    "report": (
        "write a report from recorded runs",
        _report,
        """foundry-bench report last -o benchmark_report.md
foundry-bench report last --format html -o report.html
foundry-bench report RUN1 RUN2 --format csv -o runs.csv
foundry-bench report last --format csv --samples -o samples.csv

Several runs are put in the order of their dates, and what changed from run to run stands first.""",
    ),
    "compare": (
        "show the difference of two runs or two models, and fail on a regression",
        _compare,
        """foundry-bench compare RUN1 RUN2
foundry-bench compare last:phi-4-mini last:qwen2.5-0.5b
foundry-bench compare main-run last --fail-on 'ttft_s.p95>10%'
foundry-bench compare main-run last --fail-on 'decode_tokens_per_s.mean<-5%'

A gate is FIGURE>LIMIT or FIGURE<LIMIT. It is about the change from BASE to NEW: in percent, or without % in the
figure's own unit (seconds, tokens/s, MB, points). FIGURE is METRIC.STATISTIC (such as latency_s.mean, itl_s.p95),
or load_s, cold_ttft_s, disk_mb, memory.peak_mb, quality, changed_answers, failed_requests.
  FAILED       the change is beyond the limit and its 95 % interval leaves out 0, or the figure is missing
  passed       the whole interval lies within the limit
  not decided  all else: says how many rounds would tell, and doesn't fail without --strict
What is read once or counted (from load_s on, but for quality) has no interval: its value decides.
With --fail-on the exit code is 1 where a gate fails or NEW lacks a model of BASE; the reasons are on stderr.""",
    ),
    "rank": (
        "choose a model: the selection scorecard of a run",
        _rank,
        """foundry-bench rank last
foundry-bench rank last --weights weights.toml --capability chat
foundry-bench rank last --allow MIT --allow Apache-2.0
foundry-bench rank last --routing routing.json

A file of weights; what it doesn't name weighs nothing, and only the proportions count:
  quality = 0.45      # mean score of 1 to 5: by hand, or else by judge, or else by checks, of one kind for all
  latency = 0.25      # latency_s.mean
  throughput = 0.15   # decode_tokens_per_s.mean
  memory = 0.1        # memory.peak_mb
  footprint = 0.05    # disk_mb
  [figures]           # others for latency and throughput, such as
  latency = "ttft_s.p95"
These are the defaults: the mean of all weights that keep this order of importance (a wrong answer is of no use
however soon it comes, then people wait for it, then read along; memory and disk come last).
The score is the product of (ratio to the best) ** weight over the criteria, at most 1.
A model is chosen where it is first in 95 % of the resamples of rounds and rated prompts, and where 5 prompts or
more are rated if quality counts; otherwise there is no decision. Exit code 1 where no model can be chosen at all.""",
    ),
    "rate": (
        "rate answers by hand, blind, on the screen or in a sheet; check them",
        _rate,
        f"""foundry-bench rate last
foundry-bench rate last --export sheet.csv
foundry-bench rate last --import sheet.csv --rater ada
foundry-bench rate last --agreement

{_SCALE}
A sheet has one row per answer and facet; equal texts are one answer. Fill in the column 'score', leave empty what you
don't rate. An import that is repeated changes nothing; a corrected sheet replaces that rater's scores.
--check scores facets that a program can check: 1 + 4 x the share of the checks that are met. 'rank' takes the scores
by hand for quality; where not all models have them those by judge; and else those by checks. It says which.
Agreement is Cohen's kappa with quadratic weights: 1 is full agreement, 0 no more than by chance.""",
    ),
    "judge": (
        "have a model judge the answers of a run",
        _judge,
        f"""foundry-bench judge last --judge-model phi-4
foundry-bench judge last --judge-model gpt-oss-20b -e http://lab:5273 --json
foundry-bench judge last --judge-model phi-4 --pairwise

{_SCALE}
The judge isn't told who wrote an answer, is asked at temperature 0, and up to three times where its verdict can't be
used. All it says is kept in the run's judge.jsonl; what is judged already isn't asked again. An answer may try to
steer its judge: it is marked as data, which makes that less likely and can't rule it out. Exit code 1 where answers
stay without a verdict.""",
    ),
    "history": (
        "list the recorded runs",
        _history,
        """foundry-bench history
foundry-bench history --out elsewhere --json

The newest stands first. 'run --resume last' takes it; for report, rank, rate, judge and compare 'last' is the newest
run that has answers.""",
    ),
}
