"""``foundry-bench rank``: the selection scorecard of a run."""

import argparse
import os
import sys

from foundry_bench.session.fleet_ranking import fleet_choice, fleet_document, fleet_lines, rank_hosts
from foundry_bench.session.host_tables import difference_lines, matrix_table
from foundry_bench.session.host_views import is_fleet, row_view
from foundry_bench.session.json_text import json_bytes, json_text
from foundry_bench.session.outputs import write_output
from foundry_bench.session.preferences import read_preference
from foundry_bench.session.ranking_text import as_lines, document, routes
from foundry_bench.session.run_list import find_answered
from foundry_bench.session.run_view import RunView, open_run
from foundry_bench.session.scoring import rank
from foundry_bench.session.settings import runs_folder
from foundry_bench.session.tables import as_text
from foundry_bench.values.eligibility import Rules
from foundry_bench.values.errors import InputError
from foundry_bench.values.format import one_line
from foundry_bench.values.preference import Preference


def main(args: argparse.Namespace) -> int:
    """Rank the models of ``args.run``; returns 0, or 1 where no model can be chosen.

    Raises:
        InputError: the run or the weights can't be read, or the routing can't be written.
    """
    out = runs_folder(vars(args), os.environ).out
    preference = read_preference(args.weights) if args.weights else Preference()
    rules = Rules(licenses=args.allow or (), capabilities=args.capability or (), degenerate=args.accept_degenerate)
    view = open_run(out, find_answered(out, args.run))
    if view.problem:
        raise InputError(view.problem)
    if view.left_out:
        print(f"caution: {one_line(view.left_out)}", file=sys.stderr)
    if is_fleet(view):
        return _rank_hosts(view, preference, rules, args)
    view = row_view(view)
    ranking = rank(view, preference, rules)
    if args.json:
        print(json_text(document(view, ranking, preference)))
    else:
        print("\n".join(as_lines(view, ranking, preference)))
    if args.routing:
        write_output(args.routing, json_bytes(routes(view, preference, rules)), "--routing")
        print(f"wrote {args.routing}", file=sys.stderr)
    return 0 if ranking.card else 1


def _rank_hosts(view: RunView, preference: Preference, rules: Rules, args: argparse.Namespace) -> int:
    """The same for each host of a fleet, and for all of them together."""
    if args.routing:
        raise InputError("--routing is for one device, and this run has several hosts; rank a run of one host")
    rankings = rank_hosts(view, preference, rules)
    if args.json:
        print(json_text(fleet_document(view, rankings, preference)))
    else:
        for what, text in difference_lines(view.record.hosts, view.record):
            print(f"Not the same on all hosts: {what}: {text}")
        print("\n".join(f"{about}: {text}" for about, text in fleet_lines(rankings)))
        print(f"\n{as_text(matrix_table(view.record))}")
    return 0 if fleet_choice(rankings).best_worst else 1
