"""A run on disk: ``samples.jsonl``, which grows, and ``run.json``, which is replaced whole."""

import secrets
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import msgspec

from foundry_bench.session.atomic import remove_drafts, replace_atomically
from foundry_bench.session.file_names import slug
from foundry_bench.session.json_text import json_bytes, without_noise
from foundry_bench.session.line_log import LineLog
from foundry_bench.session.samples import SampleFile
from foundry_bench.values.calibration import Calibration
from foundry_bench.values.errors import InputError
from foundry_bench.values.fleet import HostRecord, model_names
from foundry_bench.values.plan import Order, Plan
from foundry_bench.values.record import Sample
from foundry_bench.values.result import RUN_SCHEMA, ModelResult, RunRecord, RunStatus
from foundry_bench.worker.bounded import read_bounded
from foundry_bench.worker.processes import is_alive, this_process

RUN_FILE = "run.json"
SAMPLES_FILE = "samples.jsonl"
LOGS = "logs"

_ID_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"

_records = msgspec.json.Decoder(RunRecord)


class Run:
    """A run that is being recorded. ``record`` is what ``run.json`` says, or will say after the next write."""

    def __init__(self, path: Path, record: RunRecord, log: LineLog) -> None:
        self.path = path
        self.record = replace(record, status="running", environment={**record.environment, "process": this_process()})
        self._log = log
        try:
            self.write_run_json()
        except OSError:
            self._log.close()
            raise

    @classmethod
    def create(
        cls,
        out: Path,
        plan: Plan,
        environment: Mapping[str, Any],
        *,
        created: datetime | None = None,
        run_id: str | None = None,
        hosts: Sequence[HostRecord] = (),
    ) -> Self:
        """Make the folder of a new run.

        Args:
            out: the folder of all runs; made where it is missing.
            plan: what will be measured.
            environment: the machine, as plain JSON.
            created: now, where it is not given.
            run_id: name of the run's folder; ``new_run_id`` where it is not given.
            hosts: the machines of a fleet that it is measured on.

        Raises:
            InputError: the folder can't be made.
        """
        created = (created or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        run_id = run_id or new_run_id(created, plan.models)
        path = out / run_id
        about = RunRecord(id=run_id, created=created, status="running", plan=plan, environment=environment)
        record = replace(about, hosts=tuple(hosts))
        try:
            path.mkdir(parents=True)
            try:
                return cls(path, record, LineLog(path / SAMPLES_FILE))
            except OSError:
                shutil.rmtree(path, ignore_errors=True)
                raise
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}; choose another folder with --out") from error

    @classmethod
    def resume(cls, path: Path) -> Self:
        """Go on recording the run in the folder ``path``, by its own plan.

        Raises:
            InputError: there is no readable run, its samples are gone or damaged, its files are links, or another
                process is recording it. Nothing of it is changed then, but for a torn last line.
        """
        record = load(path)
        busy = f"{path}: another process is recording this run; see it with: foundry-bench attach {record.id}"
        if record.status == "running" and is_alive(record.environment.get("process")):
            raise InputError(busy)
        for folder in (path / LOGS, *(path / LOGS).glob("*")):
            if folder.is_symlink():
                raise InputError(f"{folder}: it is a link to another place; remove it")
        if not (path / SAMPLES_FILE).exists():
            raise InputError(f"{path / SAMPLES_FILE} is missing; restore it, or begin a new run without --resume")
        try:
            log = LineLog(path / SAMPLES_FILE)
        except BlockingIOError as error:  # it began since it was looked at
            raise InputError(busy) from error
        try:
            _see_that_samples_are_whole(load(path), read_samples(path))
        except InputError:
            log.close()
            raise
        remove_drafts(path / RUN_FILE)
        return cls(path, load(path), log)

    def append(self, sample: Sample) -> None:
        """Record a finished request; it is on disk when this returns.

        Raises:
            OSError: for instance where the disk is full; no part of the sample stays in the file.
        """
        self._log.append(sample)

    def samples(self) -> SampleFile:
        """The samples recorded so far."""
        return read_samples(self.path)

    def finished_models(self) -> set[str]:
        """Names of the models that need no more measuring."""
        return {model.name for model in self.record.models if model.status == "ok"}

    def add_model(self, result: ModelResult) -> None:
        """Record a model's result, in place of an earlier one of the same name.

        Raises:
            OSError: ``run.json`` can't be written; the old one is as it was.
        """
        models = {model.name: model for model in self.record.models} | {result.name: result}
        places = {name: place for place, name in enumerate(model_names(self.record.plan, self.record.hosts))}
        found = (
            sorted(models.values(), key=lambda model: places.get(model.name, -1))
            if self.record.hosts
            else models.values()
        )
        self._change(models=tuple(found))

    def set_calibration(self, found: Calibration) -> None:
        """Record this machine's timing error.

        Raises:
            OSError: ``run.json`` can't be written; the old one is as it was.
        """
        self._change(calibration=found)

    def set_host(self, host: HostRecord) -> None:
        """Record what is known of a host, in place of what was known of the one of that name.

        Raises:
            OSError: ``run.json`` can't be written; the old one is as it was.
        """
        hosts = {one.name: one for one in self.record.hosts} | {host.name: host}
        self._change(hosts=tuple(hosts.values()))

    def set_order(self, order: Order, notes: Sequence[str]) -> None:
        """Record how the models are measured, and what there is to say of it.

        Raises:
            OSError: ``run.json`` can't be written; the old one is as it was.
        """
        self._change(order=order, notes=tuple(notes))

    def write_run_json(self) -> None:
        """Replace ``run.json`` by ``record``, atomically.

        Raises:
            OSError: it can't be written; the old one is as it was.
        """
        replace_atomically(self.path / RUN_FILE, json_bytes(without_noise(msgspec.to_builtins(self.record))))

    def close(self, status: RunStatus) -> None:
        """Record how the run ended, and stop recording.

        Raises:
            OSError: ``run.json`` can't be written.
        """
        self._log.close()
        self._change(status=status)

    def _change(self, **changes: Any) -> None:
        self.record = replace(self.record, **changes)
        self.write_run_json()

    def log_path(self, model: str) -> Path:
        """Where the worker of a model writes its log."""
        return self.path / LOGS / f"{slug(model)}.log"


