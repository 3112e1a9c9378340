"""The settings: what each is called, which rule it obeys, what it is without being set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from foundry_bench.session import rules
from foundry_bench.session.refusals import MOST, Check
from foundry_bench.values.plan import Client, Order, Plan, Via


def _last(texts: Sequence[str]) -> str:
    return texts[-1]


@dataclass(frozen=True, slots=True)
class Rule:
    """How a value is checked; ``convert`` makes it first from the texts of an option, which may be repeated."""

    check: Check
    convert: Callable[[Sequence[str]], object] = _last
    metavar: str | None = None

    def read(self, texts: Sequence[str], name: str) -> object:
        """The value that texts of the command line or the environment stand for.

        Raises:
            InputError: if it breaks the rule; ``name`` is what the value is called there.
        """
        return self.check(self.convert(texts), name)


@dataclass(frozen=True, slots=True)
class Field:
    """One setting: its rule, what it is, its options on the command line, its environment variable."""

    rule: Rule
    help: str
    options: tuple[str, ...]
    env: str | None = None


def _names(texts: Sequence[str]) -> list[str]:
    return [name for text in texts for name in text.split(",") if name.strip()]


def _number(texts: Sequence[str]) -> object:
    for kind in (int, float):
        try:
            return kind(texts[-1])
        except ValueError:
            continue
    return texts[-1]


def _numbers(texts: Sequence[str]) -> object:
    return [_number([part]) for text in texts for part in text.split(",")]


def _flag(texts: Sequence[str]) -> object:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    return words.get(texts[-1].strip().lower(), texts[-1])


def _prompts(value: object, name: str) -> object:
    from foundry_bench.session.prompts import prompts  # facets and all: late, so that help is instant

    return prompts(value, name)


def _typed(texts: Sequence[str]) -> list[Mapping[str, str]]:
    return [{"id": f"prompt-{position}", "prompt": content} for position, content in enumerate(texts, 1)]


def natural(expects: str, low: int, high: int = MOST) -> Rule:
    """A rule for whole numbers."""
    return Rule(rules.number(f"a whole number {expects}", lambda n: low <= n <= high, whole=True), _number, "N")


COUNT = Rule(rules.count, _number, "N")
NATURAL = natural("of at least 0", 0)
TEMPERATURE = Rule(rules.number("a number from 0 to 2", lambda x: 0 <= x <= 2), _number, "X")
WATTS = Rule(rules.number("a number of watts above 0", lambda w: w > 0), _number, "W")
PRICE = Rule(rules.number("a price of at least 0", lambda x: x >= 0), _number, "X")
SECONDS = Rule(rules.number("a number of seconds above 0", lambda s: s > 0), _number, "S")
FLAG = Rule(rules.flag, _flag)
NAME = Rule(rules.label, metavar="NAME")
TEXT = Rule(rules.text, metavar="TEXT")
WORDS = Rule(rules.words, metavar="TEXT")
URL = Rule(rules.url, metavar="URL")
CLUSTER = Rule(rules.cluster, metavar="ADDRESS")
FOLDER = Rule(rules.folder, metavar="DIR")
UNTIL = Rule(rules.until, metavar="RULE")
DURATION = Rule(rules.duration, metavar="TIME")
CLIENT, VIA, ORDER = (
    Rule(rules.choice(*get_args(kind)), metavar="|".join(get_args(kind))) for kind in (Client, Via, Order)
)
PRECISION, DEVICE = (
    Rule(rules.choice(*names), metavar="|".join(names))
    for names in (("int4", "int8", "fp16", "fp32"), ("cpu", "cuda", "dml", "webgpu"))
)

# By its name in a plan file; "foundry." is the table of the embedded runtime, "screen." that of the TUI.
FIELDS: Mapping[str, Field] = {
    "models": Field(
        Rule(rules.models, _names, "NAME"),
        "model to measure: alias, id, ENDPOINT:ID or ADAPTER:WEIGHTS; repeatable",
        ("-m", "--model"),
        "BENCH_MODELS",
    ),
    "prompts": Field(
        Rule(_prompts, _typed, "TEXT"),
        "prompt; repeatable (default: four short questions)",
        ("--prompt",),
        "BENCH_PROMPT",
    ),
    "endpoint": Field(
        URL,
        "OpenAI-compatible service to measure, in place of the embedded runtime",
        ("-e", "--endpoint"),
        "FOUNDRY_LOCAL_ENDPOINT",
    ),
    "system": Field(TEXT, "system prompt, for prompts without one of their own", ("--system",)),
    "rounds": Field(COUNT, "measured rounds; each sends every prompt once", ("--rounds",), "BENCH_ROUNDS"),
    "warmup": Field(NATURAL, "rounds before those, not counted", ("--warmup",)),
    "max_tokens": Field(COUNT, "longest answer, in tokens", ("--max-tokens",)),
    "temperature": Field(TEMPERATURE, "0 is deterministic, 2 the wildest", ("--temperature",)),
    "seed": Field(NATURAL, "seed of the random choice of tokens", ("--seed",)),
    "concurrency": Field(natural("from 1 to 256", 1, 256), "requests in flight at once", ("--concurrency",)),
    "stream": Field(FLAG, "ask for a stream: without one there is no first-token time", ("--stream",), "BENCH_STREAM"),
    "timeout": Field(SECONDS, "longest wait for one answer, in seconds", ("--timeout",)),
    "keep_warm": Field(
        SECONDS,
        "while paused, remind a service of its model this often, in seconds, so that it stays loaded",
        ("--keep-warm",),
    ),
    "until": Field(
        UNTIL, "end a model's rounds by a rule (see below), before --rounds (then 1000) are done", ("--until",)
    ),
    "budget": Field(DURATION, "time for all models together, such as 10m", ("--budget",)),
    "order": Field(ORDER, "one model after the other, or all loaded and round by round in turns", ("--order",)),
    "cluster": Field(
        CLUSTER,
        "Dask scheduler on whose workers to measure, such as tcp://lab:8786; needs the extra 'fleet'",
        ("--cluster",),
    ),
    "on": Field(
        Rule(rules.labels, _names, "PATTERN"),
        "with --cluster: only hosts whose name or tag is like this, such as 'lab-*'; repeatable",
        ("--on",),
    ),
    "spread": Field(
        natural("from 2 to 256", 2, 256),
        "with --cluster: this many hosts share one load on the endpoint, instead of each sending its own",
        ("--spread",),
    ),
    "stall": Field(SECONDS, "longest wait for the next token once an answer has begun, in seconds", ("--stall",)),
    "client": Field(CLIENT, "openai: also measure through the openai package", ("--client",)),
    "via": Field(VIA, "how the embedded runtime is asked", ("--via",)),
    "calibrate": Field(FLAG, "measure this machine's own timing error first", ("--calibrate",)),
    "prefetch": Field(FLAG, "download all missing models before the first is measured", ("--prefetch",)),
    "fit_check": Field(FLAG, "refuse models that can't fit in this machine's memory", ("--fit-check",)),
    "watts": Field(WATTS, "power of this device, where no meter can be read: energy is then an estimate", ("--watts",)),
    "price_per_kwh": Field(PRICE, "price of a kWh, for the cost of a million tokens", ("--price-per-kwh",)),
    "currency": Field(NAME, "the name of that price's money, such as EUR", ("--currency",)),
    "out": Field(FOLDER, "where runs are kept", ("-o", "--out")),
    "sweep.concurrency": Field(
        Rule(rules.counts(256), _numbers, "N,N"),
        "after the rounds, the prompts again with this many in flight, such as 1,2,4,8",
        ("--sweep-concurrency",),
    ),
    "sweep.prompt_tokens": Field(
        Rule(rules.counts(1_000_000), _numbers, "N,N"),
        "after the rounds, prompts of about this many tokens, such as 512,2048",
        ("--sweep-prompt-tokens",),
    ),
    "sweep.text": Field(WORDS, "what these prompts are made of (default: English prose)", ("--sweep-text",)),
    "foundry.catalog_url": Field(
        URL, "catalog of the embedded runtime", ("--catalog-url",), "FOUNDRY_BENCH_CATALOG_URL"
    ),
    "foundry.model_cache_dir": Field(
        FOLDER, "model cache of the embedded runtime", ("--model-cache",), "FOUNDRY_BENCH_MODEL_CACHE"
    ),
    "foundry.app_data_dir": Field(FOLDER, "data folder of the embedded runtime", ("--data-dir",), "FOUNDRY_BENCH_DATA"),
    "screen.theme": Field(NAME, "dark, light, high-contrast, ansi-16, or a file", ("--theme",)),
    "screen.ascii": Field(FLAG, "draw with ASCII characters alone", ("--ascii",)),
    "screen.low_bandwidth": Field(FLAG, "send the terminal little (default: over SSH)", ("--low-bandwidth",)),
}
RUNTIME, SCREEN = (tuple(name for name in FIELDS if name.startswith(table)) for table in ("foundry.", "screen."))

_TIMES = {"timeout", "stall", "keep_warm", "budget"}


def plan_field(name: str) -> str:
    """What a plan calls a setting: there a time has its unit."""
    return f"{name}_s" if name in _TIMES else name


def plan_value(plan: Plan, name: str) -> object:
    """What a plan says to a setting that is one of a plan."""
    table, _, key = name.rpartition(".")
    tables = {"": plan, "foundry": plan.runtime, "sweep": plan.sweep}
    return getattr(tables[table], plan_field(key))


DEFAULTS: Mapping[str, object] = {
    **{name: plan_value(Plan(models=()), name) for name in FIELDS if name not in {"out", *SCREEN}},
    **dict.fromkeys(SCREEN),
    "out": "runs",
}
