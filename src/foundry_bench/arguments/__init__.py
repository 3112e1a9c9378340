"""The commands by name, in the order of ``--help``, and the parser of each."""

import textwrap

from foundry_bench import __version__
from foundry_bench.arguments.access import ACCESS
from foundry_bench.arguments.measuring import MEASURING
from foundry_bench.arguments.models import MODELS
from foundry_bench.arguments.results import RESULTS
from foundry_bench.parser import Commands, Parser, add_screen

COMMANDS: Commands = MEASURING | MODELS | RESULTS | ACCESS


_MORE = """See 'foundry-bench COMMAND --help' for one of them; 'foundry-bench demo' is a good first one.

exit codes:
  0    done
  1    done, but a check says no: a regression, a finding, every model failed
  2    bad usage or bad input: one line on stderr says what, where, and the mend
  130  interrupted; what was finished is on the disk"""


def command_parser(name: str) -> Parser:
    """The parser of a command's own arguments."""
    summary, fill, examples = COMMANDS[name]
    commands, _, more = examples.partition("\n\n")
    epilog = f"examples:\n{textwrap.indent(commands, '  ')}\n\n{more}"
    parser = Parser(f"foundry-bench {name}", f"{summary[0].upper()}{summary[1:]}.", epilog)
    fill(parser)
    return parser


def screen_parser() -> Parser:
    """The parser where no command is named: of the TUI's arguments."""
    commands = "".join(f"  {name:16} {summary}\n" for name, (summary, _, _) in COMMANDS.items())
    parser = Parser(
        "foundry-bench",
        "Measure, rate and compare small language models on this device. Without a command it opens the TUI.",
        f"commands:\n{commands}\n{_MORE}",
    )
    parser.usage = "foundry-bench [COMMAND] [OPTIONS]"
    parser.add_argument("--version", action="version", version=f"foundry-bench {__version__}")
    add_screen(parser)
    return parser


def second_words(first: str) -> list[str]:
    """What may follow the first word of a command of two."""
    return [name.partition(" ")[2] for name in COMMANDS if name.startswith(f"{first} ")]
