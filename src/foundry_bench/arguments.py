"""The commands: what each does, takes and is good for."""

import argparse
from collections.abc import Callable, Sequence

from foundry_bench.parser import Checked, Parser, add_adapters, add_json, add_settings


def _run(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FIELDS, SCREEN
    from foundry_bench.session.inputs import read_prompts

    parser.add_argument("plan", nargs="?", type=Path, metavar="PLAN", help="a .toml plan, or a models.json")
    add_settings(parser, "models")
    either = parser.add_mutually_exclusive_group()
    add_settings(either, "prompts")
    either.add_argument(
        "--prompts",
        action=Checked,
        read=lambda texts, _: read_prompts(Path(texts[-1])),
        metavar="FILE",
        help="JSON list of prompts",
    )
    add_settings(parser, *(name for name in FIELDS if name not in {"models", "prompts", *SCREEN}))
    add_adapters(parser)
    parser.add_argument("--resume", metavar="RUN", help="go on with a recorded run: measure what it still lacks")
    add_json(parser, "the finished run.json")


def _models(parser: Parser) -> None:
    from foundry_bench.session.fields import SECONDS

    parser.add_argument("--filter", metavar="TEXT", help="only models whose alias or id holds the text")
    parser.add_argument("--cached", action="store_true", help="only models that are on the disk")
    parser.add_argument(
        "--wait",
        action=Checked,
        read=SECONDS.read,
        default=10.0,
        metavar="S",
        help="longest wait for a catalog that doesn't answer, in seconds (default: 10)",
    )
    add_settings(parser, "endpoint", *_RUNTIME)
    add_json(parser, "the models")


_RUNTIME = ("foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir")


def _models_action(parser: Parser, *, names: str = "+", services: bool = True) -> None:
    named = "alias, id (name:version), ENDPOINT:ID, or model of your own"
    parser.add_argument(
        "names", nargs=names, metavar="NAME", help=named if services else named.replace(" ENDPOINT:ID,", "")
    )
    add_settings(parser, *(("endpoint",) if services else ()), *_RUNTIME)


def _variant(parser: Parser) -> None:
    parser.add_argument("--device", choices=("cpu", "gpu", "npu"), help="only a variant for this device")
    parser.add_argument("--ep", metavar="NAME", help="only a variant for this execution provider, such as cuda")


def _models_download(parser: Parser) -> None:
    _models_action(parser)
    _variant(parser)
    add_json(parser, "what became of each")


def _models_load(parser: Parser) -> None:
    _models_action(parser)
    _variant(parser)
    parser.add_argument("--once", action="store_true", help="unload again at once: tells only whether and how it loads")
    parser.add_argument(
        "--fit-check",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="refuse a model that can't fit in memory",
    )
    add_json(parser, "what was loaded, once it is loaded,")


def _models_unload(parser: Parser) -> None:
    _models_action(parser)
    add_json(parser, "what was unloaded")


def _models_remove(parser: Parser) -> None:
    _models_action(parser, names="*", services=False)
    parser.add_argument("--partial", action="store_true", help="remove what unfinished downloads left")
    parser.add_argument("-y", "--yes", action="store_true", help="don't ask")
    add_json(parser, "what was removed")


def _import(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import COUNT, DEVICE, NAME, PRECISION, natural

    text = "an ONNX Runtime GenAI folder, a .gguf file, or a Hugging Face folder"
    parser.add_argument("path", type=Path, metavar="PATH", help=text)
    for option, rule, text in (
        ("--name", NAME, "name of the model (default: the file's or folder's)"),
        ("--context", COUNT, "cap of the context in tokens; a smaller one takes less memory (default: the model's)"),
        ("--accuracy-level", natural("from 0 to 4", 0, 4), "of int4 products: 1 is the most exact, 4 the fastest"),
        ("--precision", PRECISION, "of the weights built from a Hugging Face folder (default: int4)"),
        ("--device", DEVICE, "that these are built for (default: cpu)"),
    ):
        parser.add_argument(option, action=Checked, read=rule.read, metavar=rule.metavar, help=text)
    parser.add_argument("--force", action="store_true", help="replace a model of the same name")


def _probe(parser: Parser) -> None:
    from foundry_bench.session.fields import NAME, TEXT

    parser.add_argument(
        "model", action=Checked, read=NAME.read, metavar="MODEL", help="alias, id, ENDPOINT:ID or ADAPTER:WEIGHTS"
    )
    parser.add_argument("--prompt", action=Checked, read=TEXT.read, metavar="TEXT", help="what to ask")
    add_settings(parser, "system", "max_tokens", "temperature", "seed", "timeout", "stall", "endpoint")
    add_adapters(parser)
    add_json(parser, "the answer and its figures")


def _doctor(parser: Parser) -> None:
    from pathlib import Path

    parser.add_argument("plan", nargs="?", type=Path, metavar="PLAN", help="a .toml plan, or a models.json, to check")
    add_settings(parser, "models", "endpoint", "timeout", "out")
    add_settings(parser, "foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir")
    add_adapters(parser)
    add_json(parser, "the checks, and where each setting's value came from,")


def _demo(parser: Parser) -> None:
    parser.add_argument("--headless", action="store_true", help="without the TUI")
    add_settings(parser, "rounds", "out")
    add_json(parser, "the finished run.json")


def _report(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FOLDER

    parser.add_argument("runs", nargs="+", metavar="RUN", help="id or folder of a recorded run, or 'last'")
    parser.add_argument("--format", choices=("md", "csv", "json", "html"), default="md", help="(default: md)")
    parser.add_argument("--samples", action="store_true", help="with csv: a row a request instead of a row a model")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="file or folder to write to (default: stdout)"
    )
    parser.add_argument("--out", action=Checked, read=FOLDER.read, metavar="DIR", help="where runs are kept")


def _compare(parser: Parser) -> None:
    from foundry_bench.session.fields import FOLDER
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
    parser.add_argument("--out", action=Checked, read=FOLDER.read, metavar="DIR", help="where runs are kept")
    add_json(parser, "the comparison")


def _rank(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FOLDER, NAME

    def named(texts: Sequence[str], name: str) -> object:
        return tuple(NAME.read([text], name) for text in texts)

    parser.add_argument("run", metavar="RUN", help="id or folder of a recorded run, or 'last'")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="TOML or JSON file of weights (see below)")
    parser.add_argument(
        "--allow", action=Checked, read=named, metavar="SPDX", help="licence that may be chosen; repeatable"
    )
    parser.add_argument(
        "--capability", action=Checked, read=named, metavar="NAME", help="what it must be able to do; repeatable"
    )
    parser.add_argument("--accept-degenerate", action="store_true", help="let models win whose answers are degenerate")
    parser.add_argument("--routing", type=Path, metavar="FILE", help="also write the choice by capability, as JSON")
    parser.add_argument("--out", action=Checked, read=FOLDER.read, metavar="DIR", help="where runs are kept")
    add_json(parser, "the scorecard")


def _rate(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FOLDER, NAME, NATURAL

    parser.add_argument("run", metavar="RUN", help="id or folder of a recorded run, or 'last'")
    parser.add_argument("--rater", action=Checked, read=NAME.read, metavar="NAME", help="who rates (default: you)")
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--export", type=Path, metavar="FILE", help="write a sheet to fill in: .csv or .json, without models' names"
    )
    either.add_argument(
        "--import", dest="sheet", type=Path, metavar="FILE", help="record the scores of a filled-in sheet, all or none"
    )
    either.add_argument("--check", action="store_true", help="score the answers by the checks of their facets")
    either.add_argument("--agreement", action="store_true", help="show how far raters and judges agree")
    parser.add_argument(
        "--seed", action=Checked, read=NATURAL.read, metavar="N", help="with --export: seed of the rows' order"
    )
    parser.add_argument("--out", action=Checked, read=FOLDER.read, metavar="DIR", help="where runs are kept")
    add_json(parser, "the scores and the agreement, instead of the screen,")


def _judge(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import COUNT, FOLDER, NAME

    parser.add_argument("run", metavar="RUN", help="id or folder of a recorded run, or 'last'")
    parser.add_argument(
        "--judge-model",
        action=Checked,
        read=NAME.read,
        required=True,
        metavar="M",
        help="who judges: alias, id, ENDPOINT:ID or ADAPTER:WEIGHTS",
    )
    parser.add_argument("--judge-prompt", type=Path, metavar="FILE", help="what makes an answer good, in your words")
    parser.add_argument("--pairwise", action="store_true", help="compare the models' answers in pairs, both ways round")
    parser.add_argument(
        "--max-tokens",
        action=Checked,
        read=COUNT.read,
        metavar="N",
        help="longest verdict, in tokens (default: 512)",
    )
    add_settings(
        parser,
        *("endpoint", "timeout", "concurrency"),
        *("foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir"),
    )
    add_adapters(parser)
    parser.add_argument("--out", action=Checked, read=FOLDER.read, metavar="DIR", help="where runs are kept")
    add_json(parser, "the scores, the agreement and what could not be judged")


def _history(parser: Parser) -> None:
    add_settings(parser, "out")
    add_json(parser, "the runs")


def _attach(parser: Parser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN", help="id of a running benchmark (default: the only one)")
    fill_screen(parser)
    add_json(parser, "the finished run.json")


def fill_screen(parser: Parser) -> None:
    """Adds what the TUI takes."""
    from foundry_bench.session.fields import SCREEN

    add_settings(parser, *SCREEN)
    add_settings(parser, "endpoint", "out", *_RUNTIME)


def _init(parser: Parser) -> None:
    from pathlib import Path

    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(), metavar="DIR", help="(default: the current one)"
    )
    parser.add_argument("--force", action="store_true", help="replace files that are there")


def _calibrate(parser: Parser) -> None:
    add_json(parser, "the calibration")


_SCALE = "Scores: 1 bad, 2 poor, 3 fair, 4 good, 5 best."

# For each command: what it does, what fills its parser, examples.
COMMANDS: dict[str, tuple[str, Callable[[Parser], None], str]] = {
    "run": (
        "measure models without a screen, and record the run",
        _run,
        """foundry-bench run -m phi-4-mini -m qwen2.5-0.5b
foundry-bench run plan.toml --rounds 10
foundry-bench run -e http://localhost:11434 -m llama3.2 --prompt "Why is the sky blue?"

What isn't given comes from the environment, the plan, config.toml or the default, in this order.
It goes on when its terminal is closed: 'foundry-bench attach' shows and steers it.

RULE, looked at between rounds, from the fifth on:
  5%, 'ttft_s.mean within 3%'   the 95 % interval of the mean (latency_s, if not named) is that narrow
  separated                     the two best models are told apart; needs --order interleaved""",
    ),
    "models": (
        "list the catalog and the models on the disk",
        _models,
        """foundry-bench models --cached
foundry-bench models --filter phi --json
foundry-bench models download|load|unload|remove NAME    (each has a --help of its own)

What is on this disk is listed at once; what the catalog offers besides follows when it has answered.""",
    ),
    "models download": (
        "fetch models, one after the other",
        _models_download,
        """foundry-bench models download phi-4-mini qwen2.5-0.5b
foundry-bench models download phi-4-mini --device gpu
foundry-bench models download Phi-4-mini-instruct-generic-cpu:4

Of an alias the variant that fits this device is taken. A download that stalls or is cut is tried again.
After ^C what was fetched stays, and the same command goes on from there.
At a service (-e URL, or ENDPOINT:ID) it is the service that fetches, where its kind can be told to.""",
    ),
    "models load": (
        "load models and keep them loaded",
        _models_load,
        """foundry-bench models load smollm2-135m
foundry-bench models load phi-4-mini --once --json

The embedded runtime keeps a model only as long as the process that loaded it lives. So this command stays, and
prints the URL that applications on this machine can use (OpenAI's API), until ^C or `models unload` from elsewhere.
A service (-e URL, or ENDPOINT:ID) is told to load the model and keeps it by itself: there the command ends at once.""",
    ),
    "models unload": (
        "end what `models load` or the TUI holds in memory",
        _models_unload,
        "foundry-bench models unload smollm2-135m\nfoundry-bench models unload llama3.2 -e http://localhost:11434",
    ),
    "models remove": (
        "delete models from the disk",
        _models_remove,
        """foundry-bench models remove phi-4-mini
foundry-bench models remove --partial --yes

A loaded model is not removed. One of your own is only unregistered: the folder that you imported stays.""",
    ),
    "import": (
        "register a model of your own: an ONNX folder, a GGUF file or a Hugging Face folder",
        _import,
        "foundry-bench import smollm2.gguf --context 2048\nfoundry-bench import ./Qwen3-0.6B --precision fp32",
    ),
    "probe": (
        "stream one answer, with a live token counter",
        _probe,
        'foundry-bench probe phi-4-mini --prompt "Why is the sky blue?"',
    ),
    "doctor": (
        "check everything that a benchmark needs",
        _doctor,
        "foundry-bench doctor\nfoundry-bench doctor plan.toml\nfoundry-bench doctor -m phi-4-mini --json",
    ),
    "demo": (
        "measure a small model with nothing to configure",
        _demo,
        "foundry-bench demo\nfoundry-bench demo --headless --rounds 5",
    ),
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
foundry-bench compare main-run last --fail-on 'ttft_s.p95>10%' --fail-on 'decode_tokens_per_s.mean<-5%'

A gate is FIGURE>LIMIT or FIGURE<LIMIT. It is about the change from BASE to NEW: in percent, or without % in the
figure's own unit (seconds, tokens/s, MB, points). FIGURE is METRIC.STATISTIC (such as latency_s.mean, itl_s.p95),
or load_s, cold_ttft_s, disk_mb, memory.peak_mb, quality, changed_answers, failed_requests.
  FAILED       the change is beyond the limit and its 95 % interval leaves out 0, or the figure is missing
  passed       the whole interval lies within the limit
  not decided  all else: says how many rounds would tell, and doesn't fail without --strict
What is read once or counted (from load_s on, but for quality) has no interval: its value decides.
Exit code 1 where a gate fails, or where a model of BASE is missing in NEW; the reasons are on stderr.""",
    ),
    "rank": (
        "choose a model: the selection scorecard of a run",
        _rank,
        """foundry-bench rank last
foundry-bench rank last --weights weights.toml --allow MIT --allow Apache-2.0 --capability chat
foundry-bench rank last --routing routing.json

A file of weights; what it doesn't name weighs nothing, and only the proportions count:
  latency = 0.2       # latency_s.mean
  throughput = 0.15   # decode_tokens_per_s.mean
  memory = 0.15       # memory.peak_mb
  quality = 0.4       # mean score of 1 to 5, by hand or else by judge
  footprint = 0.1     # disk_mb
  [figures]           # others for latency and throughput, such as
  latency = "ttft_s.p95"
These are the defaults. The score is the product of (ratio to the best) ** weight over the criteria, at most 1.
A model is chosen where it is first in 95 % of the resamples of rounds and rated prompts; otherwise there is
no decision. Exit code 1 where no model can be chosen at all.""",
    ),
    "rate": (
        "rate answers by hand, blind, on the screen or in a sheet; check them",
        _rate,
        f"""foundry-bench rate last
foundry-bench rate last --export sheet.csv
foundry-bench rate last --import sheet.csv --rater ada
foundry-bench rate last --agreement

{_SCALE}
A sheet has a row an answer and facet; equal texts are one answer. Fill in the column 'score', leave empty what you
don't rate. An import that is repeated changes nothing; a corrected sheet replaces that rater's scores.
--check scores facets that a program can check: 1 + 4 x the share of the checks that are met.
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
    "calibrate": (
        "measure this machine's own timing error, on streams of known cadence",
        _calibrate,
        "foundry-bench calibrate\nfoundry-bench calibrate --json",
    ),
    "init": (
        "write a commented plan, prompts and config to start from",
        _init,
        "foundry-bench init\nfoundry-bench init my-benchmark",
    ),
    "history": ("list the recorded runs", _history, "foundry-bench history --json"),
    "attach": (
        "go back to a running benchmark, whose terminal may be gone",
        _attach,
        """foundry-bench attach
foundry-bench attach 20261122-141530-phi-4-mini-x7

It opens the TUI; off a terminal it shows progress on stderr and prints the results at the end.""",
    ),
}
