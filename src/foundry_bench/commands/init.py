"""``foundry-bench init``: a commented config, prompts and plan to start from."""

import argparse
import os

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.paths import config_path, from_here
from foundry_bench.session.shipped import shipped_folder
from foundry_bench.values.errors import InputError

_FILES = {
    "plan.toml": "what to measure; edit its models, then: foundry-bench run {file}",
    "prompts.json": 'prompts with names and facets; a plan takes them with: prompts = "prompts.json"',
    "config.toml": "your own defaults, all of them commented out; copied to {config} it is used",
}


def main(args: argparse.Namespace) -> int:
    """Write the files into a folder and say what each is for; returns 0.

    Raises:
        InputError: one is there already, or can't be written; those before it are complete.
    """
    if args.folder.exists() and not args.folder.is_dir():
        raise InputError(f"{args.folder} is no folder; choose another")
    files = {name: args.folder / name for name in _FILES}
    there = [file for file in files.values() if file.exists()]
    if there and not args.force:
        raise InputError(f"{there[0]} is there already; choose another folder, or replace it with --force")
    samples = shipped_folder("sample_configs")
    for name, file in files.items():
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(file, (samples / name).read_bytes())
        except OSError as error:
            raise InputError(f"{file}: {error.strerror}; choose another folder") from error
        print(f"{file}: {_FILES[name].format(file=from_here(file), config=config_path(os.environ))}")
    return 0
