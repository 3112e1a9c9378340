"""The commands by name, in the order of ``--help``."""

from foundry_bench.arguments.measuring import MEASURING
from foundry_bench.arguments.models import MODELS
from foundry_bench.arguments.results import RESULTS
from foundry_bench.parser import Commands

COMMANDS: Commands = MEASURING | MODELS | RESULTS
