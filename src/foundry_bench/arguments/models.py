"""The commands on models: what each does, takes and is good for."""

import argparse

from foundry_bench.parser import Checked, Commands, Parser, add_json, add_path, add_runtime, add_settings


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
    add_settings(
        parser, "endpoint", endpoint="OpenAI-compatible service whose models to list, instead of the catalog's"
    )
    add_runtime(parser)
    add_json(parser, "the models")


def _models_action(parser: Parser, *, names: str = "+", services: bool = True) -> None:
    from foundry_bench.session.fields import NAME

    named = "alias, id (name:version), ENDPOINT:ID, or model of your own"
    parser.add_argument(
        "names",
        nargs=names,
        action=Checked,
        read=lambda texts, name: [NAME.read([text], name) for text in texts],
        default=[],
        metavar="NAME",
        help=named if services else named.replace(" ENDPOINT:ID,", ""),
    )
    if services:
        add_settings(parser, "endpoint", endpoint="OpenAI-compatible service whose models are meant")
    add_runtime(parser)


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

    from foundry_bench.session.fields import COUNT, DEVICE, NAME, PRECISION, natural

    text = "an ONNX Runtime GenAI folder, a .gguf file, or a Hugging Face folder"
    add_path(parser, "path", metavar="PATH", help=text)
    for option, rule, text in (
        ("--name", NAME, "name of the model (default: the file's or folder's)"),
        ("--context", COUNT, "cap of the context in tokens; a smaller one takes less memory (default: the model's)"),
        (
            "--accuracy-level",
            natural("from 0 to 4", 0, 4),
            "how exact int4 products are: 1 is the most exact, 4 the fastest",
        ),
        ("--precision", PRECISION, "weights to build from a Hugging Face folder (default: int4)"),
        ("--device", DEVICE, "what to build them for (default: cpu)"),
    ):
        parser.add_argument(option, action=Checked, read=rule.read, metavar=rule.metavar, help=text)
    parser.add_argument("--force", action="store_true", help="replace a model of the same name")


MODELS: Commands = {
    "models": (
        "list the catalog and the models on the disk",
        _models,
        """foundry-bench models --cached
foundry-bench models --filter phi --json
foundry-bench models -e http://localhost:11434

'models download', 'load', 'unload' and 'remove' act on models; each has a --help of its own. What is on this
disk is listed at once; what the catalog offers besides follows when it has answered.""",
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
        """foundry-bench import smollm2.gguf --context 2048
foundry-bench import ./Qwen3-0.6B --precision fp32
foundry-bench import ./my-onnx-folder --name mine

A GGUF file of the families Llama, Mistral, Qwen2, Qwen3, Phi-3 or Gemma is turned into an ONNX folder; the file
isn't needed any more then. An ONNX folder stays where it is. What is imported goes by its name from then on, as in
run -m mine. A GGUF file needs the extra foundry-bench[import], a Hugging Face folder foundry-bench[convert].""",
    ),
}
