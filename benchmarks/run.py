"""Measures the product itself and writes RESULTS.md beside this file.

    python benchmarks/run.py [fidelity] [keys] [line] [startup] [scale] [drag] [peers] [decisions] [--model NAME]

Without names it measures everything; parts that are not measured keep their last results. ``drag`` wants a catalog
model that is on the disk (``--model``). Other tools are measured where they are installed (see peers.py). Have the
machine quiet.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import decisions
import drag
import fidelity
import keys
import line
import msgspec
import scale
import startup
from speed import additions_s

from foundry_bench.session.calibrating import machine_state
from foundry_bench.session.environment import describe_environment
from foundry_bench.values.votes import wilson

HERE = Path(__file__).parent
_KEPT = HERE / "results.json"
_PARTS = ("fidelity", "keys", "line", "startup", "scale", "drag", "peers", "decisions")


def main() -> None:
    """Measure the wanted parts, keep their figures, write the document anew."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[[], *_PARTS], metavar="PART")
    parser.add_argument("--model", default="smollm2-135m", help="catalog model for drag (default: %(default)s)")
    args = parser.parse_args()
    kept: dict[str, Any] = json.loads(_KEPT.read_bytes()) if _KEPT.exists() else {}
    for part in args.parts or _PARTS:
        folder = Path(tempfile.mkdtemp(prefix="foundry-bench-"))
        try:
            found = _measure(part, folder, args.model)
        finally:
            shutil.rmtree(folder)
        kept[part] = {"machine": _machine(), "rows": msgspec.to_builtins(found)}
        _KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    (HERE / "RESULTS.md").write_text(_document(kept))


def _measure(part: str, folder: Path, model: str) -> Any:
    if part == "drag":
        drags = [drag.measure(folder, model), drag.measure(folder / "one", model, cores="0")]
        return [{**msgspec.to_builtins(one), "kept": one.kept} for one in drags]
    if part == "peers":
        done = subprocess.run([sys.executable, str(HERE / "peers.py")], stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout.splitlines()
    if part == "decisions":
        return list(decisions.measure(100))
    module = {"fidelity": fidelity, "keys": keys, "line": line, "startup": startup, "scale": scale}[part]
    return module.measure(folder)


def _machine() -> dict[str, Any]:
    """What a figure depends on, with this machine's own speed: seconds for five million additions in Python."""
    environment = describe_environment()
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        **{name: environment[name] for name in ("system", "cpu", "cores", "memory_mb", "python")},
        "five_million_additions_s": additions_s(),
        "state": machine_state(),
    }


def _document(kept: dict[str, Any]) -> str:
    lines = ["# Measured: foundry-bench itself", "", "Written by `python benchmarks/run.py`.", ""]
    writers = {
        "fidelity": _fidelity, "keys": _keys, "line": _line, "startup": _startup, "scale": _scale, "drag": _drag,
        "peers": _peers, "decisions": _decisions,
    }  # fmt: skip
    for part, write in writers.items():
        if part in kept:
            lines += [*write(kept[part]["rows"]), "", _machine_line(kept[part]["machine"]), ""]
    return "\n".join(lines)


def _machine_line(machine: dict[str, Any]) -> str:
    return (
        f"*{machine['date']}; {machine['cpu']}, {machine['cores']} cores, {machine['memory_mb']} MB; "
        f"{machine['system']}; "
        f"Python {machine['python']}; five million additions in {machine['five_million_additions_s']} s; "
        f"load {machine['state']['load_1min']}.*"
    )


def _table(headings: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(headings)} |", f"|{'---|' * len(headings)}", *(f"| {' | '.join(row)} |" for row in rows)]


def _fidelity(rows: list[dict[str, Any]]) -> list[str]:
    """Errors against the reference server's own log of what it sent."""
    bare = {row["level"]["streams"]: row["level"] for row in rows if row["way"] == "bare socket"}
    body = []
    for row in rows:
        level = row["level"]
        floor = bare[level["streams"]]
        screen = "" if row["screen_cpu_percent"] is None else f"{row['screen_cpu_percent']:.1f} %"
        sent = "" if row["screen_bytes_per_s"] is None else f"{row['screen_bytes_per_s'] / 1024:.1f}"
        body.append(
            [
                f"{level['streams']} x {level['interval_s'] * 1e3:g} ms",
                row["way"],
                _errors(level["ttft"]),
                _errors(level["itl"]),
                f"{level['itl_exact']['p99_s'] * 1e3:.3f}",
                f"{level['shared_share'] * 100:.1f}",
                f"{level['rate_bias'] * 100:+.3f}",
                f"{level['cpu_s_per_1000_tokens']:.3f}",
                f"{level['cpu_s_per_1000_tokens'] / floor['cpu_s_per_1000_tokens']:.1f}",
                f"{level['tokens_per_s']:.0f}",
                screen,
                sent,
                "" if row.get("additions_s") is None else f"{row['additions_s']:.2f}",
            ]
        )
    headings = [
        "load",
        "way",
        "TTFT error",
        "ITL error",
        "exact p99",
        "bounds %",
        "bias %",
        "CPU s/1,000",
        "x bare",
        "tokens/s",
        "screen CPU",
        "KiB/s",
        "5 M additions, s",
    ]
    note = (
        "Errors in ms as p50 / p99 / max (n), against what the reference server logged; `exact p99` is that of the "
        "gaps that are no mere bounds (chunks read together, because the reader was held up). CPU is the worker's "
        "(bare: the client's) for a thousand tokens; `x bare` is that against the bare socket's; the openai client's "
        "rows hold both of the worker's ways. The screen is 120x40 in a pseudo-terminal; its CPU is in percent of a "
        "core. The last column is the machine's speed just before."
    )
    return ["## Timing error", "", note, "", *_table(headings, body)]


