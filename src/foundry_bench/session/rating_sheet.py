"""Rating sheets: the answers of a run as a table to fill in elsewhere, without the names of the models."""

import csv
import io
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from foundry_bench.session.comma_separated import inert
from foundry_bench.session.documents import parse_json, read_text
from foundry_bench.session.json_text import json_bytes
from foundry_bench.session.refusals import instance, place, shown
from foundry_bench.session.store import load, read_samples
from foundry_bench.values.errors import InputError
from foundry_bench.values.facets import asked
from foundry_bench.values.format import one_line, printable
from foundry_bench.values.plan import Prompt
from foundry_bench.values.ratings import SCORES, Answer, Rating, first_answers

SHEET_SCHEMA = "foundry-bench/rating-sheet/1"
COLUMNS = ("code", "prompt_id", "facet", "question", "prompt", "answer", "score", "note")
SCALE = ", ".join(f"{score} {word}" for score, word in SCORES.items())

# Letters alone: a spreadsheet would make a number of 12345678 or 1e234567.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is to be rated in a run: its prompts, and by their codes the answers that each code stands for.

    A code stands for a text, so that equal answers of several models are rated once.
    """

    run: str
    prompts: Mapping[str, Prompt]
    answers: Mapping[str, tuple[Answer, ...]]


def sheet_of(path: Path) -> Sheet:
    """The sheet of the run in the folder ``path``: the first answer of each model to each prompt.

    Raises:
        InputError: the run can't be read, or holds no answers.
    """
    record = load(path)
    found: dict[str, tuple[Answer, ...]] = {}
    for answer in first_answers(read_samples(path)):
        code = _code(record.id, answer)
        found[code] = (*found.get(code, ()), answer)
    if not found:
        raise InputError(f"{path.name} holds no answers; choose another run ('foundry-bench history' lists them)")
    return Sheet(run=record.id, prompts={prompt.id: prompt for prompt in record.plan.prompts}, answers=found)


def as_sheet(sheet: Sheet, ending: str, seed: int = 0) -> bytes:
    """The content of a file to fill in, ``csv`` or ``json``: a row an answer and facet, in an order shuffled by a seed.

    The CSV is in UTF-8 with a byte order mark, without which Excel takes it for another encoding.
    """
    codes = sorted(sheet.answers)
    random.Random(seed).shuffle(codes)  # noqa: S311 - an order to show things in, not a secret
    rows = [row for code in codes for row in _rows(sheet, code)]
    if ending == "json":
        document = {"schema": SHEET_SCHEMA, "run": sheet.run, "scale": SCALE, "rows": rows}
        return json_bytes(document)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([inert(str(row[name] or "")) for name in COLUMNS] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def read_sheet(file: Path, sheet: Sheet, rater: str) -> tuple[Rating, ...]:
    """The ratings of a filled-in sheet; rows without a score are none.

    Raises:
        InputError: for the first row that can't be used; it says which.
    """
    now = datetime.now(UTC)
    found: list[Rating] = []
    seen: dict[tuple[str, str], int] = {}
    with place(file):
        for number, row in _read(file):
            with place(f"row {number}"):
                code, facet = (str(row.get(name) or "").strip() for name in ("code", "facet"))
                score = _score(row.get("score"))
                answers, facet = _rated(sheet, code, facet)
                if (code, facet) in seen:
                    raise InputError(f"rates {code} {shown(facet)} again, as row {seen[code, facet]}; remove one")
                seen[code, facet] = number
            if score is not None:
                note = one_line(str(row.get("note") or ""))
                found += [answer.rated(score, rater, now, note=note, facet=facet) for answer in answers]
        if not found:
            raise InputError(f"no row has a score; write {SCALE} into the column 'score'")
    return tuple(found)


def refuse_filled(file: Path) -> None:
    """See that a sheet may be written to ``file``: that no scores are lost by it.

    Raises:
        InputError: there is a sheet with scores, or something that is no sheet.
    """
    if not file.is_file() or not file.stat().st_size:
        return
    try:
        filled = any(str(row.get("score") or "").strip() for _, row in _read(file))
    except InputError as error:
        raise InputError(f"{file} is there already, and no sheet ({error}); choose another name") from None
    if filled:
        raise InputError(
            f"{file} is there already, and scores in it would be lost; import it first, or choose another name"
        )


def _rows(sheet: Sheet, code: str) -> Iterator[dict[str, Any]]:
    answer = sheet.answers[code][0]
    prompt = sheet.prompts.get(answer.prompt_id)
    for facet in asked(prompt.facets if prompt else ()):
        yield {
            "code": code,
            "prompt_id": one_line(answer.prompt_id),
            "facet": facet.name,
            "question": one_line(facet.ask),
            "prompt": printable(prompt.prompt) if prompt else "",
            "answer": printable(answer.text),
            "score": None,
            "note": "",
        }


def _read(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rows of a file, numbered as a spreadsheet does: the heading is row 1."""
    text = read_text(file)
    if file.suffix.lower() == ".json":
        document = instance(parse_json(text), dict, "the file", "a rating sheet as --export writes it")
        rows = instance(document.get("rows"), list, "rows", "a list, as --export writes it")
        for number, row in enumerate(rows, 1):
            yield number, instance(row, dict, f"row {number}", "an object")
        return
    heading = text.partition("\n")[0]
    # Spreadsheets of many countries write semicolons.
    delimiter = max(",;\t", key=heading.count)
    csv.field_size_limit(1 << 30)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in ("code", "facet", "score") if name not in names]
        if missing:
            raise InputError(f"has no column {missing[0]!r}; keep the heading that --export wrote")
        for number, cells in enumerate(reader, 2):
            if any(cell.strip() for cell in cells):
                yield number, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise InputError(f"line {reader.line_num}: not valid CSV: {error}") from None


def _rated(sheet: Sheet, code: str, facet: str) -> tuple[tuple[Answer, ...], str]:
    """The answers that a code stands for, and the facet's name as the plan has it."""
    answers = sheet.answers.get(code)
    if answers is None:
        raise InputError(f"code {shown(code)} is no answer of run {sheet.run}; is the sheet of another run?")
    prompt = sheet.prompts.get(answers[0].prompt_id)
    names = [one.name for one in asked(prompt.facets if prompt else ())]
    found = [name for name in names if facet in {name, inert(name)}]
    if not found:
        raise InputError(f"facet {shown(facet)} is none of its prompt; known are {', '.join(names)}")
    return answers, found[0]


def _score(value: object) -> int | None:
    """A score as a cell or a JSON value has it; None where it is empty."""
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if text not in {str(score) for score in SCORES}:
        raise InputError(f"score must be a whole number from 1 to 5, or empty, not {shown(text)}")
    return int(text)


def _code(run: str, answer: Answer) -> str:
    """Eight letters that tell nothing of the model and are the same at every export."""
    digest = sha256(f"{run}\n{answer.prompt_id}\n{answer.text}".encode("utf-8", "surrogatepass")).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:8])
