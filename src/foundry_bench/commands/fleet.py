"""``foundry-bench fleet``: the hosts of a Dask cluster."""

import argparse
import os
import sys
from typing import Any

from foundry_bench.session.asking_hosts import ask_hosts
from foundry_bench.session.cluster import choose_hosts, present_hosts
from foundry_bench.session.host_tables import difference_lines, hosts_table, versions_table
from foundry_bench.session.json_text import json_text
from foundry_bench.session.settings import resolve
from foundry_bench.session.tables import as_text
from foundry_bench.values.errors import InputError
from foundry_bench.values.fleet import HostRecord
from foundry_bench.values.format import one_line
from foundry_bench.values.host_facts import HostFacts


def main(args: argparse.Namespace) -> int:
    """Ask every host what it is; returns 0, or 1 where one did not answer.

    Raises:
        InputError: no cluster is named, or none answers.
    """
    plan = resolve(vars(args), os.environ, models_needed=False).plan
    if not plan.cluster:
        raise InputError("no cluster is named; use --cluster tcp://HOST:8786 ('dask scheduler' starts one)")
    hosts = choose_hosts(plan, present_hosts(plan.cluster))
    if not args.json:
        print(f"asking {len(hosts)} hosts ...", file=sys.stderr)
    found = ask_hosts(plan.cluster, hosts, calibrated=plan.calibrate)
    if args.json:
        told = [_document(host, facts) for host, facts in found]
        print(json_text({"schema": "foundry-bench/fleet/1", "cluster": plan.cluster, "hosts": told}))
    else:
        _print(found)
    return 1 if any(facts.problem for _, facts in found) else 0


def _document(host: HostRecord, facts: HostFacts) -> dict[str, Any]:
    return {
        "name": host.name,
        "address": host.address,
        "tags": host.tags,
        "memory_limit_mb": host.memory_limit_mb,
        "environment": facts.environment,
        "models": facts.models,
        "calibration": facts.calibration,
        "problem": facts.problem,
    }


def _print(found: list[tuple[HostRecord, HostFacts]]) -> None:
    hosts = [host for host, _ in found]
    for what, text in difference_lines(hosts):
        print(f"Not the same: {what}: {text}")
    print(as_text(hosts_table(hosts, status=False)))
    print(f"\n{as_text(versions_table(hosts))}\n")
    for host, facts in found:
        models = ", ".join(sorted(one_line(model.id) for model in facts.models))
        print(f"{one_line(host.name)}: models: {models or 'none on its disk'}")
    for host, facts in found:
        if facts.problem:
            print(f"{one_line(host.name)}: {one_line(facts.problem)}", file=sys.stderr)