def _keys(rows: list[dict[str, Any]]) -> list[str]:
    """How fast keys are answered, and what was measured the while."""
    body = [
        [
            str(row["streams"]),
            f"{row['p50_s'] * 1e3:.0f} / {row['p99_s'] * 1e3:.0f} / {row['max_s'] * 1e3:.0f} ({row['n']})",
            _errors(row["level"]["ttft"]),
            _errors(row["level"]["itl"]),
        ]
        for row in rows
    ]
    return [
        "## Keys while streams run",
        "",
        "From a key press to its answer on a screen of 120x40, and the errors of what was measured the while; in ms.",
        "",
        *_table(["streams", "key answered", "TTFT error", "ITL error"], body),
    ]


def _line(rows: list[dict[str, Any]]) -> list[str]:
    """A row a load and mode, a column a size."""
    sizes = list(dict.fromkeys((row["columns"], row["rows"]) for row in rows))
    sent = {(row["streams"], row["low_bandwidth"], row["columns"], row["rows"]): row["bytes_per_s"] for row in rows}
    body = [
        [
            "idle" if streams == 0 else f"{streams} of {200 // streams} tokens/s",
            "--low-bandwidth" if low else "",
            *(f"{sent[streams, low, *size] / 1024:.1f}" if (streams, low, *size) in sent else "" for size in sizes),
        ]
        for streams, low in dict.fromkeys((row["streams"], row["low_bandwidth"]) for row in rows)
    ]
    headings = ["answers", "mode", *(f"{columns}x{height}" for columns, height in sizes)]
    return ["## Bytes to the terminal", "", "In KiB/s.", "", *_table(headings, body)]


def _errors(size: dict[str, Any]) -> str:
    return f"{size['p50_s'] * 1e3:.3f} / {size['p99_s'] * 1e3:.3f} / {size['max_s'] * 1e3:.2f} ({size['n']})"


def _startup(rows: list[dict[str, Any]]) -> list[str]:
    body = [
        [
            row["what"],
            f"{row['seconds'] * 1e3:.0f}",
            f"{row['floor']}: {row['floor_s'] * 1e3:.0f}",
            f"{(row['seconds'] - row['floor_s']) * 1e3:.0f}",
        ]
        for row in rows
    ]
    return [
        "## Start-up",
        "",
        "Medians of 11, interleaved, in ms.",
        "",
        *_table(["what", "ms", "floor", "over it"], body),
    ]


def _scale(rows: list[dict[str, Any]]) -> list[str]:
    body = [[row["what"], str(row["size"]), row["figure"], f"{row['value']:.3g} {row['unit']}"] for row in rows]
    return ["## Cost as work grows", "", *_table(["what grows", "to", "figure", "value"], body)]


def _drag(rows: list[dict[str, Any]]) -> list[str]:
    body = []
    for row in rows:
        kept, low, high = row["kept"]
        body.append(
            [
                row["model"],
                row["cores"],
                _spread(row["bare"]),
                _spread(row["screen"]),
                f"{kept * 100:.1f} % ({low * 100:.1f} to {high * 100:.1f})",
                f"{row['screen_cpu_percent']:.1f} %",
                f"{row['screen_bytes_per_s'] / 1024:.1f}",
            ]
        )
    headings = ["model", "cores", "bare tokens/s", "under the screen", "kept (95 %)", "screen CPU", "KiB/s"]
    return ["## Drag on the model", "", "Interleaved; mean, least to most (n).", "", *_table(headings, body)]


def _spread(rates: list[float]) -> str:
    return f"{sum(rates) / len(rates):.1f}, {min(rates):.1f} to {max(rates):.1f} ({len(rates)})"


def _peers(rows: list[str]) -> list[str]:
    """The lines of peers.py as it printed them."""
    return ["## Other tools", "", "Sizes of the errors, p50 / p99; see peers.py.", "", "```text", *rows, "```"]


def _rate(row: dict[str, Any]) -> str:
    low, high = wilson(row["right"], row["runs"])
    return f"{row['right'] * 100:.1f} % ({low * 100:.0f} to {high * 100:.0f})"


def _decisions(rows: list[dict[str, Any]]) -> list[str]:
    """How often a comparison of simulated runs is right."""
    body = [[row["machine"], row["what"], row["figure"], row["rounds"], str(row["runs"]), _rate(row)] for row in rows]
    note = (
        "Simulated runs of known truth, see decisions.py. A/A: a model against itself, no difference said. A/B: "
        "against one that is 5 % slower, found with the rounds that a first run recommends (median, 10 to 90 %; cut at "
        "1,000). Within: a rule ended the rounds, and the true mean is as near as the rule says; of the runs that it "
        "ended before 200 rounds. Right: of the runs, and the 95 % interval of so many."
    )
    headings = ["machine", "what", "figure", "rounds", "runs", "right"]
    return ["## Decisions", "", note, "", *_table(headings, body)]


if __name__ == "__main__":
    main()
