"""Writes what a command was told to write to a file, unless that would cost a recorded run one of its own."""

from pathlib import Path

from foundry_bench.session.atomic import write_atomically
from foundry_bench.session.judge_log import JUDGE_FILE
from foundry_bench.session.ratings import RATINGS_FILE
from foundry_bench.session.store import RUN_FILE, SAMPLES_FILE
from foundry_bench.values.errors import InputError

_RUNS_OWN = (RUN_FILE, SAMPLES_FILE, RATINGS_FILE, JUDGE_FILE)


def write_output(file: Path, content: bytes, option: str) -> None:
    """Write a file that the user named with ``option``, whole or not at all.

    Raises:
        InputError: it belongs to a recorded run, or can't be written.
    """
    place = file.resolve()
    if place.name in _RUNS_OWN and (place.parent / RUN_FILE).is_file():
        raise InputError(f"{file} belongs to the recorded run {place.parent.name}; choose another file with {option}")
    try:
        write_atomically(file, content)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}; choose another file with {option}") from error
