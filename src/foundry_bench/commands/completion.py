"""``foundry-bench completion``: the script that lets a shell complete what is typed."""

import argparse
from pathlib import Path


def main(args: argparse.Namespace) -> int:
    """Print the script of a shell; returns 0."""
    print(Path(__file__).with_name(f"completion.{args.shell}").read_text("utf-8"), end="")
    return 0
