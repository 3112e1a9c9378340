"""The file ``ratings.json`` of a run: scores by hand, judge and check, votes; replaced whole and never lost."""

import contextlib
import getpass
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from foundry_bench.session.atomic import remove_drafts, replace_atomically
from foundry_bench.session.file_lock import lock
from foundry_bench.session.json_text import json_bytes
from foundry_bench.values.errors import InputError
from foundry_bench.values.ratings import RATINGS_SCHEMA, Rating, Ratings
from foundry_bench.values.votes import Vote
from foundry_bench.worker.bounded import read_bounded

RATINGS_FILE = "ratings.json"
_LOCK_FILE = "ratings.lock"
_OTHERS_S = 5.0  # others hold it for milliseconds

Kind = Literal["hand", "judge", "check"]


def load_ratings(path: Path) -> Ratings:
    """The ratings of the run in the folder ``path``; none where there is no file yet.

    Raises:
        InputError: the file is damaged or of another schema.
    """
    try:
        return msgspec.convert(_document(path), Ratings)
    except msgspec.ValidationError as error:
        raise InputError(f"{path / RATINGS_FILE}: {error}; mend it, or move it away") from error


def save_rating(path: Path, rating: Rating) -> None:
    """Record a rating by hand in place of the same rater's earlier one of the same answer; on disk when this returns.

    Raises:
        InputError: the file is damaged: it is left as it is.
        OSError: it can't be written; the old one is as it was.
    """
    save_ratings(path, [rating], "hand")


def save_ratings(path: Path, ratings: Sequence[Rating], kind: Kind) -> int:
    """The same for many at once, all or none; those that say what is recorded already change nothing.

    Returns:
        How many were new or other than before.

    Raises:
        InputError: the file is damaged: it is left as it is.
        OSError: it can't be written; the old one is as it was.
    """
    said = {_key(one): (one.score, one.note) for one in getattr(load_ratings(path), kind)}
    fresh = [one for one in ratings if said.get(_key(one)) != (one.score, one.note)]
    _change(path, kind, fresh, [msgspec.to_builtins(one) for one in fresh])
    return len(fresh)


def remove_rating(path: Path, rating: Rating) -> None:
    """Take back a rating by hand.

    Raises:
        InputError: the file is damaged: it is left as it is.
        OSError: it can't be written; the old one is as it was.
    """
    _change(path, "hand", [rating], [])


def save_vote(path: Path, vote: Vote) -> None:
    """Record a vote in place of an earlier one by the same rater on the same two answers, as ``save_rating`` does.

    Raises:
        InputError: the file is damaged: it is left as it is.
        OSError: it can't be written; the old one is as it was.
    """
    _change(path, "votes", [vote], [msgspec.to_builtins(vote)])


def remove_vote(path: Path, vote: Vote) -> None:
    """Take back a vote.

    Raises:
        InputError: the file is damaged: it is left as it is.
        OSError: it can't be written; the old one is as it was.
    """
    _change(path, "votes", [vote], [])


def rater_name() -> str:
    """Who rates: the name of the user of this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user, or Windows without the variables
        return "unknown"


def _change(
    path: Path, kind: Kind | Literal["votes"], old: Sequence[Rating] | Sequence[Vote], new: Sequence[dict[str, Any]]
) -> None:
    """Read again what another process may have added, put ``new`` in place of ``old``, write; unknown keys stay."""
    if not old:
        return
    gone = set(map(_key, old))
    form: type[Rating | Vote] = Vote if kind == "votes" else Rating
    with _alone(path):
        load_ratings(path)
        document = _document(path)
        kept = [entry for entry in document.get(kind, []) if _key(msgspec.convert(entry, form)) not in gone]
        document[kind] = [*kept, *new]
        replace_atomically(path / RATINGS_FILE, json_bytes(document))


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep others from the ratings between reading and writing; ``ratings.json`` itself is replaced all the time.

    Raises:
        OSError: another doesn't let go of them, or nothing can be written there.
    """
    file = path / _LOCK_FILE
    if file.is_symlink():
        file.unlink()  # which may lead anywhere
    with file.open("ab") as held:
        lock(held, _OTHERS_S)
        remove_drafts(path / RATINGS_FILE)
        yield


def _key(said: Rating | Vote) -> tuple[object, ...]:
    """Whose word on what it is: a later one replaces it."""
    return said.subject, said.facet if isinstance(said, Rating) else None, said.by


def _document(path: Path) -> dict[str, Any]:
    file = path / RATINGS_FILE
    try:
        document = msgspec.json.decode(read_bounded(file))
    except FileNotFoundError:
        return {"schema": RATINGS_SCHEMA, "run": path.name, "hand": [], "judge": []}
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; a run keeps its ratings there") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: {error}; mend it, or move it away") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != RATINGS_SCHEMA:
        raise InputError(f"{file}: schema is {schema!r}, expected {RATINGS_SCHEMA!r}; update foundry-bench")
    return dict(document)
