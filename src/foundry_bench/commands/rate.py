"""``foundry-bench rate``: quality by hand, on the screen or in a sheet; checks; agreement."""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from foundry_bench.session.json_text import json_text
from foundry_bench.session.paths import from_here
from foundry_bench.session.quality_tables import quality_document, quality_text
from foundry_bench.session.ratings import load_ratings, rater_name, save_ratings
from foundry_bench.session.run_list import find_answered
from foundry_bench.session.settings import Settings, resolve
from foundry_bench.session.store import load
from foundry_bench.values.errors import InputError
from foundry_bench.values.ratings import Rating


def main(args: argparse.Namespace) -> int:
    """Do the one thing that ``args`` ask for with a run's ratings, or open the screen; returns 0.

    Raises:
        InputError: the run, the sheet or the ratings can't be used, or the screen has no terminal.
    """
    settings = resolve(vars(args), os.environ, models_needed=False)
    path = find_answered(settings.out, args.run)
    load(path)  # whatever is asked for, it is of a run that can be read
    if args.export:
        _export(path, args.export, args.seed or 0)
    elif args.sheet:
        _import(path, args.sheet, args.rater or rater_name())
    elif args.check:
        _check(path)
    elif not (args.agreement or args.json):
        return _open(settings, path, args.rater)
    if not args.export:
        _tell(path, as_json=args.json)
    return 0


def _export(path: Path, file: Path, seed: int) -> None:
    from foundry_bench.session.outputs import write_output
    from foundry_bench.session.rating_sheet import as_sheet, refuse_filled, sheet_of

    ending = file.suffix.lower().removeprefix(".")
    if ending not in {"csv", "json"}:
        raise InputError(f"{file}: the sheet's name must end in .csv or .json")
    sheet = sheet_of(path)
    refuse_filled(file)
    write_output(file, as_sheet(sheet, ending, seed), "--export")
    print(
        f"wrote {file}: {len(sheet.answers)} answers; when it is filled in: "
        f"foundry-bench rate {from_here(path)} --import {from_here(file)} --rater NAME",
        file=sys.stderr,
    )


def _import(path: Path, file: Path, rater: str) -> None:
    from foundry_bench.session.rating_sheet import read_sheet, sheet_of

    said = {_subject(one): one for one in load_ratings(path).hand if one.by == rater}
    ratings = [_with_note(one, said.get(_subject(one))) for one in read_sheet(file, sheet_of(path), rater)]
    replaced = sum(_subject(one) in said and said[_subject(one)].score != one.score for one in ratings)
    try:
        changed = save_ratings(path, ratings, "hand")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; nothing was recorded: make room and import again") from error
    instead = f"; replaces {replaced} score{'s' * (replaced > 1)} of {rater}" if replaced else ""
    print(f"{len(ratings)} scores by {rater}, {changed} of them new or changed{instead}", file=sys.stderr)


def _subject(rating: Rating) -> tuple[object, ...]:
    return rating.subject, rating.facet


def _with_note(rating: Rating, earlier: Rating | None) -> Rating:
    """An empty cell takes no note away that stands with the answer already."""
    return replace(rating, note=rating.note or earlier.note) if earlier else rating


def _check(path: Path) -> None:
    from foundry_bench.session.facet_ratings import check_run

    found = check_run(path)
    passed_over = sum(one.score is None for one in found)
    if not found:
        print("no prompt of this run has a facet that can be checked; see sample_configs/", file=sys.stderr)
    else:
        print(f"{len(found)} checks, {passed_over} of them could not tell", file=sys.stderr)


def _open(settings: Settings, path: Path, rater: str | None) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError("the screen needs a terminal; without one use --export and --import")
    from foundry_bench.tui.start import open_app

    return open_app(settings, path, rater=rater)


def _tell(path: Path, *, as_json: bool) -> None:
    ratings = load_ratings(path)
    if as_json:
        document = {"schema": "foundry-bench/quality/1", "run": path.name, **quality_document(ratings)}
        print(json_text(document))
    elif ratings.hand or ratings.judge or ratings.check or ratings.votes:
        print(quality_text(ratings))
    else:
        print(f"nothing of {path.name} is rated yet", file=sys.stderr)
