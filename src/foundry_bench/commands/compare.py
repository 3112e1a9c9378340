"""``foundry-bench compare``: the difference of two runs or models, and gates on it."""

import argparse
import os
import sys
from collections.abc import Iterator
from typing import Any

import msgspec

from foundry_bench.session.comparing import Comparison, compare_sides, find_side
from foundry_bench.session.comparison_text import as_lines
from foundry_bench.session.json_text import json_text
from foundry_bench.session.samples import left_out
from foundry_bench.session.settings import runs_folder
from foundry_bench.session.store import SAMPLES_FILE
from foundry_bench.values.comparison import Difference
from foundry_bench.values.format import one_line

SCHEMA = "foundry-bench/compare/1"


def main(args: argparse.Namespace) -> int:
    """Compare ``args.base`` with ``args.new`` and judge ``args.fail_on``; returns 0, or 1 where a gate fails.

    Raises:
        InputError: a side can't be found or read, or no two models can be compared.
    """
    out = runs_folder(vars(args), os.environ).out
    base, new = find_side(out, args.base), find_side(out, args.new)
    for path in dict.fromkeys((base.path, new.path)):
        if words := left_out(path / SAMPLES_FILE):
            print(f"caution: {one_line(words)}", file=sys.stderr)
    gates = args.fail_on or ()
    found = compare_sides(base, new, gates)
    if args.json:
        print(json_text(_document(found)))
    else:
        print("\n".join(as_lines(found)))
    failures = list(_failures(found, strict=args.strict)) if gates else []
    return 1 if failures else 0


def _failures(found: Comparison, *, strict: bool) -> Iterator[str]:
    """Says of each gate what became of it, and yields those that fail."""
    for name in found.only_base:
        print(f"FAILED: {one_line(name)} is in BASE and not in NEW", file=sys.stderr)
        yield name
    for model in found.models:
        for gate in model.gates:
            fails = gate.outcome == "failed" or (strict and gate.outcome == "undecided")
            word = "FAILED" if gate.outcome == "failed" else "not decided" if gate.outcome == "undecided" else "passed"
            strictly = " (fails, as --strict asks)" if fails and gate.outcome == "undecided" else ""
            print(f"{word}: {gate.gate}, {one_line(model.new)}: {gate.reason}{strictly}", file=sys.stderr)
            if fails:
                yield gate.gate


def _document(found: Comparison) -> dict[str, Any]:
    """The comparison as plain JSON; each difference also tells its verdict and what its rounds can show."""
    models = [
        msgspec.to_builtins(model) | {"differences": [_difference(one) for one in model.differences]}
        for model in found.models
    ]
    return {"schema": SCHEMA, **msgspec.to_builtins(found), "models": models}


def _difference(one: Difference) -> dict[str, Any]:
    more = {"verdict": one.verdict, "detectable": one.detectable, "rounds_for_5_percent": one.rounds_for()}
    return {"figure": one.name, **msgspec.to_builtins(one), **more}