def _see_that_samples_are_whole(record: RunRecord, samples: Iterable[Sample]) -> None:
    """See, before anything of the run is changed, that its samples are whole.

    Raises:
        InputError: a line can't be read, or there are none of what was measured.
    """
    held = sum(1 for _ in samples)  # all are read
    measured = [model.name for model in record.models if model.status == "ok"]
    if measured and not held:
        raise InputError(f"{SAMPLES_FILE} of {record.id} is empty, though {measured[0]} was measured; restore it")


def read_samples(path: Path) -> SampleFile:
    """The samples of the run in the folder ``path``."""
    return SampleFile(path / SAMPLES_FILE)


def load(path: Path) -> RunRecord:
    """The ``run.json`` of the run in the folder ``path``.

    Raises:
        InputError: it is missing, damaged, or of another schema.
    """
    file = path / RUN_FILE
    try:
        record = _records.decode(read_bounded(file))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; a run keeps its results there: restore it") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file}: {error}; restore it, or measure again") from error
    if record.schema != RUN_SCHEMA:
        raise InputError(f"{file}: schema is {record.schema!r}, expected {RUN_SCHEMA!r}; update foundry-bench")
    return replace(record, created=with_zone(record.created))


def with_zone(created: datetime) -> datetime:
    """A date without a zone, as only hands write it, is taken for UTC."""
    return created if created.tzinfo else created.replace(tzinfo=UTC)


def new_run_id(created: datetime, models: Sequence[str]) -> str:
    """A name for a run such as ``20261122-141530-smollm2-135m-x7``: sorts by time (UTC), legal on every system.

    The two random characters at its end tell apart runs that begin in the same second.
    """
    more = f"-and-{len(models) - 1}" if len(models) > 1 else ""
    tail = "".join(secrets.choice(_ID_ALPHABET) for _ in range(2))
    return f"{created.astimezone(UTC):%Y%m%d-%H%M%S}-{slug(models[0] if models else '')}{more}-{tail}"
